"""Places of windows at which a unit cannot reach the output (`models/reading.py`)."""

import numpy as np

from ..data.windows import TokenWindows
from ..models import Target
from ..models.reading import reach

_MOST_LENGTHS = 40


def out_of_reach(target: Target, windows: TokenWindows, site: str) -> np.ndarray | None:
    """bool `[window, place]`: counted places that cannot reach the output through a site.

    None where it was not tried: for language models, encoders, large networks, and windows of more
    than 40 lengths; and where every place reaches it.
    """
    if windows.numbers is not None:
        return None
    lengths = windows.attended.sum(1)
    known = np.unique(lengths[lengths > 0])
    if len(known) > _MOST_LENGTHS:
        return None
    out = np.zeros(windows.ids.shape, bool)
    for length in known.tolist():
        reaches = reach(target, site, length)
        if reaches is None:
            return None
        out[lengths == length, :length] = ~reaches
    out &= windows.counted
    return out if out.any() else None
