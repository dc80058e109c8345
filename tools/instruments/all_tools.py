"""The tool belt: importing this module registers every instrument in `registry.TOOLS`."""

from ..registry import TOOLS
from . import (
    ablate,
    activations,
    alike_units,
    attention,
    attribute,
    check_on,
    compare_units,
    contrast,
    edit_text,
    find_units,
    intervene,
    output_effect,
    patch,
    scan,
    search_index,
    separate,
    survey,
    survey_sites,
    sweep_units,
    test_hypotheses,
    unit_effect,
    write_texts,
)
from . import all_picture_tools as _pictures  # noqa: F401
from . import exemplars as show_exemplars
from . import lens as logit_lens

_ORDER = (
    *("survey", "exemplars", "activations", "scan", "edit_text", "write_texts"),
    *("test_hypotheses", "contrast", "separate", "ablate", "patch", "output_effect", "unit_effect"),
    *("intervene", "attribute", "sweep_units", "lens", "attention"),
    *("find_units", "survey_sites", "search_index", "compare_units", "alike_units", "check_on"),
    *("draw", "edit_image", "occlude", "visualise", "ablate_pictures", "patch_pictures"),
    *("fitting_phrases", "describe_image", "what_is_common"),
)
for _name in _ORDER:  # as a planner meets them: observe, try, tell apart, interfere
    TOOLS[_name] = TOOLS.pop(_name)

__all__ = [
    "TOOLS",
    "ablate",
    "activations",
    "alike_units",
    "attention",
    "attribute",
    "check_on",
    "compare_units",
    "contrast",
    "edit_text",
    "find_units",
    "intervene",
    "logit_lens",
    "output_effect",
    "patch",
    "scan",
    "search_index",
    "separate",
    "show_exemplars",
    "survey",
    "survey_sites",
    "sweep_units",
    "test_hypotheses",
    "unit_effect",
    "write_texts",
]
