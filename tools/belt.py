"""The tool belt: importing this module registers every instrument in `registry.TOOLS`."""

from . import (
    ablate,
    activations,
    attribute,
    edit_text,
    intervene,
    logit_lens,
    output_effect,
    patch,
    separate,
    show_exemplars,
    survey,
    test_hypotheses,
    unit_effect,
    write_texts,
)
from .registry import TOOLS

_ORDER = (
    *("survey", "exemplars", "activations", "edit_text", "write_texts"),
    *("test_hypotheses", "separate", "ablate", "patch", "output_effect", "unit_effect"),
    *("intervene", "attribute", "lens"),
)
for _name in _ORDER:  # as a planner meets them: observe, try, tell apart, interfere
    TOOLS[_name] = TOOLS.pop(_name)

__all__ = [
    "TOOLS",
    "ablate",
    "activations",
    "attribute",
    "edit_text",
    "intervene",
    "logit_lens",
    "output_effect",
    "patch",
    "separate",
    "show_exemplars",
    "survey",
    "test_hypotheses",
    "unit_effect",
    "write_texts",
]
