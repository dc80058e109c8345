"""Written texts with what a unit did in them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .....tools.data.windows import TokenWindows
from .....tools.predicates import parse
from .....tools.statistics.association import correlation


class Contrast(NamedTuple):
    """Mean and number of places where one of two rules holds and the other does not."""

    rival_mean: float
    n_rival: int
    leader_mean: float
    n_leader: int


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

    def contrast(self, rival: np.ndarray, leader: np.ndarray) -> Contrast:
        """What the unit does where the rival alone holds, and where the leader alone does."""
        alone = self.known & (rival > 0) & (leader <= 0)
        other = self.known & (leader > 0) & (rival <= 0)
        means = [float(self.values[at].mean()) if at.any() else 0.0 for at in (alone, other)]
        return Contrast(means[0], int(alone.sum()), means[1], int(other.sum()))
