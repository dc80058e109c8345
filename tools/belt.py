"""The tool belt: importing this module registers every instrument in `registry.TOOLS`."""

from . import (
    ablate,
    activations,
    edit_text,
    output_effect,
    patch,
    separate,
    show_exemplars,
    survey,
    test_hypotheses,
    write_texts,
)
from .registry import TOOLS

__all__ = [
    "TOOLS",
    "ablate",
    "activations",
    "edit_text",
    "output_effect",
    "patch",
    "separate",
    "show_exemplars",
    "survey",
    "test_hypotheses",
    "write_texts",
]
