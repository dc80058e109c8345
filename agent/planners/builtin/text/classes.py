"""What the words of a list have in common: classes that most of the unit's activation there is in.

One to three classes (grammar, spelling, concepts) stand for a list where they cover it (most of the
activation at its words is at words of these classes) and the list covers each of them (most places
that hold a word of the class are in the list); several words have to carry the name. The name is
chosen on one half of the documents and has to cover the other half as well, which gives the share
that is told.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from .....tools.english.word_classes import word_classes
from .....tools.predicates.phrases import series
from .axes import TOKEN_AXES
from .feature_table import FeatureTable
from .search import halves
from .splits import Sample

_COVERED = 0.65
"""Of the activation at a list, at words of the classes."""
_LISTED = 0.5
"""Of the places that hold a word of a class, in the list."""
_ADDS = 0.12
"""Of the activation, that a further class covers."""
_MOST_CLASSES = 3
_LEAST_WORDS = 3
_LEAST_MASS = 0.03
"""Of the activation, that one of these words has."""
_WIDE = {
    "function words": [one.plural for one in word_classes() if one.function],
    "punctuation": [one.plural for one in word_classes() if one.marks],
}
_PIECES = "later pieces of words"


class ClassName(NamedTuple):
    """Classes that stand for a list of words."""

    name: str
    """In the plural: `prepositions and commas`."""
    members: np.ndarray
    """bool `[value]` of the axis."""
    share: float
    """Of the unit's activation at the list, that they cover on documents that did not choose."""


class _Counts(NamedTuple):
    """A list on some documents; arrays are `[value]`."""

    mass: np.ndarray
    """Share of the activation at the list."""
    places: np.ndarray
    listed: np.ndarray
    """How many of the places are in the list."""

    def covered(self, members: np.ndarray) -> float:
        return float(self.mass[members].sum())

    def whole(self, members: np.ndarray) -> float:
        """Share of the places of a class that are in the list."""
        return float(self.listed[members].sum() / max(self.places[members].sum(), 1))

    def carried(self, members: np.ndarray) -> bool:
        return (self.mass[members] > _LEAST_MASS).sum() >= _LEAST_WORDS


def class_name(
    sample: Sample, axis: str, held: np.ndarray, *, by_lift: bool = True
) -> ClassName | None:
    """The classes that stand for the words (or tokens) at some places.

    Args:
        sample: The unit over explore.
        axis: Of words or of tokens.
        held: bool, flat: where the list holds.
        by_lift: Words weigh by the unit's activation at them, else by how often they occur.
    """
    if not by_lift:
        sample = sample._replace(target=held.astype(float))
    counts = [_counts(sample, axis, held, half) for half in halves(sample.features)]
    parts = [part for part in counts if part is not None]
    if len(parts) < len(counts):
        return None
    classes = _classes(sample.features, axis)
    found = []
    for one, other in (parts, parts[::-1]):
        for names in _proposed(one, classes):
            members = np.any([classes[name] for name in names], axis=0)
            share = other.covered(members)
            if share >= _COVERED and other.whole(members) >= _LISTED and other.carried(members):
                found.append(ClassName(series(names, "and"), members, share))
    best = max(found, key=lambda one: one.share - _ADDS * (one.name in _WIDE), default=None)
    return best or _pieces(sample, axis, held)


def _counts(sample: Sample, axis: str, held: np.ndarray, half: np.ndarray) -> _Counts | None:
    keys = sample.features.axes[axis]
    known = (keys >= 0) & (sample.weight > 0) & half
    there = known & held
    size = sample.features.size(axis)
    lift = np.maximum(sample.target[there] - sample.totals[1], 0)
    mass = np.bincount(keys[there], lift, size)
    if mass.sum() <= 0:
        return None
    places, listed = (np.bincount(keys[some], minlength=size) for some in (known, there))
    return _Counts(mass / mass.sum(), places, listed)


def _classes(features: FeatureTable, axis: str) -> dict[str, np.ndarray]:
    """bool `[value]` by name: classes, concepts, and what several classes are called together."""
    if axis in TOKEN_AXES:
        classes = dict(features.token_classes)
    else:
        concepts = (i for i, group in enumerate(features.groups) if group.concept)
        named = {features.groups[i].name: features.members[i].toarray()[0] > 0 for i in concepts}
        classes = {**named, **features.word_classes}
    wide = {name: inside for name, inside in _WIDE.items() if classes.keys() >= set(inside)}
    return classes | {
        name: np.any([classes[one] for one in inside], axis=0) for name, inside in wide.items()
    }


def _proposed(counts: _Counts, classes: Mapping[str, np.ndarray]) -> list[tuple[str, ...]]:
    """Names that cover a list, the best first: the fewest narrow classes, else a wide one."""
    whole = {name: counts.whole(members) for name, members in classes.items()}
    able = {name: members for name, members in classes.items() if whole[name] >= _LISTED}
    chosen: list[str] = []
    left = counts.mass.copy()
    while len(chosen) < _MOST_CLASSES:
        adds = {name: float(left[able[name]].sum()) for name in able if name not in _WIDE}
        adds = {name: mass for name, mass in adds.items() if mass >= _ADDS}
        if not adds:
            break
        chosen.append(max(adds, key=lambda name: adds[name] * whole[name]))
        left[able[chosen[-1]]] = 0
    wide = [name for name in _WIDE if name in able]
    return [names for names in (tuple(chosen), *((name,) for name in wide)) if names]


def _pieces(sample: Sample, axis: str, held: np.ndarray) -> ClassName | None:
    """Pieces of words, for a list of tokens that mostly stand inside a word."""
    flags = sample.features.flags
    inside = next((i for i, one in enumerate(flags) if one.get("shape") == "word_inside"), None)
    letters = sample.features.windows.piece == "letter"  # these are tokens, not pieces of words
    if letters or axis not in TOKEN_AXES or inside is None:
        return None
    there = held & (sample.weight > 0)
    mass = np.where(there, np.maximum(sample.target - sample.totals[1], 0), 0)
    share = float(mass[sample.features.held[inside] > 0].sum() / max(mass.sum(), 1e-30))
    members = np.ones(sample.features.size(axis), bool)
    return ClassName(_PIECES, members, share) if share >= _COVERED else None
