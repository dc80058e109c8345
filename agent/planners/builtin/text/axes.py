"""The axes of a feature table, and what tables of words and of symbols share.

An axis asks one thing of a place: what word or token stands there, or so many before or behind, or
what occurs somewhere around it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

FARTHEST_BESIDE = 5
"""Symbols away that an axis of its own looks at; of words two, and of letters three."""
STEPS = ("", *(f"_{step}" for step in range(2, FARTHEST_BESIDE + 1)))
WORD_AXES = ("word", *(f"{side}_word{step}" for side in ("previous", "next") for step in STEPS))
TOKEN_AXES = ("token", *(f"{side}_token{step}" for side in ("previous", "next") for step in STEPS))
CONTEXT_AXES = ("earlier", "later", "elsewhere", "earlier_5", "earlier_10", "earlier_20", "later_5")
"""What occurs somewhere in the window; a number is the most tokens away."""
AHEAD = ("later", "later_5", "elsewhere")


def step_of(axis: str) -> int:
    """How far an axis beside a place looks, in words or tokens."""
    last = axis.rpartition("_")[2]
    return int(last) if last.isdigit() else 1


def is_context(axis: str) -> bool:
    """Whether an axis asks what occurs somewhere near; `earlier_8` is one, whatever the number."""
    return axis.partition("_")[0] in ("earlier", "later", "elsewhere")


class Group(NamedTuple):
    """Words that a predicate can name at once."""

    name: str
    predicate: dict[str, Any]
    concept: bool


class Features(NamedTuple):
    """What a table is made of that depends on whether its texts hold words."""

    names: tuple[str, ...]
    axes: dict[str, np.ndarray]
    """`[window, place]` by name."""
    groups: tuple[Group, ...]
    members: Any
    """Sparse `[group, word]`."""


def member_table(rows: Sequence[Sequence[int]], size: int) -> Any:
    """Sparse `[group, word]` of the words of each group."""
    indptr = np.cumsum([0, *(len(row) for row in rows)])
    indices = np.array([at for row in rows for at in row], np.int64)
    return sparse.csr_matrix((np.ones(len(indices)), indices, indptr), shape=(len(rows), size))


def shifted(values: np.ndarray, step: int) -> np.ndarray:
    """What stands so many places before (behind, if negative); -1 where there is none."""
    out = np.full_like(values, -1)
    if step > 0:
        out[:, step:] = values[:, :-step]
    else:
        out[:, :step] = values[:, -step:]
    return out
