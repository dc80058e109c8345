"""Near-duplicate windows: held-out text that the other side of a split holds almost as it is.

Documents differ, but what they quote, begin or end with may not; such a window is no test.

1. A window becomes the set of its runs of `RUN` tokens (the whole window, where it is shorter).
2. It repeats another where the Jaccard index of the two sets is at least `ALIKE` (Broder 1997; Lee
   et al. 2022 remove from .8 on as well). All pairs are compared, through one sparse product.

A picture repeats another only where it is the same picture.
"""

from collections.abc import Sequence

import numpy as np

from .image_rows import ImageRows
from .windows import TokenWindows

RUN = 8
"""Shorter runs are common to unrelated texts over small vocabularies, such as brackets."""
ALIKE = 0.8
_ROWS = 256


def repeated(
    windows: TokenWindows | ImageRows, seen: Sequence[TokenWindows | ImageRows]
) -> np.ndarray:
    """Which windows nearly repeat one of those seen: bool `[window]`."""
    if isinstance(windows, ImageRows) or windows.numbers is not None:
        known = {key for others in seen for key in others.texts}
        return np.array([key in known for key in windows.texts], bool)
    from scipy.sparse import csr_array

    mine = _runs(windows)
    others = [runs for part in seen if isinstance(part, TokenWindows) for runs in _runs(part)]
    names = np.unique(np.concatenate([*mine, *others, np.zeros(0, np.uint64)]))
    sets = []
    for group in (mine, others):
        columns = np.searchsorted(names, np.concatenate([*group, np.zeros(0, np.uint64)]))
        edges = np.cumsum([0, *(len(runs) for runs in group)])
        ones = np.ones(len(columns), np.int32)
        sets.append(csr_array((ones, columns, edges), (len(group), len(names))))
    here, there = sets
    sizes = [np.diff(group.indptr) for group in sets]
    result = np.zeros(len(mine), bool)
    for start in range(0, len(mine), _ROWS):
        shared = (here[start : start + _ROWS] @ there.T).tocoo()
        union = sizes[0][start + shared.row] + sizes[1][shared.col] - shared.data
        result[start + shared.row[shared.data >= ALIKE * union]] = True
    return result


def _runs(windows: TokenWindows) -> list[np.ndarray]:
    """The different runs of each window's tokens, as hashes: uint64 `[run]` a window."""
    odd = np.uint64(0x9E3779B97F4A7C15)
    result = []
    with np.errstate(over="ignore"):
        powers = odd ** np.arange(1, max(RUN, windows.ids.shape[1]) + 1, dtype=np.uint64)
        for row in range(len(windows)):
            ids = windows.ids[row][windows.attended[row]].astype(np.uint64) + np.uint64(1)
            size = min(RUN, len(ids))
            runs = np.lib.stride_tricks.sliding_window_view(ids, size) if size else ids[None]
            mixed = (runs * odd) ^ (runs * odd >> np.uint64(31))
            result.append(np.unique((mixed * powers[:size]).sum(-1, dtype=np.uint64)))
    return result
