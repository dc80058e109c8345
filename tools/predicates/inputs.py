"""A predicate of rows of numbers: a weighted sum of coordinates that is above a value, or rises."""

from functools import cached_property
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from .core import Tailed
from .view import View

Weight = Annotated[float, Field(allow_inf_nan=False)]
_MOST = 64
_TOLD = 4
"""Coordinates that are named; the weightiest."""


class Coordinates(Tailed, frozen=True):
    """Rows of numbers whose weighted sum of coordinates (`{"3": 1}` is x[3]) is above a value; with
    `full`, from 0 there to 1 at that value.
    """

    kind: Literal["coordinates"] = "coordinates"
    thing: ClassVar[str] = "row"
    weights: dict[int, Weight] = Field(min_length=1, max_length=_MOST)
    above: Weight = 0.0
    full: Weight | None = None

    @field_validator("weights")
    @classmethod
    def _some(cls, weights: dict[int, float]) -> dict[int, float]:
        if min(weights) < 0 or not any(weights.values()):
            raise ValueError("coordinates are counted from 0, and some weight must not be 0")
        return weights

    @model_validator(mode="after")
    def _rising(self) -> "Coordinates":
        if self.full is not None and self.full <= self.above:
            raise ValueError(f"full ({self.full}) must be greater than above ({self.above})")
        return self

    def values(self, view: View) -> np.ndarray:
        numbers = view.windows.numbers
        if numbers is None or max(self.weights) >= numbers.shape[1]:
            return np.zeros(view.shape, np.float32)
        total = numbers[:, list(self.weights)] @ np.array(list(self.weights.values()), np.float64)
        if self.full is None:
            held = total > self.above
        else:
            held = np.clip((total - self.above) / (self.full - self.above), 0, 1)
        return held.astype(np.float32)[:, None]

    def tail(self) -> str:
        only = list(self.weights.items())
        if len(only) == 1 and self.full is None and abs(only[0][1]) == 1:
            ((at, sign),) = only
            return f"where x[{at}] is {'above' if sign > 0 else 'below'} {sign * self.above:.3g}"
        bound = f"where {self.total()} is above {self.above:.3g}"
        return bound if self.full is None else f"{bound}, the more up to {self.full:.3g}"

    def total(self, told: int = _TOLD) -> str:
        """The sum in words, with so many coordinates: `x[3] - 0.6 x[1]`."""
        by_size = sorted(self.weights.items(), key=lambda item: -abs(item[1]))
        out = ""
        for at, weight in by_size[:told]:
            size = "" if abs(weight) == 1 else f"{abs(weight):.2g} "
            sign = "-" if weight < 0 else "+" if out else ""
            out += f" {sign} {size}x[{at}]" if out else f"{sign}{size}x[{at}]"
        more = len(by_size) - told
        return f"{out} and {more} more" if more > 0 else out

    @cached_property
    def complexity(self) -> float:
        return 0.5 + 0.5 * len(self.weights)
