"""Registers every instrument on pictures."""

from . import draw, edit_image, exemplars, separate, survey, test_hypotheses

__all__ = ["draw", "edit_image", "exemplars", "separate", "survey", "test_hypotheses"]
