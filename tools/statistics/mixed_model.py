"""A shrunk table of groups beside weighted columns: how much each explains.

    value = table[group] + sum of weight * column + noise,   weights >= 0

The table holds random effects (`shrunk_table`), the columns fixed ones, so that neither takes what
the other explains: a column is judged by what it says within groups and of groups that are rare.

1. With V the covariance of values (noise, and what groups share), weights minimise the generalised
   sum of squares (Henderson 1953; Robinson 1991). It needs sums by group only: X'X less, for each
   group, the outer product of its sums over n + s2within / s2between.
2. The variances come from the values first, and again from what the columns leave.
3. The table is learnt from what the columns leave.

Weights of 0 or more are ours, as they are for components of a description.
"""

from typing import NamedTuple

import numpy as np

from .shrunk_table import ShrunkTable, shrunk_table

_ROUNDS = 2
_LEAST = 1e-6
"""Of a strength, so that rounding does not make the weight of a column that only names groups."""


class MixedModel(NamedTuple):
    """A table and the weights of columns."""

    table: ShrunkTable
    weights: np.ndarray
    """`[column]`, in units of the values."""


class Crossed(NamedTuple):
    """What a model learnt on one half of the documents says of the other."""

    table: np.ndarray
    """`[place]`."""
    columns: np.ndarray
    """`[place]`: the weighted columns."""
    weights: np.ndarray
    """`[half, column]`."""

    @property
    def total(self) -> np.ndarray:
        """`[place]`."""
        return self.table + self.columns


def mixed_model(groups: np.ndarray, columns: np.ndarray, values: np.ndarray) -> MixedModel:
    """Fits table and weights.

    Args:
        groups: `[place]`, whole numbers.
        columns: `[column, place]`; there may be none.
        values: `[place]`.
    """
    table = shrunk_table(groups, values)
    weights = np.zeros(len(columns))
    if not len(columns):
        return MixedModel(table, weights)
    group = np.searchsorted(table.keys, groups)
    stack = np.vstack([np.ones(len(values)), columns, values])  # [1 + column + 1, place]
    sums = np.stack([np.bincount(group, row, len(table.keys)) for row in stack])  # [.., group]
    gram = stack @ stack.T
    for _ in range(_ROUNDS):
        # where groups do not differ the strength is infinite, and nothing is taken out
        own = gram - (sums / (table.counts + max(table.strength, _LEAST))) @ sums.T
        free = own - np.outer(own[0], own[0]) / own[0, 0]  # the level is not held to 0 or more
        varies = np.flatnonzero(np.diag(free)[1:-1] > _LEAST**1.5 * np.diag(gram)[1:-1])
        weights = np.zeros(len(columns))
        if len(varies):
            inner = free[1:-1, 1:-1][np.ix_(varies, varies)]
            weights[varies] = non_negative(inner, free[1:-1, -1:][varies])[:, 0]
        table = shrunk_table(groups, values - weights @ columns)
    return MixedModel(table, weights)


def crossed_model(
    groups: np.ndarray, columns: np.ndarray, values: np.ndarray, half: np.ndarray
) -> Crossed:
    """A model of each half of the documents, read on the other; `half` is bool `[place]`."""
    table, weighted = np.empty(len(values)), np.zeros(len(values))
    weights = []
    for test in (half, ~half):
        model = mixed_model(groups[~test], columns[:, ~test], values[~test])
        table[test] = model.table.read(groups[test])
        weighted[test] = model.weights @ columns[:, test]
        weights.append(model.weights)
    return Crossed(table, weighted, np.array(weights))


def non_negative(gram: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Non-negative least squares from sums of products, `[column, target]`.

    Args:
        gram: `[column, column]`.
        moments: Products of columns and targets, `[column, target]`.
    """
    from scipy.optimize import nnls

    if len(gram) == 1:
        return np.maximum(moments, 0) / max(gram[0, 0], 1e-30)
    values, vectors = np.linalg.eigh(gram)
    kept = values > 1e-9 * max(values[-1], 1e-30)
    root = np.sqrt(values[kept])
    matrix = root[:, None] * vectors[:, kept].T
    wanted = (vectors[:, kept].T @ moments) / root[:, None]
    found = [nnls(matrix, column)[0] for column in wanted.T]
    return np.stack(found, 1).reshape(moments.shape) if found else np.zeros(moments.shape)
