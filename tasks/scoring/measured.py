"""What one unit did on the three splits of a corpus."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...tools.data.windows import TokenWindows
from ...tools.statistics.sampling import stratified

SPLITS = ("explore", "validation", "test")


@dataclass(frozen=True)
class Measured:
    """One unit's activations on one split."""

    windows: TokenWindows
    values: np.ndarray
    """float32 `[window, place]`, signed; NaN on places that are not counted, or not sampled."""
    weights: np.ndarray | None = None
    """float64 `[window, place]`: how many places each stands for; None: all are there."""
    reaching: np.ndarray | None = None
    """bool `[window, place]`: from where the unit reaches the output; None: from everywhere."""

    @property
    def counted(self) -> np.ndarray:
        """bool `[window, place]`: what scores look at."""
        known = np.isfinite(self.values)
        return known if self.reaching is None else known & self.reaching

    @property
    def flat(self) -> np.ndarray:
        """The counted activations, float64 `[token]`."""
        return self.values[self.counted].astype(np.float64)

    @property
    def weight(self) -> np.ndarray:
        """How many places each counted token stands for, `[token]`."""
        counted = self.counted
        return np.ones(int(counted.sum())) if self.weights is None else self.weights[counted]

    def sampled(self, threshold: float, n: int, *, seed: int = 0) -> "Measured":
        """A sample of places with their weights: half of them above the threshold, a quarter
        others whose token is above it somewhere, so that places of one token can be compared."""
        places, active, beside = np.argwhere(self.counted), self.flat > threshold, None
        if isinstance(self.windows, TokenWindows):
            beside = np.isin(self.tokens(), self.tokens()[active])
        sample = stratified(active, n, np.random.default_rng(seed), beside=beside)
        chosen = tuple(places[sample.drawn].T)
        values, weights = np.full_like(self.values, np.nan), np.zeros(self.values.shape)
        values[chosen], weights[chosen] = self.values[chosen], sample.weight
        return Measured(self.windows, values, weights)

    @property
    def documents(self) -> np.ndarray:
        """The document of each counted token, `[token]`."""
        return np.broadcast_to(self.windows.document[:, None], self.values.shape)[self.counted]

    def tokens(self) -> np.ndarray:
        """Ids of the counted tokens, `[token]`."""
        return self.windows.ids[self.counted].astype(np.int64)

    def pairs(self) -> np.ndarray:
        """Previous id and id as one key, `[token]`."""
        before = np.roll(self.windows.ids, 1, axis=1).astype(np.int64)
        before[:, 0] = -1
        size = len(self.windows.vocabulary) + 1
        return ((before + 1) * size + self.windows.ids)[self.counted]

    def places(self) -> np.ndarray:
        """Place in the window of each counted token, `[token]`."""
        return np.nonzero(self.counted)[1].astype(np.int64)

    def token_places(self) -> np.ndarray:
        """Token and place, to the nearest power of two, as one key, `[token]`."""
        about = np.log2(self.places() + 1).round().astype(np.int64)
        return about * (len(self.windows.vocabulary) + 1) + self.tokens()


class Splits(NamedTuple):
    """One unit's activations on the three splits."""

    explore: Measured
    validation: Measured
    test: Measured
