"""What can be drawn, and so said: names, colours, textures, sizes, places, backgrounds."""

from collections.abc import Iterable, Sequence
from typing import Any

from .....tools.scenes.backgrounds import SETTINGS
from .....tools.scenes.palette import COLOURS
from .....tools.scenes.scene import PLACES, SIZES, TEXTURES
from .....tools.scenes.things import GROUPS, NAMES

ATTRIBUTES = ("name", "colour", "texture", "size", "place")
"""What a thing has."""
VALUES: dict[str, tuple[str, ...]] = {
    "name": tuple(NAMES),
    "colour": tuple(COLOURS),
    "texture": tuple(TEXTURES),
    "size": tuple(SIZES),
    "place": tuple(PLACES),
}
BACKGROUNDS = tuple(SETTINGS)
_FIELDS = {
    "name": ("object", "names"),
    "colour": ("colour", "colours"),
    "texture": ("texture", "textures"),
    "size": ("size", "sizes"),
    "place": ("place", "places"),
}
_MOST_MISSING = 3  # of a group, that a list is still called after


def atom(attribute: str, values: Iterable[str]) -> dict[str, Any]:
    """Predictor JSON of one attribute of a thing."""
    kind, field = _FIELDS[attribute]
    given = list(values)
    results: dict[str, Any] = {"kind": kind, field: given}
    if attribute == "name" and len(given) > 2:
        name = group_name(given)
        if name:
            results["name"] = name
    return results


def group_name(names: Sequence[str]) -> str | None:
    """`animals`, or `animals except cats`: the group that a list of names nearly is."""
    chosen = set(names)
    for group, members in GROUPS.items():
        missing = [name for name in members if name not in chosen]
        if chosen <= set(members) and len(missing) <= min(_MOST_MISSING, len(chosen) - 2):
            return group if not missing else f"{group} except {' and '.join(missing)}"
    return None
