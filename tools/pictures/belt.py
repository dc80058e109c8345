"""Registers every instrument on pictures."""

from . import (
    ablate,
    draw,
    edit_image,
    exemplars,
    find_units,
    looking,
    occlude,
    patch,
    separate,
    survey,
    test_hypotheses,
    unit_effect,
    visualise,
)

__all__ = [
    "ablate",
    "draw",
    "edit_image",
    "exemplars",
    "find_units",
    "looking",
    "occlude",
    "patch",
    "separate",
    "survey",
    "test_hypotheses",
    "unit_effect",
    "visualise",
]
