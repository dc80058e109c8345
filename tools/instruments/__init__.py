"""The tool belt: importing this package registers every instrument in `registry.TOOLS`."""

# ruff: noqa: F401

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
    describe_image,
    draw,
    edit_image,
    edit_text,
    exemplars,
    find_units,
    fit,
    fitting_phrases,
    frequencies,
    intervene,
    lens,
    means,
    occlude,
    outputs,
    patch,
    places,
    program,
    residual,
    scan,
    search_index,
    separate,
    survey,
    survey_sites,
    sweep_units,
    test_hypotheses,
    unit_effect,
    visualise,
    write_texts,
)

_ORDER = (
    *("survey", "exemplars", "activations", "scan", "edit_text", "write_texts"),
    *("places", "means", "test_hypotheses", "fit", "residual", "contrast", "separate"),
    "frequencies",
    *("ablate", "patch", "unit_effect", "output_effect"),
    *("intervene", "attribute", "sweep_units", "lens", "attention"),
    *("find_units", "survey_sites", "search_index", "compare_units", "alike_units", "check_on"),
    *("draw", "edit_image", "occlude", "visualise", "ablate_pictures", "patch_pictures"),
    *("fitting_phrases", "describe_image", "what_is_common"),
    *("outputs", "program"),
)
for _name in _ORDER:  # as a planner meets them: observe, try, tell apart, interfere
    TOOLS[_name] = TOOLS.pop(_name)
