"""What a judge is shown of a place, and which places are partners of each other.

Text: the number of the token in the text that the unit read, and that text with the token between «
and »: `53 of 64: ...`; for a causal target it ends at the mark, and the number stands alone.
Partners hold the same token. Places without anything to mark are not shown.

Pictures: what the target sees of the picture, all of it, as a unit's activation is its maximum over
space. Partners are pictures whose most probable class, as the run's reader sees it, stands in the
same smallest group of ImageNet's classes (dogs, birds): a label that only names what kind of thing
is seen gets .5 there. Without a reader there are no partners.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ....tools.data.image_rows import ImageRows
from ....tools.data.windows import TokenWindows
from ....tools.models.picture_reader import picture_states, reader_groups
from ....tools.models.target import Target
from ....tools.predicates.network_reader import reader_network
from ....tools.render.marked import marked
from ...scoring.measured import Measured

BEFORE, AFTER = 320, 200
"""Characters shown on each side of a mark: windows of 64 tokens are mostly shown whole, so that a
judge sees what the unit saw."""
Seen = str | np.ndarray
"""A marked text, or uint8 `[height, width, 3]`."""


class PlaceView(NamedTuple):
    """How the places of a split are shown."""

    name: str
    """`places` or `pictures`."""
    visible: np.ndarray
    """bool `[window, place]`: there is something to show."""
    group: np.ndarray
    """int64 `[place]`, of the counted ones: those of one number may be partners."""
    show: Callable[[int, int], Seen]
    """What is shown of a window and place."""


def view_of(split: Measured, *, causal: bool) -> PlaceView:
    """The view of a split of texts or pictures.

    Args:
        split: Of a unit.
        causal: Nothing behind a place is shown.
    """
    windows = split.windows
    if isinstance(windows, ImageRows):
        group = picture_groups(windows)[np.nonzero(split.counted)[0]]
        return PlaceView("pictures", windows.counted, group, lambda row, _: windows.seen(row))
    return PlaceView(
        "places",
        visible(windows),
        split.tokens(),
        lambda row, at: shown(windows, row, at, causal=causal),
    )


def form_of(windows: TokenWindows | ImageRows) -> int:
    """The version of how places are shown; degrees of places in different forms are not mixed.

    In form 1 texts had no number and at most 160 and 60 characters.
    """
    return 1 if isinstance(windows, ImageRows) else 2


def whole(windows: TokenWindows | ImageRows, row: int) -> Seen:
    """A text without marks, or a picture."""
    if isinstance(windows, ImageRows):
        return windows.seen(row)
    return " ".join(marked(windows, row, []).split())


def picture_groups(rows: ImageRows) -> np.ndarray:
    """The smallest group of each picture's most probable class, int64 `[image]`; a number of its
    own for a class that stands in none."""
    network = reader_network(rows)
    if network is None or not network.labels:
        return np.arange(len(rows))
    smallest = _smallest_groups(network)
    return smallest[picture_states(network, rows).classes.argmax(1)]


def _smallest_groups(network: Target) -> np.ndarray:
    """int64 `[class]`."""
    groups = sorted(reader_groups(network).values(), key=len, reverse=True)
    out = len(groups) + np.arange(len(network.labels))
    for i, members in enumerate(groups):
        out[list(members)] = i
    return out


def visible(windows: TokenWindows) -> np.ndarray:
    """bool `[window, place]`: there is something to mark."""
    shown = np.array([bool(surface.strip()) for surface in windows.vocabulary])
    return shown[windows.ids] & (windows.end > windows.start)


def shown(windows: TokenWindows, row: int, at: int, *, causal: bool) -> str:
    """A place in its text."""
    after = 0 if causal else AFTER
    text = " ".join(marked(windows, row, [at], before=BEFORE, after=after).split())
    number = int(windows.counted[row, : at + 1].sum())
    return f"{number}: {text}" if causal else f"{number} of {windows.counted[row].sum()}: {text}"
