"""What token identity and predictors explain of a unit over explore, out of fold.

Every second document is one half. A shrunk table of tokens and weights of the predictors
(`statistics/mixed_model`) are learnt on one half and read on the other, both ways, so that no
document explains itself.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import UsageError
from ..lab import Lab
from ..models import Unit
from ..statistics.bootstrap import Interval, Resampler, interval, of_variance
from ..statistics.mixed_model import Crossed, crossed_model
from ..statistics.permutation import rotated
from .records import Flat, flat


@dataclass(frozen=True)
class Explained:
    """A unit over explore, with predictors; every array is `[place]` unless it says otherwise."""

    data: Flat
    values: np.ndarray
    """float64."""
    token: np.ndarray
    document: np.ndarray
    """Numbered from 0."""
    columns: np.ndarray
    """float64 `[predictor, place]` in 0..1."""

    @classmethod
    def of(cls, lab: Lab, unit: Unit, degrees: np.ndarray) -> "Explained":
        """Measures the unit.

        Args:
            lab: Over texts.
            unit: The unit.
            degrees: The predictors, `[predictor, window, place]`.

        Raises:
            UsageError: if explore has one document, or the unit does not vary.
        """
        data = flat(lab, unit)
        document = np.unique(lab.explore.document[data.window], return_inverse=True)[1]
        if document.max(initial=0) < 1:
            raise UsageError("explore has one document: two halves need two; use more text")
        values = data.values.astype(np.float64)
        if values.std() < 1e-9:
            raise UsageError(f"{unit} does not vary over explore: there is nothing to explain")
        token = lab.explore.ids[data.window, data.place].astype(np.int64)
        columns = degrees[:, data.window, data.place].astype(np.float64)
        return cls(data, values, token, document, columns)

    @property
    def half(self) -> np.ndarray:
        """bool: of every second document."""
        return self.document % 2 == 1

    @cached_property
    def resampler(self) -> Resampler:
        """Draws documents."""
        return Resampler(self.document)

    @cached_property
    def whole(self) -> Crossed:
        """Table and predictors together."""
        return self.model(self.columns)

    def model(self, columns: np.ndarray, *, table: bool = True) -> Crossed:
        """Other columns `[column, place]`, with the table of tokens or one level in its place."""
        groups = self.token if table else np.zeros_like(self.token)
        return crossed_model(groups, columns, self.values, self.half)

    def r_squared(self, predicted: np.ndarray) -> Interval:
        """Share of variance explained; negative where worse than the mean."""
        error = np.square(self.values - predicted)
        return interval(1 - of_variance(self.resampler, error, self.values))

    def gain(self, i: int) -> Interval:
        """R² of everything less that without predictor `i`, weights and table fitted anew."""
        less = np.square(self.values - self._without(i).total)
        error = np.square(self.values - self.whole.total)
        return interval(of_variance(self.resampler, less - error, self.values))

    def turned_gains(self, i: int, n: int, rng: np.random.Generator) -> list[float]:
        """The gains of predictor `i` with its values at other places of the same tokens.

        What it says of tokens stays, what it says of contexts goes.
        """
        less = np.square(self.values - self._without(i).total).sum()
        spread = np.square(self.values - self.values.mean()).sum()
        out = []
        for _ in range(n):
            columns = self.columns.copy()
            columns[i] = columns[i][rotated(self.token, rng)]
            error = np.square(self.values - self.model(columns).total).sum()
            out.append(float((less - error) / spread))
        return out

    def _without(self, i: int) -> Crossed:
        return self.model(np.delete(self.columns, i, axis=0))
