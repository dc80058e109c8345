"""What the words of a list have in common: the class that most of a unit's activation there is in.

The name of a class stands for a list where it covers the list (most of the activation at its words
is at words of the class) and the list covers it (most places that hold a word of the class are in
the list); several words have to carry it. Both shares are measured on explore, by activation.
"""

from typing import NamedTuple

import numpy as np

from .....tools.english.word_classes import word_classes
from .feature_table import TOKEN_AXES
from .splits import Sample

_COVERED = 0.7
"""Of the activation at a list, at words of the class."""
_LISTED = 0.5
"""Of the places that hold a word of the class, in the list."""
_LEAST_WORDS = 3
_LEAST_MASS = 0.03
"""Of the activation, that one of these words has."""
_FUNCTION = (
    *("a determiner", "a preposition", "a pronoun", "a possessive", "a form of 'be'"),
    *("an auxiliary", "a modal verb", "'to'", "a conjunction", "a subordinator"),
    *("a question word", "a negation"),
)
_PIECES = "later pieces of words"


class ClassName(NamedTuple):
    """A class that stands for a list of words."""

    name: str
    """In the plural."""
    members: np.ndarray
    """bool `[value]` of the axis."""
    share: float
    """Of the unit's activation at the list, that it covers."""


def class_name(sample: Sample, axis: str, held: np.ndarray) -> ClassName | None:
    """The narrowest class that stands for the words (or tokens) at some places.

    Args:
        sample: The unit over explore.
        axis: Of words or of tokens.
        held: bool, flat: where the list holds.
    """
    features = sample.features
    keys = features.axes[axis]
    known = (keys >= 0) & (sample.weight > 0)
    there = known & held
    size = features.size(axis)
    mass = np.bincount(keys[there], np.maximum(sample.target[there] - sample.totals[1], 0), size)
    if mass.sum() <= 0:
        return None
    mass = mass / mass.sum()
    places, listed = (np.bincount(keys[some], minlength=size) for some in (known, there))

    def named(name: str, members: np.ndarray) -> ClassName | None:
        share = float(mass[members].sum())
        carried = (mass[members] > _LEAST_MASS).sum() >= _LEAST_WORDS
        whole = listed[members].sum() >= _LISTED * places[members].sum()
        return ClassName(name, members, share) if share >= _COVERED and carried and whole else None

    classes = features.token_classes if axis in TOKEN_AXES else features.word_classes
    singles = [result for name, m in classes.items() if (result := named(name, m)) is not None]
    if singles:
        return max(singles, key=lambda one: one.share)
    names = {one.name: one.plural for one in word_classes()}
    wide = {
        "function words": [names[one] for one in _FUNCTION],
        "punctuation": [one.plural for one in word_classes() if one.marks],
    }
    for name, parts in wide.items():
        result = named(name, np.any([classes[part] for part in parts], axis=0))
        if result is not None:
            return result
    return _pieces(sample, axis, there)


def _pieces(sample: Sample, axis: str, there: np.ndarray) -> ClassName | None:
    """Pieces of words, for a list of tokens that mostly stand inside a word."""
    flags = sample.features.flags
    inside = next((i for i, one in enumerate(flags) if one.get("shape") == "word_inside"), None)
    if axis not in TOKEN_AXES or inside is None:
        return None
    mass = np.where(there, np.maximum(sample.target - sample.totals[1], 0), 0)
    share = float(mass[sample.features.held[inside] > 0].sum() / max(mass.sum(), 1e-30))
    members = np.ones(sample.features.size(axis), bool)
    return ClassName(_PIECES, members, share) if share >= _COVERED else None
