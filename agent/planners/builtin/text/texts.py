"""Written texts with what a unit did in them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .....tools.data.windows import TokenWindows
from .....tools.predicates import parse
from .....tools.statistics.association import correlation


class MeasuredTexts(NamedTuple):
    """Texts as they were measured."""

    windows: TokenWindows
    values: np.ndarray
    """`[window, place]`, NaN where not counted."""

    @property
    def known(self) -> np.ndarray:
        """bool `[window, place]`: where the unit was measured."""
        return np.isfinite(self.values)

    def on(self, threshold: float) -> np.ndarray:
        """bool `[window, place]`: where the unit is above a threshold."""
        return np.nan_to_num(self.values) > threshold

    def rows(self, start: int, stop: int) -> "MeasuredTexts":
        """Some of the texts."""
        return MeasuredTexts(self.windows.rows(slice(start, stop)), self.values[start:stop])

    def holds(self, predicate: Mapping[str, Any]) -> np.ndarray:
        """Degrees `[window, place]`."""
        return np.asarray(parse(predicate).evaluate(self.windows), float)

    def correlation(self, predicted: np.ndarray) -> float:
        """Correlation of predicted values `[window, place]` with what was measured."""
        return correlation(predicted[self.known], self.values[self.known])

    def squared(self, predicates: Sequence[Mapping[str, Any]]) -> float:
        """Squared correlation of predicates together; 0 where it points down."""
        return max(self.correlation(np.max([self.holds(p) for p in predicates], axis=0)), 0.0) ** 2

    def alone(self, one: np.ndarray, other: np.ndarray) -> tuple[float, int]:
        """Mean and number of places where one rule holds and the other does not."""
        here = self.known & (one > 0) & (other <= 0)
        return float(self.values[here].mean()) if here.any() else 0.0, int(here.sum())
