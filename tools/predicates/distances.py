"""The largest value at a distance from a place, in tokens or words; what occurs again at one.

Distances are at least one: the place itself, and by word the word that it belongs to, never count.
A place between two words is one word away from each.
"""

from typing import Literal, NamedTuple

import numpy as np

from .view import View

By = Literal["token", "word"]
_MOST_CODES = 1 << 24
"""Tokens of a vocabulary, or words of a corpus."""


class Distances(NamedTuple):
    """From `least` to `most` tokens or words away; `most` None: however far."""

    least: int = 1
    most: int | None = None


def largest_before(
    values: np.ndarray, distances: Distances, borders: np.ndarray | None = None
) -> np.ndarray:
    """The largest value (0 to 1) before a place, at one of the distances; `[window, place]`.

    With a limit: windows of doubling width (`O(log most)` passes). With borders, a value counts
    up to the next border only: twice the number of borders so far is added to every value, so
    that the newest stretch is always the largest, and taken off again.
    """
    if borders is not None:
        stretch = 2 * np.cumsum(borders, axis=1).astype(np.float32)
        largest = largest_before(values + stretch, distances) - shift(stretch, 1)
        return np.maximum(largest, 0)  # below 0: only beyond the border
    least, most = distances
    seen = shift(values, least)
    if most is None or most >= values.shape[1]:
        return np.maximum.accumulate(seen, axis=1)
    width, wanted = 1, most - least + 1
    while width < wanted:
        step = min(width, wanted - width)
        seen = np.maximum(seen, shift(seen, step))
        width += step
    return seen


def largest_words_before(
    view: View,
    values: np.ndarray,
    distances: Distances,
    borders: np.ndarray | None = None,
    *,
    ahead: bool = False,
) -> np.ndarray:
    """The same by words: the largest value within a word at one of the distances before a place.

    Args:
        view: Whose words these are.
        values: float32 `[window, place]`, with every word whole.
        distances: In words.
        borders: bool `[window, place]`: a word that holds one is a border.
        ahead: After the place instead of before it.
    """
    runs = view.runs
    if not len(runs.starts):
        return np.zeros(view.shape, np.float32)
    column = word_numbers(view) + 1  # [run]; a column is left free at both ends of a row
    shape = (view.shape[0], int(column.max()) + 2)

    def by_word(some: np.ndarray) -> np.ndarray:
        out = np.zeros(shape, some.dtype)  # [window, word]
        largest = np.maximum.reduceat(some.ravel()[runs.places], runs.starts)
        out[runs.row, column] = largest
        return out[:, ::-1] if ahead else out

    table = largest_before(
        by_word(values), distances, None if borders is None else by_word(borders)
    )
    table = table[:, ::-1] if ahead else table
    before, after = view.near
    near = after if ahead else before  # the run at, else the nearest that way
    known = (near >= 0) & (near < len(column))
    step = np.where(before == after, 0, -1 if ahead else 1)
    goal = np.where(known, column[np.where(known, near, 0)] + step, 0)
    row = np.arange(view.shape[0])[:, None]
    return np.where(known & view.visible & ~view.bare, table[row, goal], np.float32(0))


def again(
    view: View, distances: Distances, by: By, *, length: int = 1, ahead: bool = False
) -> np.ndarray:
    """bool `[window, place]`: the same token, or the same word in any case, occurs at a distance
    before the place (after it with `ahead`), behind the same `length - 1` ones.

    Every occurrence is one number, of row, text and place together, so that those within a range
    of distances are found by bisection.
    """
    out = np.zeros(view.shape, bool)
    if by == "token":
        places = np.flatnonzero(view.visible.ravel())
        row, at = np.divmod(places, max(1, view.shape[1]))
        text, there = view.windows.ids.ravel()[places].astype(np.int64), (row, at)
        prior = _before(text, row, at, length - 1)
        asked = text = _joined(prior, text)
    else:
        runs, number = view.runs, word_numbers(view)
        places = runs.places[~view.bare.ravel()[runs.places]]
        run = runs.of_place[~view.bare.ravel()[runs.places]]
        row, at = runs.row[run], number[run]
        text, there = view.folded[runs.word].astype(np.int64), (runs.row, number)
        prior = _before(text, runs.row, number, length - 1)
        text = _joined(prior, text)
        asked = _joined(prior[run], view.by_word(view.folded).ravel()[places])
    if length > 1:  # numbers without gaps
        text, asked = np.split(
            np.unique(np.concatenate([[-1], text, asked]), return_inverse=True)[1][1:] - 1,
            [len(text)],
        )
    width = int(max(there[1].max(initial=0), at.max(initial=0))) + 1
    size = int(max(text.max(initial=0), asked.max(initial=0))) + 1

    def key(row: np.ndarray, text: np.ndarray, at: np.ndarray) -> np.ndarray:
        return (row * size + text) * width + at

    known = text >= 0
    occurrences = np.sort(key(there[0][known], text[known], there[1][known]))
    least, most = distances
    far = width if most is None else most
    low, high = (at + least, at + far) if ahead else (at - far, at - least)
    inside = (low < width) & (high >= 0) & (asked >= 0)
    first = np.searchsorted(occurrences, key(row, asked, np.clip(low, 0, width - 1)), "left")
    last = np.searchsorted(occurrences, key(row, asked, np.clip(high, 0, width - 1)), "right")
    out.ravel()[places] = inside & (last > first)
    return out


def _before(codes: np.ndarray, row: np.ndarray, at: np.ndarray, length: int) -> np.ndarray:
    """int64 `[item]`: which run of so many codes stands right before an item; -1 where the row
    has none.

    Args:
        codes: int64, in order of row and place.
        row: Of each.
        at: Place of each in its row.
        length: Of a run; none, if 0.
    """
    if length == 0:
        return np.zeros(len(codes), np.int64)
    out = np.full(len(codes), -1)
    items = np.arange(length, len(codes))
    first = items - length
    items = items[(row[items] == row[first]) & (at[items] - at[first] == length)]
    if len(items):
        runs = np.stack([codes[items - step] for step in range(1, length + 1)], 1)
        out[items] = np.unique(runs, axis=0, return_inverse=True)[1].ravel()
    return out


def _joined(prior: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """One number for both, far below 2**63; -1 where either is unknown."""
    return np.where((prior >= 0) & (codes >= 0), prior * _MOST_CODES + codes, -1)


def word_numbers(view: View) -> np.ndarray:
    """int64 `[run]`: which word of its window a run is, from 0."""
    row = view.runs.row
    first = np.flatnonzero(np.diff(row, prepend=-1))  # the first run of every row
    return np.arange(len(row)) - np.repeat(first, np.diff(first, append=len(row)))


def shift(values: np.ndarray, step: int) -> np.ndarray:
    """The value `step` places before (after, if negative); 0 outside the window."""
    out = np.zeros_like(values)
    if 0 < step < values.shape[1]:
        out[:, step:] = values[:, :-step]
    elif 0 < -step < values.shape[1]:
        out[:, :step] = values[:, -step:]
    return out
