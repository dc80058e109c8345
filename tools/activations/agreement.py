"""How well a predictor goes with a unit: the numbers of `test_hypotheses`, for texts and pictures.

1. Pearson's correlation, with an interval by bootstrap over documents.
2. For "active" (above half of the mean of the top 0.1%) and at each tail (top 10%, 1%, 0.1%):
   AUPRC beside its base rate; F1, precision and recall on half of the documents with the
   prediction threshold that was best on the other half.
3. Mean activation where the predictor holds and where it does not.
4. On texts, how well it ranks places of the same token, with intervals (`statistics/within`).
"""

from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import average_precision_score

from ..data.windows import TokenWindows
from ..lab import Lab
from ..predicates.core import HOLDS
from ..statistics.association import pearson
from ..statistics.bootstrap import Resampler, correlations
from ..statistics.bootstrap import interval as interval_of
from ..statistics.sampling import Sample
from ..statistics.within import Within, within
from .records import Flat, activity

TAILS = (0.9, 0.99, 0.999)
HEADLINE = "half"
"""The tail whose numbers are reported: see `activity`."""
_DRAWS = 200
_WITHIN_DRAWS = 100
"""Fewer, as each costs a pass over the tokens; scores of descriptions have 1,000."""
_STREAM = 0x7E57
"""Of the bootstrap's draws: the same in every call, so that a predictor keeps its interval."""
_MAX_LEVELS = 32
"""Thresholds that are tried; of more levels, as many quantiles."""


class Tail(NamedTuple):
    """How well a predictor finds the places above one threshold."""

    threshold: float
    base_rate: float
    auprc: float | None
    f1: float | None
    precision: float | None
    recall: float | None


class Means(NamedTuple):
    """A unit where a predictor holds and elsewhere."""

    holds: int
    inside: float | None
    outside: float | None


class Agreement(NamedTuple):
    """The numbers of one predictor."""

    correlation: float | None
    interval: list[float] | None
    holds: int
    mean_inside: float | None
    mean_outside: float | None
    tails: dict[str, Tail]
    within: Within | None = None
    """None on pictures."""

    @property
    def headline(self) -> Tail:
        """The tail of active places."""
        return self.tails[HEADLINE]

    def as_data(self) -> dict[str, Any]:
        """Plain JSON: the numbers, those of the headline, and every tail."""
        headline = self.headline._asdict()
        del headline["threshold"]
        tails = {name: tail._asdict() for name, tail in self.tails.items()}
        data = {**self._asdict(), **headline, "tails": tails}
        within = data.pop("within")
        return data if within is None else {**data, "within": within.as_dict()}


def stream(lab: Lab) -> np.random.Generator:
    """The draws of a test: they depend on the seed alone, not on the call."""
    return np.random.default_rng([lab.seed, _STREAM])


class SameToken:
    """Scores within tokens at the places of one unit: what all predictors share is made once."""

    def __init__(self, rows: TokenWindows, data: Flat, rng: np.random.Generator) -> None:
        self._token = np.unique(rows.ids[data.window, data.place], return_inverse=True)[1]
        self._truth = data.values.astype(np.float64)
        self._active = data.values > activity(data.values)
        document = rows.document[data.window]
        self._resampler = Resampler(document, seed=rng, resamples=_WITHIN_DRAWS)

    def score(self, degrees: np.ndarray) -> Within:
        """How a predictor ranks places of the same token; `degrees` `[place]` in 0..1."""
        degrees = degrees.astype(np.float64)
        return within(self._token, degrees, self._truth, self._active, self._resampler)


def agreement(
    data: Flat,
    degrees: np.ndarray,
    document: np.ndarray,
    rng: np.random.Generator,
    same_token: SameToken | None = None,
    sample: Sample | None = None,
) -> Agreement:
    """Compares a predictor with a unit.

    Args:
        data: The unit.
        degrees: `[place]` in 0..1; of a sample `[drawn]`.
        document: `[window]`.
        rng: Of the bootstrap.
        same_token: Scores within tokens; None on pictures.
        sample: The places that the degrees are of, with their weights; None: all.
    """
    values = data.values.astype(np.float64)
    thresholds = {HEADLINE: activity(values)}
    thresholds |= {str(tail): float(np.quantile(values, tail)) for tail in TAILS}
    window, weight = data.window, np.ones(len(values))
    if sample is not None:
        values, window, weight = values[sample.drawn], window[sample.drawn], sample.weight
        same_token = None
    _, part = np.unique(document[window], return_inverse=True)
    correlation = pearson(degrees, values)
    if sample is not None and correlation is not None:
        correlation = float(_correlations(degrees, values, part, rng, weight)[0])
    return Agreement(
        correlation,
        interval(degrees, values, part, rng, weight),
        *means(values, degrees >= HOLDS, weight),
        {name: _tail(values, degrees, at, part % 2, weight) for name, at in thresholds.items()},
        None if same_token is None else same_token.score(degrees),
    )


def means(values: np.ndarray, holds: np.ndarray, weight: np.ndarray | None = None) -> Means:
    """The mean activation where a predictor holds and elsewhere; None where there is no place."""
    weight = np.ones(len(values)) if weight is None else weight

    def mean(some: np.ndarray) -> float | None:
        return float(np.average(values[some], weights=weight[some])) if some.any() else None

    return Means(round(float(weight[holds].sum())), mean(holds), mean(~holds))


def interval(
    one: np.ndarray,
    other: np.ndarray,
    document: np.ndarray,
    rng: np.random.Generator,
    weight: np.ndarray | None = None,
) -> list[float] | None:
    """95% interval of the correlation, bootstrapped over documents; None for one document."""
    if document.max(initial=0) < 1 or pearson(one, other) is None:
        return None
    result = interval_of(_correlations(one, other, document, rng, weight))
    return [result.low, result.high] if np.isfinite(result.low) else None


def _correlations(
    one: np.ndarray,
    other: np.ndarray,
    document: np.ndarray,
    rng: np.random.Generator,
    weight: np.ndarray | None,
) -> np.ndarray:
    """On the data and on each draw of documents, `[1 + draw]`."""
    x, y = one - one.mean(dtype=np.float64), other - other.mean(dtype=np.float64)
    draws = Resampler(document, seed=rng, resamples=_DRAWS, weight=weight)
    return correlations(draws, x, y, constant=np.nan)


def _tail(
    values: np.ndarray, degrees: np.ndarray, threshold: float, half: np.ndarray, weight: np.ndarray
) -> Tail:
    active = values > threshold
    rate = float(np.average(active, weights=weight))
    if not active.any() or active.all():
        return Tail(threshold, rate, None, None, None, None)
    auprc = float(average_precision_score(active, degrees, sample_weight=weight))
    everywhere = np.ones(active.size, bool)
    halves = [half == 0, half == 1]
    folds = [(~test, test) for test in halves] if half.any() else [(everywhere, everywhere)]
    hits = chosen = 0.0
    for learn, test in folds:
        least = _best_threshold(active[learn], degrees[learn], weight[learn])
        predicted = degrees[test] >= least
        hits += float(weight[test][predicted & active[test]].sum())
        chosen += float(weight[test][predicted].sum())
    recall = hits / float(weight[active].sum())
    precision = hits / chosen if chosen else 0.0
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return Tail(threshold, rate, auprc, f1, precision, recall)


def _best_threshold(active: np.ndarray, degrees: np.ndarray, weight: np.ndarray) -> float:
    """The threshold with the highest F1."""
    levels = np.unique(degrees[degrees > 0])
    if not levels.size:
        return HOLDS
    if levels.size > _MAX_LEVELS:
        levels = np.quantile(levels, np.linspace(0, 1, _MAX_LEVELS))
    predicted = degrees >= levels[:, None]  # [level, place]
    hits = (predicted & active) @ weight
    scores = 2 * hits / np.maximum(1, predicted @ weight + weight[active].sum())
    return float(levels[int(np.argmax(scores))])
