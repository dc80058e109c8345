"""Frequency-matched words: lists of as many others, as a control for what is said of some words.

A unit that goes with the words of a concept may go with any list of rare words. So the words at
which a predictor holds are exchanged, one by one, for words that occur about as often.
"""

import numpy as np

from ..data.windows import TokenWindows
from .groupings import lowered

_NEAR = 12  # words nearest in number of occurrences, of which one is drawn
_SHARE = 0.8  # of a word's places, at which a predictor that is about words holds
_APART = 1.5  # times as many occurrences, from which a list is no match


def matched_words(
    windows: TokenWindows,
    holds: np.ndarray,
    n: int,
    rng: np.random.Generator,
    *,
    of_tokens: bool = False,
) -> np.ndarray | None:
    """Where lists of frequency-matched words stand, bool `[list, window, place]`.

    None where the predictor is not about words alone, or no words are as frequent.

    Args:
        windows: The texts.
        holds: bool `[window, place]`: where the predictor holds.
        n: How many lists.
        rng: Draws them.
        of_tokens: Exchange tokens and not words.
    """
    at, size = _tokens(windows) if of_tokens else _words(windows)
    known = at >= 0
    if not size:
        return None
    tokens = np.bincount(at[known], minlength=size)
    inside = np.bincount(at[known & holds], minlength=size)
    own = np.flatnonzero(inside)
    if not own.size or inside.sum() < _SHARE * tokens[own].sum():
        return None
    begins = known.copy()
    if not of_tokens:
        begins[:, 1:] &= windows.ordinal[:, 1:] != windows.ordinal[:, :-1]
    counts = np.bincount(at[begins], minlength=size)  # occurrences
    rest = np.flatnonzero((inside == 0) & (counts > 0))
    rest = rest[np.argsort(counts[rest], kind="stable")]
    if rest.size < 2 * own.size:
        return None
    out = np.zeros((n, *holds.shape), bool)
    for number in range(n):
        free = rest
        drawn: list[int] = []
        for word in own[np.argsort(-counts[own], kind="stable")]:
            near = np.argsort(np.abs(counts[free] - counts[word]), kind="stable")[:_NEAR]
            if of_tokens:  # of a small vocabulary few are as frequent
                ratio = counts[free[near]] / counts[word]
                similar = near[(ratio > 1 / _APART) & (ratio < _APART)]
                near = similar if similar.size else near
            pick = int(near[rng.integers(near.size)])
            drawn.append(int(free[pick]))
            free = np.delete(free, pick)
        if not 1 / _APART < counts[drawn].sum() / counts[own].sum() < _APART:
            return None
        out[number] = known & np.isin(at, drawn)
    return out


def _words(windows: TokenWindows) -> tuple[np.ndarray, int]:
    """The word of each counted place in any case, `[window, place]`, -1 for none; how many."""
    kind, names = lowered(windows)
    if not kind.size:
        return np.full(windows.ids.shape, -1), 0
    known = windows.counted & (windows.word >= 0)
    return np.where(known, kind[np.maximum(windows.word, 0)], -1), len(names)


def _tokens(windows: TokenWindows) -> tuple[np.ndarray, int]:
    """The token of each counted place, `[window, place]`, -1 for none; how many there are."""
    return np.where(windows.counted, windows.ids, -1), len(windows.vocabulary)
