"""The tool belt: importing this module registers every instrument in `registry.TOOLS`."""

from . import (
    activations,
    edit_text,
    show_exemplars,
    survey,
)
from .registry import TOOLS

__all__ = ["TOOLS", "activations", "edit_text", "show_exemplars", "survey"]
