"""The tool belt: importing this module registers every instrument in `registry.TOOLS`."""

from . import (
    activations,
    edit_text,
    separate,
    show_exemplars,
    survey,
    test_hypotheses,
    write_texts,
)
from .registry import TOOLS

__all__ = [
    "TOOLS",
    "activations",
    "edit_text",
    "separate",
    "show_exemplars",
    "survey",
    "test_hypotheses",
    "write_texts",
]
