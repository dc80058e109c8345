"""Where a unit counts in an example: everywhere, by its peak, at the first or the last place."""

from dataclasses import replace

import numpy as np

from ..data.image_rows import ImageRows
from ..data.windows import TokenWindows
from ..render.text import number
from ..statistics.association import pearson
from .selectivity import Inputs

_NOTED = 0.2
"""Correlation with the length of texts that is said: above chance for a hundred examples."""


def constant(inputs: Inputs) -> bool:
    """Whether a predictor says the same at all places of a text."""
    high = np.where(inputs.known, inputs.degrees, -np.inf).max(1)
    low = np.where(inputs.known, inputs.degrees, np.inf).min(1)
    return bool((high <= low).all())


def by_example(inputs: Inputs) -> Inputs:
    """A text as one observation: by the highest degree in it, and the peak of a unit."""
    degrees = np.zeros(inputs.degrees.shape, np.float32)
    degrees[:, 0] = np.where(inputs.known, inputs.degrees, 0).max(1)
    return inputs._replace(degrees=degrees, by_row=True, matched=None)


def at_place(inputs: Inputs, place: str) -> Inputs:
    """The same with one observation a text: the peak, or the first or last place."""
    if place == "peak":
        return inputs if inputs.by_row else by_example(inputs)
    rows = inputs.rows
    assert isinstance(rows, TokenWindows)
    there = rows.counted if place == "first" else rows.counted[:, ::-1]
    at = there.argmax(1) if place == "first" else there.shape[1] - 1 - there.argmax(1)
    one = np.zeros(rows.counted.shape, bool)
    one[np.arange(len(rows)), at] = rows.counted.any(1)
    degrees = np.where(one, inputs.degrees[:, :1] if inputs.by_row else inputs.degrees, 0)
    return Inputs(replace(rows, counted=one), degrees.astype(np.float32))


def length_note(inputs: Inputs) -> list[str]:
    """A warning where longer texts are on one side: of more places the peak is higher by itself."""
    if not inputs.by_row or isinstance(inputs.rows, ImageRows):
        return []
    r = pearson(inputs.degrees[:, 0], inputs.rows.counted.sum(1))
    if r is None or abs(r) < _NOTED:
        return []
    return [
        f"it goes with the length of the texts (correlation {number(r)}), and peaks are higher in "
        "longer ones by themselves: compare with place=first or place=last"
    ]
