"""Places of windows at which a unit cannot reach the output (`models/reading.py`)."""

import numpy as np

from ..data.windows import TokenWindows
from ..models import Target
from ..models.reading import answers_once, cost, reach

_TRIED = 5  # lengths, of many
_MOST_LENGTHS = 40  # that are tried one by one
_MOST_WORK = 3 * 10**11
"""Parameters times tokens of one site: half a minute on a core."""


def out_of_reach(target: Target, windows: TokenWindows, site: str) -> np.ndarray | None:
    """bool `[window, place]`: counted places that cannot reach the output through a site.

    None where it was not tried: for language models, encoders without a head for whole texts, and
    where other places than the first and the last reach it and trying each takes too long; and
    where every place reaches it.
    """
    if windows.numbers is not None:
        return None
    lengths = windows.attended.sum(1)
    reached = _by_length(target, site, np.unique(lengths[lengths > 0]))
    if reached is None:
        return None
    out = np.zeros(windows.ids.shape, bool)
    for length, reaches in reached.items():
        out[lengths == length, :length] = ~reaches
    out &= windows.counted
    return out if out.any() else None


def _by_length(target: Target, site: str, lengths: np.ndarray) -> dict[int, np.ndarray] | None:
    """bool `[place]` for each length of row; None where it was not tried.

    Of more than five lengths five are tried, the shortest and the longest among them; where in all
    of these the first place alone, the last alone, or every place reaches the output, it is so in
    the others.
    """
    some = lengths[np.linspace(0, len(lengths) - 1, min(_TRIED, len(lengths))).round().astype(int)]
    known: dict[int, np.ndarray] = {}
    for tried in (some, lengths) if len(some) < len(lengths) else (lengths,):
        singly = sum(cost(target, int(n)) for n in tried) <= _MOST_WORK
        found = {int(n): reach(target, site, int(n), singly=singly) for n in tried}
        known = {n: reaches for n, reaches in found.items() if reaches is not None}
        if len(known) < len(tried):
            return None
        for pattern in (_first, _last, _every):
            if all(np.array_equal(reaches, pattern(n)) for n, reaches in known.items()):
                return {int(n): pattern(int(n)) for n in lengths}
        if len(lengths) > _MOST_LENGTHS:
            return None
    return known


def _first(n: int) -> np.ndarray:
    return np.arange(n) == 0


def _last(n: int) -> np.ndarray:
    return np.arange(n) == n - 1


def _every(n: int) -> np.ndarray:
    return np.ones(n, bool)


def reaching(target: Target, windows: TokenWindows, site: str) -> np.ndarray | None:
    """bool `[window, place]`: the counted places from which a site reaches the output.

    Scores and the built-in planner look at these alone. None for all places: where nothing was
    tried, where every place reaches it, and where none does.
    """
    if not answers_once(target):
        return None
    lost = out_of_reach(target, windows, site)
    kept = None if lost is None else windows.counted & ~lost
    return kept if kept is not None and kept.any() else None
