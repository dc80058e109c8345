"""Compares two units on pictures: do they go together, and what does each see without the other."""

import numpy as np

from ..activations.co_activation import as_data, together
from ..activations.picture_records import of_explore
from ..activations.records import full_scale
from ..evidence import Result
from ..images.recipes import pictures_of
from ..lab import Lab
from ..registry import tool
from ..render.picture_words import caption
from ..render.text import number
from .compare_units import co_text, pair

_PICTURES = 3


@tool(needs=("image", "open"))
def compare_units(lab: Lab, first: str, second: str) -> Result:
    """Compares two units over all pictures of the exploration corpus: how their activations
    correlate, beside pairs of other units of the same sites; where one is active without the
    other; and the pictures that each likes more than the other.

    Args:
        first: A unit, such as conv.3/7.
        second: Another.
    """
    explore, (one, other) = pictures_of(lab), pair(lab, first, second)
    found = together(lab, one, other)
    rows = co_text(one, other, found, "pictures")
    shares = {unit: lab.column(unit)[:, 0] / max(full_scale(lab, unit), 1e-12)
              for unit in (one, other)}  # fmt: skip
    measured = []
    for unit, against in ((one, other), (other, one)):
        at = _alone(shares[unit], shares[against])
        measured += of_explore(lab, unit, at, source=f"more than {against}")
        rows += [
            f"{unit} {number(float(shares[unit][row]))} of its maximum, {against} "
            f"{number(float(shares[against][row]))} (window {row}): {caption(explore, row)}"
            for row in at
        ]
    data = {"first": str(one), "second": str(other), **as_data(found), "measured": measured}
    return Result("\n".join(rows), data)


def _alone(own: np.ndarray, other: np.ndarray) -> list[int]:
    """Pictures that a unit likes most beyond what the other does."""
    gap = np.where(np.isfinite(own) & np.isfinite(other), own - other, -np.inf)
    return [int(at) for at in np.argsort(-gap, kind="stable")[:_PICTURES] if gap[at] > 0]
