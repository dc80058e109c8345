"""The field of the data that goes with a unit, or with what a description leaves of it.

1. Candidates: every value of a field of few, thresholds of numbers, and the number
   itself, rising and falling.
2. On half of the documents each is correlated with the unit; the best is kept.
3. It holds where the interval of its correlation on the other half (bootstrap over documents) lies
   above zero and above what the same search finds where documents have exchanged their fields,
   `SHUFFLES` times. Our formulation.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..activations.agreement import interval
from ..data.fields import distinct
from ..data.windows import TokenWindows
from ..lab import Lab
from ..predicates import Predicate, parse
from ..predicates.fields import level
from ..statistics.association import pearson

SHUFFLES = 20
_VALUES = 12
"""Values of a field that are candidates one by one."""
_EDGES = np.linspace(0.05, 0.95, 19)
"""Quantiles that are tried as thresholds, of a number with more than twice as many values."""
_LEAST_DOCUMENTS = 10


class FieldFit(NamedTuple):
    """The best field."""

    predicate: Predicate
    correlation: float
    """On the half of the documents that did not choose it."""
    interval: list[float]
    control: float
    """The most that a search over exchanged fields reached there."""


def best_field(lab: Lab, values: np.ndarray, rng: np.random.Generator) -> FieldFit | None:
    """The field that goes with values over explore `[window, place]` (NaN: left out); None: none.

    Args:
        lab: Has explore with its fields.
        values: A unit's activations, or what is left of them.
        rng: Exchanges documents, and draws the bootstrap.
    """
    rows = lab.explore
    known = rows.counted & np.isfinite(values)
    column = values[known].astype(np.float64)  # [observation]
    _, document = np.unique(rows.document[np.nonzero(known)[0]], return_inverse=True)
    n = int(document.max(initial=-1)) + 1
    found = [parse(node) for name in rows.fields for node in _candidates(lab, name)]
    if n < 2 * _LEAST_DOCUMENTS or not found:
        return None
    degrees = np.stack([one.evaluate(rows)[known] for one in found])  # [candidate, observation]
    second = (rng.permutation(n) % 2 == 1)[document]
    best, score = _searched(degrees, column, second)
    nulls = [
        _searched(degrees[:, _exchanged(document, rng)], column, second)[1] for _ in range(SHUFFLES)
    ]
    span = interval(degrees[best][second], column[second], document[second], rng)
    control = max(nulls)
    if span is None or span[0] <= max(0.0, control):
        return None
    return FieldFit(found[best], score, span, control)


def beyond(
    rows: TokenWindows, values: np.ndarray, predictors: Sequence[Mapping[str, Any]]
) -> np.ndarray:
    """What a least-squares fit of predictors leaves of values, `[window, place]`."""
    known = rows.counted & np.isfinite(values)
    columns = [parse(one).evaluate(rows)[known].astype(np.float64) for one in predictors]
    design = np.stack([*columns, np.ones(int(known.sum()))], 1)  # [observation, predictor]
    weights, *_ = np.linalg.lstsq(design, values[known], rcond=None)
    out = np.full(values.shape, np.nan)
    out[known] = values[known] - design @ weights
    return out


def _searched(degrees: np.ndarray, column: np.ndarray, second: np.ndarray) -> tuple[int, float]:
    """The best candidate of the first half, and its correlation on the second."""
    first = [pearson(one[~second], column[~second]) or 0.0 for one in degrees]
    best = int(np.argmax(first))
    return best, pearson(degrees[best][second], column[second]) or 0.0


def _exchanged(document: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Places in the order in which documents, each whole, have changed places."""
    order = rng.permutation(int(document.max()) + 1)
    return np.argsort(order[document], kind="stable")


def _candidates(lab: Lab, name: str) -> Iterator[dict[str, Any]]:
    """Predictors of one field."""
    given = lab.explore.fields[name][lab.explore.counted]
    kinds = distinct(given)
    if len(kinds) < 2:
        return
    if len(kinds) <= _VALUES:
        yield from ({"kind": "field", "name": name, "value": value} for value in kinds)
    if given.dtype == object or len(kinds) == 2:
        return
    edges = kinds[:-1] if len(kinds) <= 2 * len(_EDGES) else np.nanquantile(given, _EDGES)
    for edge in np.unique(edges):
        for op in (">", "<="):
            yield {"kind": "field", "name": name, "op": op, "value": float(edge)}
    rising = level(lab.explore, name)
    yield rising
    yield {**rising, "low": rising["high"], "high": rising["low"]}
