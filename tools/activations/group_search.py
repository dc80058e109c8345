"""Which groups of places have values that are not 0 on average, beside what chance finds.

1. The score of a group is z = S / sqrt(sum of S_d squared), with S the sum of its values and S_d
   that of its values in one document: a mean over a standard error in which documents are the
   draws (Liang and Zeger 1986, with one mean). It is at most the root of the number of documents,
   so one large value alone scores 1.
2. The same search is made on values of a null that the caller draws. The control is the largest |z|
   of all its groups, and p of a group is its rank among these: it accounts for the number of groups
   (Westfall and Young 1993).
3. Groups are ranked by their share of the sum of squares, those that chance makes too last: among
   many places a mean next to 0 has a large z.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from .groupings import Grouping

DRAWS = 19
MAX_P = 0.05
"""The lowest p with as many draws of the null."""


class Scored(NamedTuple):
    """The groups that have places; arrays are `[group]`."""

    names: list[str]
    n: np.ndarray
    documents: np.ndarray
    mean: np.ndarray
    z: np.ndarray
    p: np.ndarray
    control: float
    """The largest |z| on values of the null; 0 without any."""
    share: np.ndarray
    """Of the sum of squares of all places: n times the squared mean."""

    def rows(self, limit: int, *, above: bool) -> list[dict[str, Any]]:
        """The first groups with a mean above 0, or below, as plain data."""
        side = np.flatnonzero(self.mean > 0 if above else self.mean < 0)
        order = side[np.lexsort((-self.share[side], self.p[side] > MAX_P + 1e-9))][:limit]
        return [
            {
                "name": self.names[i],
                "mean": float(self.mean[i]),
                "z": float(self.z[i]),
                "p": float(self.p[i]),
                "n": int(self.n[i]),
                "documents": int(self.documents[i]),
                "share": float(self.share[i]),
            }
            for i in order
        ]


def group_search(
    grouping: Grouping,
    values: np.ndarray,
    cluster: np.ndarray,
    null: Iterable[np.ndarray],
) -> Scored:
    """Scores every group.

    Args:
        grouping: The groups.
        values: `[place]`.
        cluster: The document of each place, `[place]` from 0.
        null: Values that say nothing of groups, each `[place]`.
    """
    size = int(cluster.max(initial=0)) + 1
    known, group = np.unique(grouping.group, return_inverse=True)
    cell, where = np.unique(group * size + cluster[grouping.place], return_inverse=True)
    of_cell = cell // size  # [group and document]

    def z(given: np.ndarray) -> np.ndarray:
        sums = np.bincount(where, given[grouping.place], len(cell))
        total = np.bincount(of_cell, sums, len(known))
        return total / np.sqrt(np.maximum(np.bincount(of_cell, sums**2, len(known)), 1e-30))

    n = np.bincount(group, minlength=len(known))
    mean = np.bincount(group, values[grouping.place], len(known)) / np.maximum(n, 1)
    own = z(values)
    largest = np.array([np.abs(z(draw)).max(initial=0.0) for draw in null])
    reached = (largest >= np.abs(own)[:, None] - 1e-9).sum(1)
    return Scored(
        [grouping.names[int(i)] for i in known],
        n,
        np.bincount(of_cell, minlength=len(known)),
        mean,
        own,
        (1 + reached) / (1 + len(largest)),
        float(largest.max(initial=0.0)),
        n * mean**2 / max(float(np.square(values).sum()), 1e-30),
    )
