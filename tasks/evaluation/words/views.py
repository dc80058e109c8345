"""What a judge is shown of a place, and which places are partners of each other.

Text: the text with the token between « and »; for a causal target it ends there. Partners hold the
same token. Places without anything to mark are not shown.

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

BEFORE, AFTER = 160, 60
"""Characters shown on each side of a mark: about 40 and 15 tokens, so that 72 places take some
four thousand tokens."""
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
    after = 0 if causal else AFTER
    return PlaceView(
        "places", _visible(windows), split.tokens(), lambda row, at: _shown(windows, row, at, after)
    )


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


def _visible(windows: TokenWindows) -> np.ndarray:
    """bool `[window, place]`: there is something to mark."""
    shown = np.array([bool(surface.strip()) for surface in windows.vocabulary])
    return shown[windows.ids] & (windows.end > windows.start)


def _shown(windows: TokenWindows, row: int, at: int, after: int) -> str:
    return " ".join(marked(windows, row, [at], before=BEFORE, after=after).split())
