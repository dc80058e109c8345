"""Registers every instrument on pictures."""

from . import ablate_pictures as ablate
from . import check_on_pictures as check_on
from . import compare_units_pictures as compare_units
from . import describe_image as looking
from . import draw, edit_image, occlude, visualise
from . import exemplars_pictures as exemplars
from . import find_units_pictures as find_units
from . import fitting_phrases as phrases
from . import patch_pictures as patch
from . import separate_pictures as separate
from . import survey_pictures as survey
from . import test_hypotheses_pictures as test_hypotheses
from . import unit_effect_pictures as unit_effect

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
