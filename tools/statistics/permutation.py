"""Ranks among controls or permutations, and what many tests at once do to them.

A permutation test here is always the same count: the own value against values from the null, which
the caller draws by repeating *every* step that looked at the labels (Phipson and Smyth 2010: with
the own value among them, p is never 0).
"""

from collections.abc import Sequence

import numpy as np


def p_value(own: float, null: Sequence[float] | np.ndarray) -> float:
    """(1 + null values at least as large) / (1 + null values)."""
    null = np.asarray(null, np.float64)
    return (1 + int((null >= own).sum())) / (1 + null.size)


def percentile(own: float, null: Sequence[float] | np.ndarray) -> float:
    """Share of null values below, ties half, in percent; 50 without any."""
    null = np.asarray(null, np.float64)
    if not null.size:
        return 50.0
    return 100 * float((null < own).sum() + 0.5 * (null == own).sum()) / null.size


def false_discovery_rate(p: Sequence[float] | np.ndarray) -> np.ndarray:
    """The false-discovery rate at which each test would be significant, `[test]`, by Benjamini and
    Hochberg (1995)."""
    from scipy.stats import false_discovery_control

    p = np.asarray(p, np.float64)
    return false_discovery_control(p) if p.size else p


def rotated(groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Places in the order in which each group's own are turned by a random number, `[place]`.

    `values[rotated(groups, rng)]` has the values of every group at other places of it, in their
    order: what goes with the group stays, and what is bunched in documents stays bunched, but not
    where it was.

    Args:
        groups: `[place]`, whole numbers; places in the order of the text.
        rng: Draws a turn for each group.
    """
    order = np.argsort(groups, kind="stable")
    _, start, which, size = np.unique(
        groups[order], return_index=True, return_inverse=True, return_counts=True
    )
    turn = (rng.random(len(size)) * size).astype(np.int64)
    i = np.arange(len(order)) - start[which]
    out = np.empty(len(order), np.int64)
    out[order] = order[start[which] + (i + turn[which]) % size[which]]
    return out
