"""Registers every instrument on pictures."""

from . import draw, exemplars, survey, test_hypotheses

__all__ = ["draw", "exemplars", "survey", "test_hypotheses"]
