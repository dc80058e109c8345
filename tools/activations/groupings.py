"""Places of texts by what stands there or near: tokens, words, documents, words around.

A place is in one group of tokens, words and documents, and in as many groups of words around as
there are different words near it. A causal target has read its own word up to the place only.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..data.windows import TokenWindows
from ..io.plain_text import clip
from .records import Flat

NEAR = 8
"""Tokens between a place and a word around it, at most."""
_NAME = 40  # characters of a document's name


class Grouping(NamedTuple):
    """Which places are in which groups; `place` and `group` are `[entry]`."""

    names: Sequence[str]
    place: np.ndarray
    group: np.ndarray


def lowered(windows: TokenWindows) -> tuple[np.ndarray, tuple[str, ...]]:
    """The number of each different word in any case, `[word]`, and the words by number."""
    known: dict[str, int] = {}
    kind = np.array([known.setdefault(word.lower(), len(known)) for word in windows.words], int)
    return kind, tuple(known)


def tokens(windows: TokenWindows, data: Flat) -> Grouping:
    """By token."""
    ids = windows.ids[data.window, data.place].astype(np.int64)
    return Grouping(windows.vocabulary, np.arange(len(ids)), ids)


def words(windows: TokenWindows, data: Flat) -> Grouping:
    """By the word that a place is in, lower-cased; places in none are left out."""
    read = windows.word if windows.read is None else windows.read
    number = read[data.window, data.place]
    place = np.flatnonzero(number >= 0)
    kind, names = lowered(windows)
    return Grouping(names, place, kind[number[place]])


def beside(windows: TokenWindows, data: Flat, *, step: int) -> Grouping:
    """By the token so many places on (back, if negative); places without one are left out."""
    last = windows.ids.shape[1] - 1
    at = data.place + step
    inside = (at >= 0) & (at <= last)
    at = np.clip(at, 0, last)
    place = np.flatnonzero(inside & windows.attended[data.window, at])
    ids = windows.ids[data.window[place], at[place]].astype(np.int64)
    return Grouping(windows.vocabulary, place, ids)


def documents(windows: TokenWindows, data: Flat) -> Grouping:
    """By document; its name is how it begins."""
    known, group = np.unique(windows.document[data.window], return_inverse=True)
    names = [clip(" ".join(windows.texts[int(one)][:200].split()), _NAME) for one in known]
    return Grouping(names, np.arange(len(group)), group)


def around(windows: TokenWindows, data: Flat, *, after: bool = False) -> dict[str, Grouping]:
    """By words before a place, or after it: next to it, and within `NEAR` tokens."""
    kind, names = lowered(windows)
    step, side = (1, "after") if after else (-1, "before")
    own, last = windows.ordinal[data.window, data.place], windows.ids.shape[1] - 1
    numbers = np.full((NEAR, len(own)), -1)  # [distance, place]
    for distance in range(1, NEAR + 1):
        i = data.place + step * distance
        inside = (i >= 0) & (i <= last)
        i = np.clip(i, 0, last)
        word, ordinal = windows.word[data.window, i], windows.ordinal[data.window, i]
        here = inside & windows.attended[data.window, i] & (word >= 0) & (ordinal != own)
        numbers[distance - 1] = np.where(here, kind[np.maximum(word, 0)] if names else -1, -1)
    first = (numbers >= 0).argmax(0)  # the nearest token of another word
    adjacent = numbers[first, np.arange(len(own))]
    size = max(len(names), 1)
    where = np.flatnonzero(adjacent >= 0)
    pairs = np.unique((np.arange(len(own)) * size + numbers)[numbers >= 0])
    return {
        f"right {side}": Grouping(names, where, adjacent[where]),
        f"within {NEAR} tokens {side}": Grouping(names, pairs // size, pairs % size),
    }
