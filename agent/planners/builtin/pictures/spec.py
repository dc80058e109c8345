"""What a thing must be for a unit to be on: the values of each attribute that leave it on.

An attribute whose values nearly all leave the unit on does not matter; the few that do not are
exceptions. The rest is a list of values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .....tools.scenes.scene import PLACES, Thing
from .changes import GRID
from .vocabulary import ATTRIBUTES, VALUES, atom, group_name

_NEARLY = 0.75  # share of values that leave a unit on, from which an attribute does not matter


@dataclass(frozen=True)
class Spec:
    """A kind of thing."""

    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values by attribute; an attribute that does not matter is missing."""
    barred: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Few values of an attribute that does not matter otherwise."""

    @property
    def free(self) -> bool:
        """Anything goes."""
        return not self.allowed and not self.barred

    def fits(self, thing: Thing) -> bool:
        """Whether a thing is of this kind."""
        return all(_has(thing, a, values) for a, values in self.allowed.items()) and not any(
            _has(thing, a, values) for a, values in self.barred.items()
        )

    def predicate(self) -> dict[str, Any] | None:
        """Predictor JSON; None where anything goes."""
        parts = [atom(a, self.allowed[a]) for a in ATTRIBUTES if a in self.allowed]
        for attribute, values in self.barred.items():
            left = [value for value in VALUES[attribute] if value not in values]
            given = atom(attribute, left)
            if attribute == "name":
                given["name"] = f"anything but {' or '.join(values)}"
            parts.append(given)
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else {"kind": "thing", "of": parts}

    def words(self) -> str:
        """`red striped animals at the left`."""
        before = [
            " or ".join(self.allowed[a]) for a in ("size", "colour", "texture") if a in self.allowed
        ]
        names = self.allowed.get("name")
        noun = "things" if names is None else (group_name(names) or " or ".join(names))
        where = [
            "in the middle" if place == "middle" else f"at the {place}"
            for place in self.allowed.get("place", ())
        ]
        out = " ".join([*before, noun, " or ".join(where)]).strip()
        if self.barred:
            out += " but not " + " or ".join(v for some in self.barred.values() for v in some)
        return out


def spec_of(on: Mapping[str, Mapping[str, float]], *, own: Mapping[str, str]) -> Spec:
    """The kind of thing that leaves a unit on.

    Args:
        on: By attribute, the share of trials with each value that left the unit on.
        own: The values of the thing that the trials began from, which had it on.
    """
    allowed: dict[str, tuple[str, ...]] = {}
    barred: dict[str, tuple[str, ...]] = {}
    for attribute, shares in on.items():
        good = [value for value, share in shares.items() if share >= 0.5]
        bad = [value for value, share in shares.items() if share < 0.5]
        if attribute == "place":
            results = _places(good, bad)
            if results:
                allowed["place"] = results
            continue
        if not bad:
            continue
        if len(good) >= _NEARLY * len(shares) and len(shares) > 4:
            barred[attribute] = tuple(bad)
            continue
        allowed[attribute] = tuple(good) or (own[attribute],)
    return Spec(allowed, barred)


def own_values(thing: Thing) -> dict[str, str]:
    """The values of a thing, without its place."""
    return {
        "name": thing.name,
        "colour": thing.colour,
        "texture": thing.texture,
        "size": thing.extent,
    }


def _has(thing: Thing, attribute: str, values: Sequence[str]) -> bool:
    if attribute == "place":
        return bool(thing.places & set(values))
    return own_values(thing)[attribute] in values


def _places(good: Sequence[str], bad: Sequence[str]) -> tuple[str, ...]:
    """The one or two words for the places of the grid that leave a unit on; none where all do."""
    if not bad or not good:
        return ()
    spots = {spot: Thing(name="", colour="", x=x, y=y).places for spot, (x, y) in GRID.items()}
    truth = np.array([True] * len(good) + [False] * len(bad))
    best: tuple[float, tuple[str, ...]] = (0.85, ())
    for words in (*((p,) for p in PLACES), *((a, b) for a in PLACES for b in PLACES if a < b)):
        predicted = np.array([bool(spots[spot] & set(words)) for spot in (*good, *bad)])
        right = float((predicted == truth).mean()) - 0.02 * len(words)
        best = max(best, (right, words))
    return best[1]
