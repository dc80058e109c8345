"""What occurs elsewhere in the row: sums over a region for every word and concept at once.

A word that occurs first at place `p` of a row holds "earlier" at every later place, so the sums for
all words are differences of running sums along the rows. Sets of words grow greedily.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .feature_table import Stretches

if TYPE_CHECKING:
    from .splits import Sample

MOST_GROWN = 16
"""Words that a set of context words grows to."""
_POOL = 200  # words that may join it
_GAIN = 1.01

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Table(NamedTuple):
    """Stretches in the rows of a region; arrays are `[stretch]`."""

    value: np.ndarray
    row: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    size: int


class Context:
    """The rows of one region, with running sums of weight and of weighted target."""

    def __init__(self, sample: "Sample", at: np.ndarray) -> None:
        """`at`: flat places of the region that have weight."""
        features = sample.features
        self.features = features
        rows, width = features.shape
        row = at // width
        here = np.flatnonzero(np.bincount(row, minlength=rows))
        self._number = np.full(rows, -1)
        self._number[here] = np.arange(len(here))
        self.shape = (len(here), width)
        self.row, self.place = self._number[row], at % width
        self.weight = sample.weight[at]
        self.mine = self.weight * sample.target[at]
        self.n = self._running(self.weight, slice(None))
        self.s = self._running(self.mine, slice(None))
        self._tables: dict[tuple[str, str], Table] = {}

    def table(self, what: str, axis: str) -> Table:
        """The stretches of words (`values`) or concepts (`groups`) in the region's rows."""
        if (what, axis) not in self._tables:
            words, groups = self.features.context[axis]
            count = len(self.features.names if what == "values" else self.features.groups)
            self._tables[what, axis] = self._here(words if what == "values" else groups, count)
        return self._tables[what, axis]

    def _here(self, all_: Stretches, size: int) -> Table:
        row = self._number[all_.row]
        keep = row >= 0
        return Table(all_.value[keep], row[keep], all_.start[keep], all_.stop[keep], size)

    def _running(self, values: np.ndarray, chosen: slice | np.ndarray) -> np.ndarray:
        """Sums along rows, `[row, place + 1]`."""
        rows, width = self.shape
        flat = self.row[chosen] * (width + 1) + self.place[chosen] + 1
        sums = np.bincount(flat, values[chosen], rows * (width + 1))
        return sums.reshape(rows, width + 1).cumsum(axis=1)

    def scores(self, what: str, axis: str, score: Score, *, negated: bool) -> np.ndarray:
        """Scores of every word (`values`) or concept (`groups`) alone."""
        table = self.table(what, axis)
        n, s = held(self.n, table), held(self.s, table)
        touched = n > 0
        if negated:
            n, s = self.weight.sum() - n, self.mine.sum() - s
        return np.where(touched, score(n, s), 0.0)

    def grown(self, axis: str, score: Score, *, negated: bool) -> tuple[list[int], float]:
        """A set of context words that the rule gains from, with the rule's score."""
        scores = self.scores("values", axis, score, negated=negated)
        if scores.max(initial=0) <= 0:
            return [], 0.0
        pool = np.argsort(-scores, kind="stable")[:_POOL]
        local = np.full(len(scores), -1)
        local[pool] = np.arange(len(pool))
        table = self.table("values", axis)
        keep = local[table.value] >= 0
        small = Table(
            local[table.value[keep]],
            table.row[keep],
            table.start[keep],
            table.stop[keep],
            len(pool),
        )
        chosen, best = [0], float(scores[pool[0]])
        all_n, all_s = float(self.weight.sum()), float(self.mine.sum())
        free = ~self._holds(small, 0)
        while len(chosen) < MOST_GROWN:
            n = held(self._running(self.weight, free), small)
            s = held(self._running(self.mine, free), small)
            left_n, left_s = float(self.weight[free].sum()), float(self.mine[free].sum())
            if negated:
                results = score(left_n - n, left_s - s)
            else:
                results = score(all_n - left_n + n, all_s - left_s + s)
            results = np.where(n > 0, results, 0.0)
            at = int(results.argmax())
            if results[at] < best * _GAIN:
                break
            best = float(results[at])
            chosen.append(at)
            free &= ~self._holds(small, at)
        return [int(pool[at]) for at in chosen], best

    def _holds(self, table: Table, value: int) -> np.ndarray:
        """bool `[place of the region]`: the value occurs in that part of its row."""
        rows, width = self.shape
        mine = table.value == value
        edges = np.zeros((rows, width + 1), np.int32)
        np.add.at(edges, (table.row[mine], table.start[mine]), 1)
        np.add.at(edges, (table.row[mine], table.stop[mine]), -1)
        return (edges.cumsum(axis=1) > 0)[self.row, self.place]


def held(sums: np.ndarray, table: Table) -> np.ndarray:
    """Sum over a region of the places that see each value; `sums` run along the rows."""
    each = sums[table.row, table.stop] - sums[table.row, table.start]
    return np.bincount(table.value, each, table.size)
