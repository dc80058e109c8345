"""Bootstrap over documents: tokens of one document hang together, so documents are resampled.

Most statistics here are functions of sums over tokens. The sums are taken once per document; a
resample is then a weighted sum of rows, and a thousand resamples one matrix product. Average
precision needs the order of the tokens: they are sorted once, and counted by document.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

RESAMPLES = 1000
_CELLS = 2**22
"""Steps times resamples of an average precision that are held at once."""


class Interval(NamedTuple):
    """A value with its 95% interval."""

    value: float
    low: float
    high: float

    def as_dict(self, **more: float) -> dict[str, float]:
        """For records."""
        return {"value": self.value, "low": self.low, "high": self.high, **more}


class Resampler:
    """Draws the same resamples of documents for every statistic, so that differences are paired."""

    def __init__(self, documents: np.ndarray, *, seed: int = 0) -> None:
        different, self.where = np.unique(documents, return_inverse=True)
        self.count = len(different)
        rng = np.random.default_rng(seed)
        share = np.full(self.count, 1 / max(self.count, 1))
        draws = rng.multinomial(self.count, share, size=RESAMPLES)  # [resample, document]
        self.weights = np.vstack([np.ones(self.count), draws])

    def sums(self, *columns: np.ndarray) -> np.ndarray:
        """Sums of token columns: `[1 + resample, column]`, the plain data first."""
        per_document = np.stack(
            [np.bincount(self.where, column, self.count) for column in columns], axis=1
        )
        return self.weights @ per_document

    def interval(
        self, statistic: Callable[[np.ndarray], np.ndarray], *columns: np.ndarray
    ) -> Interval:
        """A statistic of the sums `[1 + resample, column]`, one value a row, with its interval."""
        return interval(statistic(self.sums(*columns)))


def interval(values: np.ndarray) -> Interval:
    """Point value (first entry) and the 2.5th and 97.5th percentile of the rest."""
    rest = values[1:][np.isfinite(values[1:])]
    low, high = np.percentile(rest, [2.5, 97.5]) if rest.size else (np.nan, np.nan)
    return Interval(float(values[0]), float(low), float(high))


def correlations(resampler: Resampler, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson correlation on the data and on each resample, `[1 + resample]`; 0 for a constant."""
    sums = resampler.sums(np.ones_like(x), x, y, x * x, y * y, x * y)
    n, sx, sy, sxx, syy, sxy = sums.T
    covariance = sxy - sx * sy / n
    spread = np.sqrt(np.maximum(sxx - sx**2 / n, 0) * np.maximum(syy - sy**2 / n, 0))
    return np.where(spread > 1e-12 * np.maximum(n, 1), covariance / np.maximum(spread, 1e-30), 0.0)


def average_precisions(resampler: Resampler, positive: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Average precision on the data and on each resample, `[1 + resample]`.

    Exact, with tokens of equal score as one step, as in scikit-learn. Only a step that holds an
    active token adds to the sum, so the silent tokens above it are counted with it; the counts
    are one sparse matrix `[step, document]`, weighted for all resamples at once.
    """
    from scipy.sparse import coo_array

    if not positive.any():
        return np.zeros(1 + RESAMPLES)
    order, steps = -score, np.unique(-score[positive])  # highest score first
    step = np.searchsorted(steps, order)  # of a silent token: the first step at or below it
    size = (len(steps), resampler.count)

    def counts(chosen: np.ndarray) -> Any:
        """How many of these tokens are at each step, sparse `[step, document]`."""
        places = (step[chosen], resampler.where[chosen])
        return coo_array((np.ones(len(places[0])), places), size).tocsr()

    active, silent = counts(positive), counts(~positive & (step < len(steps)))
    found = []
    width = max(1, _CELLS // len(steps))
    for at in range(0, len(resampler.weights), width):
        weights = resampler.weights[at : at + width].T  # [document, resample]
        gained = active @ weights  # [step, resample]
        hits = np.cumsum(gained, axis=0)
        precision = hits / np.maximum(hits + np.cumsum(silent @ weights, axis=0), 1e-12)
        found.append((precision * gained).sum(0) / np.maximum(hits[-1], 1e-12))
    return np.concatenate(found)


class Median(NamedTuple):
    """A median over units with its 95% bootstrap interval."""

    value: float | None
    low: float | None
    high: float | None
    """None for fewer than three units: resampling one or two says nothing."""
    n: int


def median(values: Iterable[float | None], *, seed: int = 0) -> Median:
    """The median of the values that are there, resampled over units."""
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if not known.size:
        return Median(None, None, None, 0)
    if known.size < 3:
        return Median(float(np.median(known)), None, None, int(known.size))
    draws = np.random.default_rng(seed).choice(known, (RESAMPLES, known.size))
    low, high = np.percentile(np.median(draws, axis=1), [2.5, 97.5])
    return Median(float(np.median(known)), float(low), float(high), int(known.size))
