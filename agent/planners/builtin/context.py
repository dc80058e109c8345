"""What occurs elsewhere in the row: sums over a region for every word and concept at once.

A word that occurs first at place `p` of a row holds "earlier" at every later place, so the sums for
all words are differences of running sums along the rows. Sets of words grow greedily.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .board import Occurrences

if TYPE_CHECKING:
    from .split import Sample

MOST_GROWN = 16
"""Words that a set of context words grows to."""
_POOL = 200  # words that may join it
_GAIN = 1.01

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Table(NamedTuple):
    """Occurrences in the rows of a region; arrays are `[pair]`."""

    value: np.ndarray
    row: np.ndarray
    first: np.ndarray
    last: np.ndarray
    size: int


class Context:
    """The rows of one region, with running sums of weight and of weighted target."""

    def __init__(self, sample: "Sample", at: np.ndarray) -> None:
        """`at`: flat places of the region that have weight."""
        board = sample.board
        self.board = board
        rows, width = board.shape
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
        self.tables = {
            "values": self._table(board.words_in, len(board.names)),
            "groups": self._table(board.groups_in, len(board.groups)),
        }

    def _table(self, all_: Occurrences, size: int) -> Table:
        row = self._number[all_.row]
        keep = row >= 0
        return Table(all_.value[keep], row[keep], all_.first[keep], all_.last[keep], size)

    def _running(self, values: np.ndarray, chosen: slice | np.ndarray) -> np.ndarray:
        """Sums along rows, `[row, place + 1]`."""
        rows, width = self.shape
        flat = self.row[chosen] * (width + 1) + self.place[chosen] + 1
        sums = np.bincount(flat, values[chosen], rows * (width + 1))
        return sums.reshape(rows, width + 1).cumsum(axis=1)

    def scores(self, what: str, axis: str, score: Score, *, negated: bool) -> np.ndarray:
        """Scores of every word (`values`) or concept (`groups`) alone."""
        table = self.tables[what]
        n, s = held(self.n, table, axis), held(self.s, table, axis)
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
        table = self.tables["values"]
        keep = local[table.value] >= 0
        small = Table(
            local[table.value[keep]],
            table.row[keep],
            table.first[keep],
            table.last[keep],
            len(pool),
        )
        chosen, best = [0], float(scores[pool[0]])
        all_n, all_s = float(self.weight.sum()), float(self.mine.sum())
        free = ~self._holds(small, 0, axis)
        while len(chosen) < MOST_GROWN:
            n = held(self._running(self.weight, free), small, axis)
            s = held(self._running(self.mine, free), small, axis)
            left_n, left_s = float(self.weight[free].sum()), float(self.mine[free].sum())
            if negated:
                found = score(left_n - n, left_s - s)
            else:
                found = score(all_n - left_n + n, all_s - left_s + s)
            found = np.where(n > 0, found, 0.0)
            at = int(found.argmax())
            if found[at] < best * _GAIN:
                break
            best = float(found[at])
            chosen.append(at)
            free &= ~self._holds(small, at, axis)
        return [int(pool[at]) for at in chosen], best

    def _holds(self, table: Table, value: int, axis: str) -> np.ndarray:
        """bool `[place of the region]`: the value occurs in that part of its row."""
        rows, width = self.shape
        first, last = np.full(rows, width), np.full(rows, -1)
        mine = table.value == value
        first[table.row[mine]] = table.first[mine]
        last[table.row[mine]] = table.last[mine]
        before, after = self.place > first[self.row], self.place < last[self.row]
        return {"earlier": before, "later": after, "elsewhere": before | after}[axis]


def held(sums: np.ndarray, table: Table, axis: str) -> np.ndarray:
    """Sum over a region of the places where each value occurs earlier, later or elsewhere."""
    row, first, last = table.row, table.first, table.last
    if axis == "later":
        each = sums[row, last]
    else:
        total = sums[row, -1]
        after = sums[row, first + 1]
        if axis == "earlier":
            each = total - after
        else:
            each = total - np.where(first == last, after - sums[row, first], 0.0)
    return np.bincount(table.value, each, table.size)
