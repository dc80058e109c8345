"""Registers every instrument on pictures."""

from . import (
    ablate,
    check_on,
    compare_units,
    draw,
    edit_image,
    exemplars,
    find_units,
    looking,
    occlude,
    patch,
    phrases,
    separate,
    survey,
    test_hypotheses,
    unit_effect,
    visualise,
)

__all__ = [
    "ablate",
    "check_on",
    "compare_units",
    "draw",
    "edit_image",
    "exemplars",
    "find_units",
    "looking",
    "occlude",
    "patch",
    "phrases",
    "separate",
    "survey",
    "test_hypotheses",
    "unit_effect",
    "visualise",
]
