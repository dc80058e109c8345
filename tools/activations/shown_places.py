"""Places of explore that are shown: the first of an order, no two alike, each in one line."""

from collections.abc import Hashable

import numpy as np

from ..data.image_rows import ImageRows
from ..lab import Lab
from ..models import Unit
from ..render.picture_words import caption
from ..render.text import number, snippet
from .records import Flat, full_scale


def ranked(lab: Lab, data: Flat, key: np.ndarray, n: int) -> list[int]:
    """Places by falling key, one a window, and one for each token with its predecessor.

    Args:
        lab: Over explore.
        data: The unit there.
        key: `[place]`; places where it is not finite are left out.
        n: How many.
    """
    out: list[int] = []
    seen: set[Hashable] = set()
    for at in np.argsort(-key, kind="stable").tolist():
        if not np.isfinite(key[at]) or len(out) >= n:
            break
        window, place = int(data.window[at]), int(data.place[at])
        near: Hashable = window
        if not isinstance(lab.explore, ImageRows):
            near = tuple(lab.explore.ids[window, max(0, place - 1) : place + 1].tolist())
        if near not in seen and window not in seen:
            seen |= {near, window}
            out.append(at)
    return out


def place_line(lab: Lab, unit: Unit, data: Flat, at: int, beside: str = "") -> str:
    """One place of explore with its activation; `beside` stands before the window's number."""
    window, place = int(data.window[at]), int(data.place[at])
    if isinstance(lab.explore, ImageRows):
        text = caption(lab.explore, window)
    else:
        text = snippet(
            lab.explore,
            window,
            lab.column(unit)[window],
            scale=full_scale(lab, unit),
            place=place,
            before=56,
            after=16,
            edge=True,
        )
    return f"{number(float(data.values[at]))} ({beside}window {window}): {text}"
