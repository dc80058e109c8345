"""Bootstrap intervals: of means over independent values, and of statistics over documents.

Tokens of one document hang together, so documents are resampled. Most statistics are functions of
sums over tokens: the sums are taken once per document, a resample is a weighted sum of rows, and a
thousand resamples are one matrix product (`Resampler`). Average precision needs the order of the
tokens: they are sorted once, and counted by document. Any other statistic is computed anew on each
draw of documents (`clustered`).
"""

from collections.abc import Callable, Iterable, Sequence
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

    def __init__(
        self,
        documents: np.ndarray,
        *,
        seed: int | np.random.Generator = 0,
        resamples: int = RESAMPLES,
        weight: np.ndarray | None = None,
    ) -> None:
        self.weight = np.ones(len(documents)) if weight is None else weight
        """`[token]`: how many tokens each stands for, where they are a sample."""
        different, self.where = np.unique(documents, return_inverse=True)
        self.count = len(different)
        rng = np.random.default_rng(seed)
        share = np.full(self.count, 1 / max(self.count, 1))
        draws = rng.multinomial(self.count, share, size=resamples)  # [resample, document]
        self.weights = np.vstack([np.ones(self.count), draws])

    def sums(self, *columns: np.ndarray) -> np.ndarray:
        """Sums of token columns: `[1 + resample, column]`, the plain data first."""
        per_document = np.stack(
            [np.bincount(self.where, column * self.weight, self.count) for column in columns],
            axis=1,
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


def correlations(
    resampler: Resampler, x: np.ndarray, y: np.ndarray, *, constant: float = 0.0
) -> np.ndarray:
    """Pearson correlation on the data and on each resample, `[1 + resample]`; `constant` where one
    of the two has no variance."""
    sums = resampler.sums(np.ones_like(x), x, y, x * x, y * y, x * y)
    n, sx, sy, sxx, syy, sxy = sums.T
    covariance = sxy - sx * sy / n
    spread = np.sqrt(np.maximum(sxx - sx**2 / n, 0) * np.maximum(syy - sy**2 / n, 0))
    varies = spread > 1e-12 * np.maximum(n, 1)
    return np.where(varies, covariance / np.maximum(spread, 1e-30), constant)


def of_variance(resampler: Resampler, values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The sum of values as a share of the variance of the truth, `[1 + resample]`."""
    n, part, total, squares = resampler.sums(np.ones_like(truth), values, truth, np.square(truth)).T
    return part / np.maximum(squares - total**2 / n, 1e-30)


def average_precisions(resampler: Resampler, positive: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Average precision on the data and on each resample, `[1 + resample]`.

    Exact, with tokens of equal score as one step, as in scikit-learn. Only a step that holds an
    active token adds to the sum, so the silent tokens above it are counted with it; the counts
    are one sparse matrix `[step, document]`, weighted for all resamples at once.
    """
    from scipy.sparse import coo_array

    if not positive.any():
        return np.zeros(len(resampler.weights))
    order, steps = -score, np.unique(-score[positive])  # highest score first
    step = np.searchsorted(steps, order)  # of a silent token: the first step at or below it
    size = (len(steps), resampler.count)

    def counts(chosen: np.ndarray) -> Any:
        """How many of these tokens are at each step, sparse `[step, document]`."""
        places = (step[chosen], resampler.where[chosen])
        return coo_array((resampler.weight[chosen], places), size).tocsr()

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


def mean_interval(
    values: Sequence[float] | np.ndarray,
    *,
    seed: int | np.random.Generator = 0,
    resamples: int = RESAMPLES,
) -> tuple[float, float] | None:
    """95% interval of the mean of independent values; None for fewer than two."""
    known = np.asarray(values, dtype=np.float64)
    if known.size < 2:
        return None
    draws = np.random.default_rng(seed).choice(known, (resamples, known.size)).mean(1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def clustered(
    statistic: Callable[..., float],
    documents: np.ndarray,
    *columns: np.ndarray,
    rng: np.random.Generator,
    resamples: int = 400,
) -> Interval:
    """A statistic of columns `[item]` that is computed anew on each draw of whole documents.

    Args:
        statistic: Takes the columns; NaN for a draw on which it is not defined.
        documents: `[item]`.
        columns: Each `[item]`.
        rng: Of the draws.
        resamples: Draws of documents, with replacement.
    """
    order = np.argsort(documents, kind="stable")
    _, starts = np.unique(documents[order], return_index=True)
    groups = np.split(order, starts[1:])  # items by document
    values = [statistic(*columns)]
    for _ in range(resamples):
        chosen = rng.integers(len(groups), size=len(groups))
        items = np.concatenate([groups[number] for number in chosen])
        values.append(statistic(*(column[items] for column in columns)))
    return interval(np.array(values, np.float64))
