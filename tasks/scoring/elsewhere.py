"""Scores of a description on other data: another generator, another corpus.

Nothing is learnt there. The weights of the components are those of the run, and the table of tokens
that stands beside is the run's.
"""

from collections.abc import Sequence
from typing import Any

from ...tools.statistics.bootstrap import Resampler, correlations, interval
from .base import TokenTable
from .measured import Measured, Splits
from .predictions import weighted


def elsewhere(
    predicates: Sequence[Any], splits: Splits, other: Measured, *, seed: int = 0
) -> dict[str, Any]:
    """How well predicates, weighted on validation, go with a unit on other data.

    Args:
        predicates: The components of a description.
        splits: The unit on the data of the run.
        other: The unit on the other data.
        seed: Of the bootstrap over documents.

    Returns:
        `correlation`, `tokens` (the table of the run's tokens): each value, low, high; `documents`
        and `places`.
    """
    _, there = weighted(predicates, splits.validation, other)
    resampler = Resampler(other.documents, seed=seed, weight=other.weight)
    (table,) = TokenTable.of(splits.explore).column(other)
    return {
        "correlation": interval(correlations(resampler, there.total, other.flat)).as_dict(),
        "tokens": interval(correlations(resampler, table, other.flat)).as_dict(),
        "documents": resampler.count,
        "places": len(other.flat),
    }
