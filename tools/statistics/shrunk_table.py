"""Means of groups, drawn towards one mean by how much groups differ.

A value is a level, plus what its group adds, plus noise (a one-way random effects model):

1. s2within is the variance within groups; s2between that of the groups' own means, by the method of
   moments (Searle, Casella and McCulloch 1992, Variance Components, chapter 3).
2. A group of n values has n / (n + s2within / s2between) of its own mean and the rest of the level:
   the best linear unbiased prediction (Robinson 1991). The level is the mean of groups, each
   weighted by that share, so that one frequent group does not decide it.

A group that was not seen gets the level. On held-out documents, the table of tokens explains .35
(documentation) and .56 (stories) of the variance of twelve neurons of MiniLM; with one pseudo-count
.35 and .53, with none .33 and .55.
"""

from typing import NamedTuple

import numpy as np


class ShrunkTable(NamedTuple):
    """Means of groups."""

    keys: np.ndarray
    """`[group]`, rising."""
    means: np.ndarray
    """`[group]`, drawn towards the level."""
    counts: np.ndarray
    """`[group]` values of each."""
    level: float
    strength: float
    """s2within / s2between: values at the level that a group's mean is drawn by; inf where groups
    differ no more than chance makes them."""

    def read(self, keys: np.ndarray) -> np.ndarray:
        """What the table says of other places `[place]`; the level for groups it does not have."""
        if not len(self.keys):
            return np.full(len(keys), self.level)
        i = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[i] == keys, self.means[i], self.level)


def shrunk_table(keys: np.ndarray, values: np.ndarray) -> ShrunkTable:
    """The table of `values` `[place]` by group, whose names `keys` `[place]` are whole numbers."""
    known, group = np.unique(keys, return_inverse=True)
    n = np.bincount(group, minlength=len(known))
    if not len(known):
        return ShrunkTable(known, np.zeros(0), n, 0.0, np.inf)
    means = np.bincount(group, values) / n
    strength = _strength(n, means, float(np.square(values - means[group]).sum()))
    share = n / (n + strength) if np.isfinite(strength) else np.zeros(len(n))
    weight = share if share.any() else n
    level = float((weight * means).sum() / weight.sum())
    return ShrunkTable(known, level + share * (means - level), n, level, strength)


def _strength(n: np.ndarray, means: np.ndarray, within: float) -> float:
    """s2within / s2between from sizes and means `[group]` and the sum of squares within."""
    total, groups = int(n.sum()), len(n)
    spread = total - np.square(n, dtype=float).sum() / total
    if groups < 2 or total <= groups or spread <= 0:
        return np.inf  # one group, or groups of one: nothing tells noise from differences
    noise = within / (total - groups)
    between = (n * np.square(means - (n * means).sum() / total)).sum()
    between = (between - (groups - 1) * noise) / spread
    return noise / between if between > 1e-12 * max(noise, 1e-300) else np.inf


def crossed(keys: np.ndarray, values: np.ndarray, half: np.ndarray) -> np.ndarray:
    """What the table of one half says of the other, `[place]`; `half` is bool `[place]`."""
    out = np.empty(len(values))
    for test in (half, ~half):
        out[test] = shrunk_table(keys[~test], values[~test]).read(keys[test])
    return out
