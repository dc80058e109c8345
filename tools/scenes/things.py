"""The things that scenes are made of: geometric figures and pictograms of everyday things.

Each is a drawing of polygons that fills the unit square in its longer direction. A thing has one
colour, that of its body; details are neutral.
"""

from ..errors import UsageError, nearest
from .figures import FIGURES
from .pictograms import pictograms
from .shapes import Drawing, fitted

_KINDS: dict[str, dict[str, Drawing]] = {"figures": FIGURES, **pictograms()}

THINGS: dict[str, Drawing] = {
    name: fitted(drawing) for kind in _KINDS.values() for name, drawing in kind.items()
}
"""Every thing, by name."""

NAMES: tuple[str, ...] = tuple(THINGS)
PICTOGRAMS: tuple[str, ...] = tuple(name for name in NAMES if name not in FIGURES)
"""Names of the everyday things."""

GROUPS: dict[str, tuple[str, ...]] = {
    **{kind: tuple(drawings) for kind, drawings in _KINDS.items()},
    "pictograms": PICTOGRAMS,
    "pets": ("cat", "dog", "rabbit", "fish", "bird"),
    "mammals": ("cat", "dog", "rabbit", "elephant"),
    "fruit": ("apple", "banana", "pear", "cherry"),
    "trees": ("tree", "fir"),
    "flying things": ("bird", "butterfly", "plane", "rocket"),
    "things on wheels": ("car", "bus", "truck", "train", "bicycle"),
    "things with corners": (
        *("square", "rectangle", "triangle", "star", "pentagon"),
        *("hexagon", "diamond", "cross", "arrow"),
    ),
    "round figures": ("circle", "ring", "crescent", "heart", "drop"),
}
"""Names of things by what they have in common."""


def drawing_of(name: str) -> Drawing:
    """The drawing of this thing.

    Raises:
        UsageError: if there is none.
    """
    if name not in THINGS:
        raise UsageError(f"no thing '{name}'; nearest: {nearest(name, THINGS)}")
    return THINGS[name]
