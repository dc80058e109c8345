"""All atoms of the picture language over pictures whose scenes are known, evaluated once.

Atoms are what one thing is (by name, group, colour, texture, size, place, and pairs of these that
occur), how many there are, and the background. Things are laid out in one long row, so that an atom
is a mask of things, a pair of atoms is two masks, and a picture has what one of its things has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from .....tools.data.image_rows import ImageRows
from .....tools.predicates import parse
from .....tools.predicates.features import colour_shares
from .....tools.scenes.scene import Scene
from .spec import own_values
from .vocabulary import ATTRIBUTES, BACKGROUNDS, COLOURS, GROUPS, TEXTURES, VALUES, atom

_LEAST = 4  # pictures in which a pair of attributes must occur
_MOST_NUMBER = 5
_QUANTILES = (0.5, 0.7, 0.85, 0.95)
_LEAST_SHARE = 0.02  # of a picture


class Atom(NamedTuple):
    """One statement about a picture."""

    predicate: dict[str, Any]
    cost: float


@dataclass(frozen=True)
class AtomTable:
    """Atoms, with what they say of each picture."""

    atoms: Sequence[Atom]
    holds: np.ndarray
    """bool `[atom, image]`."""


def build(scenes: Sequence[Scene]) -> AtomTable:
    """The table of these scenes; atoms that never or always hold are left out."""
    things = [(at, thing) for at, scene in enumerate(scenes) for thing in scene.things]
    image = np.array([at for at, _ in things], int)  # [thing]
    count = len(scenes)
    masks = _masks([thing for _, thing in things])

    def counted(mask: np.ndarray) -> np.ndarray:
        return np.bincount(image[mask], minlength=count)  # [image]

    results: list[tuple[dict[str, Any], np.ndarray, int]] = []
    for kinds in masks.values():
        for predicate, mask in kinds:
            counts = counted(mask)
            results.append((predicate, counts > 0, 1))
            for least in range(2, _MOST_NUMBER):
                number = {"kind": "number", "of": predicate, "at_least": least}
                results.append((number, counts >= least, 1))
    every = counted(np.ones(len(things), bool))
    for least in range(1, _MOST_NUMBER):
        number = {"kind": "number", "of": None, "at_least": least}
        results.append((number, every >= least, 1))
    pairs = (("name", "colour"), ("name", "texture"), ("name", "size"), ("name", "place"))
    pairs += (("colour", "texture"), ("colour", "size"), ("colour", "place"))
    for one, other in pairs:
        for (p, mask), (q, more) in product(masks[one], masks[other]):
            both = mask & more
            if both.sum() >= _LEAST:
                results.append(({"kind": "thing", "of": [p, q]}, counted(both) > 0, _LEAST))
    results += [(p, holds, 1) for p, holds in _backgrounds(scenes)]
    kept = [(p, holds) for p, holds, least in results if least <= holds.sum() < count]
    atoms = [Atom(p, parse(p).complexity) for p, _ in kept]
    return AtomTable(atoms, np.array([h for _, h in kept], bool).reshape(len(kept), count))


def areas(rows: ImageRows) -> AtomTable:
    """How much of each colour of the palette there is, which pixels alone tell."""
    shares = colour_shares(rows)  # [image, colour]
    atoms: list[Atom] = []
    holds: list[np.ndarray] = []
    for at, colour in enumerate(COLOURS):
        for least in np.unique(np.quantile(shares[:, at], _QUANTILES).round(2)):
            here = shares[:, at] >= least
            if least >= _LEAST_SHARE and here.any() and not here.all():
                predicate = {"kind": "area", "colours": [colour], "at_least": float(least)}
                atoms.append(Atom(predicate, parse(predicate).complexity))
                holds.append(here)
    return AtomTable(atoms, np.array(holds, bool).reshape(len(atoms), len(rows)))


def joined(one: AtomTable, other: AtomTable) -> AtomTable:
    """The atoms of both, over the same pictures."""
    return AtomTable([*one.atoms, *other.atoms], np.concatenate([one.holds, other.holds]))


def _masks(things: Sequence[Any]) -> dict[str, list[tuple[dict[str, Any], np.ndarray]]]:
    """Atoms of one attribute with `[thing]` masks, by attribute; names with their groups."""
    values = [own_values(thing) for thing in things]
    results: dict[str, list[tuple[dict[str, Any], np.ndarray]]] = {}
    for attribute in ATTRIBUTES:
        own = results.setdefault(attribute, [])
        for value in VALUES[attribute]:
            if attribute == "place":
                mask = [value in thing.places for thing in things]
            else:
                mask = [value == v[attribute] for v in values]
            own.append((atom(attribute, [value]), np.array(mask, bool)))
    for group, names in GROUPS.items():
        inside = set(names)
        mask = np.array([v["name"] in inside for v in values], bool)
        results["name"].append(({"kind": "object", "names": list(names), "name": group}, mask))
    return results


def _backgrounds(scenes: Sequence[Scene]) -> list[tuple[dict[str, Any], np.ndarray]]:
    names = np.array([scene.background for scene in scenes])
    plain = names == "plain"
    colour = np.array([scene.colour for scene in scenes])
    texture = np.array([scene.texture for scene in scenes])
    ground = "background"
    results = [
        ({"kind": ground, "names": [name]}, names == name) for name in ("plain", *BACKGROUNDS)
    ]
    results += [({"kind": ground, "colours": [c]}, plain & (colour == c)) for c in COLOURS]
    results += [({"kind": ground, "textures": [t]}, plain & (texture == t)) for t in TEXTURES]
    return results
