"""Places of windows at which a unit cannot reach the output (`models/reading.py`)."""

import numpy as np

from ..data.windows import TokenWindows
from ..models import Target
from ..models.reading import answers_once, cost, reach

_MOST_LENGTHS = 40
_MOST_WORK = 3 * 10**11
"""Parameters times tokens of one site: half a minute on a core."""


def out_of_reach(target: Target, windows: TokenWindows, site: str) -> np.ndarray | None:
    """bool `[window, place]`: counted places that cannot reach the output through a site.

    None where it was not tried: for language models, encoders without a head for whole texts, large
    networks, windows of more than 40 lengths, and where it takes too long; and where every place
    reaches it.
    """
    if windows.numbers is not None:
        return None
    lengths = windows.attended.sum(1)
    known = np.unique(lengths[lengths > 0])
    if len(known) > _MOST_LENGTHS or sum(cost(target, int(n)) for n in known) > _MOST_WORK:
        return None
    out = np.zeros(windows.ids.shape, bool)
    for length in known.tolist():
        reaches = reach(target, site, length)
        if reaches is None:
            return None
        out[lengths == length, :length] = ~reaches
    out &= windows.counted
    return out if out.any() else None


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
