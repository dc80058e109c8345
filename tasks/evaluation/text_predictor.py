"""A description in words as a graded predictor of activations, without a language model.

1. What can be read in it (`wording.py`: quoted words, grammar, concepts, content words, and what
   stands beside them) is evaluated as predicates, one column each.
2. With the offline extra, more columns: the words of the two concepts whose meaning is nearest;
   how near the description is to the token's word, and to the stretch of text around it, in
   standard deviations above what is usual for this text.
3. Weights of the columns are fitted on validation, none below zero; the scores are taken on test.

Our formulation. Fitted weights let any description score a little; what a wrong one earns that way
is the control of shuffled descriptions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ...tools.data.windows import TokenWindows
from ...tools.predicates import Predicate, concept, parse
from . import meaning
from .formats.given import Given
from .wording import read

STRETCH = 12
"""Words of one stretch of text."""
SPLITS = ("validation", "test")


class Columns(NamedTuple):
    """What a description says of every counted token of one split."""

    names: tuple[str, ...]
    values: np.ndarray
    """float64 `[column, token]`."""


class _Meanings(NamedTuple):
    """Embeddings of what the windows of one split hold."""

    words: np.ndarray
    """float32 `[word, dimension]`, of `windows.words`."""
    stretches: np.ndarray
    """float32 `[stretch, dimension]`."""
    of_place: np.ndarray
    """int64 `[window, place]`: the stretch that a place lies in."""


@dataclass
class TextPredictor:
    """Reads descriptions on the windows of validation and test."""

    windows: Mapping[str, TokenWindows]
    with_meaning: bool = True
    _meanings: dict[str, _Meanings] = field(default_factory=dict, init=False, repr=False)

    def columns(self, given: Given, split: str) -> Columns:
        """The columns of a description; its own predictors alone, where it has any."""
        windows = self.windows[split]
        counted = windows.counted
        parts = _predicates(given)
        reading = read(given.description)
        core = reading.core
        by_meaning = self.with_meaning and not given.parts and not reading.closed
        if by_meaning:
            nearest = meaning.nearest_concepts(core)
            parts |= {f"near the concept {name}": concept(name) for name in nearest}
        found = [predicate.evaluate(windows)[counted] for predicate in parts.values()]
        names = list(parts)
        if by_meaning:
            here = self._meaning(split)
            said = meaning.of_descriptions([core])[0]
            near = _above(here.words @ said)[windows.word]  # no word: the last one's, taken off
            near = np.where(windows.word >= 0, near, 0.0)[counted]
            around = _above(here.stretches @ said)[here.of_place][counted]
            names += ["meaning", "context", "meaning in context"]
            found += [near, around, near * around]
        if not found:
            return Columns((), np.zeros((0, int(counted.sum()))))
        return Columns(tuple(names), np.stack(found).astype(np.float64))

    def _meaning(self, split: str) -> _Meanings:
        if split not in self._meanings:
            self._meanings[split] = _embedded(self.windows[split])
        return self._meanings[split]


def _predicates(given: Given) -> dict[str, Predicate]:
    if given.parts:
        return {f"part {at}": parse(p.predictor) for at, p in enumerate(given.parts, 1)}
    return read(given.description).parts()


def _embedded(windows: TokenWindows) -> _Meanings:
    words = meaning.of_words(windows.words) if windows.words else np.zeros((1, 384), np.float32)
    texts: dict[str, int] = {}
    of_place = np.zeros(windows.ids.shape, np.int64)
    for row in range(len(windows)):
        places = np.flatnonzero(windows.word[row] >= 0)
        if not places.size:
            continue
        first = int(windows.ordinal[row, places[0]])
        part = (windows.ordinal[row, places] - first) // STRETCH  # [place with a word]
        text = windows.texts[int(windows.document[row])]
        for number in np.unique(part):
            inside = places[part == number]
            start, end = windows.start[row, inside].min(), windows.end[row, inside].max()
            piece = " ".join(text[int(start) : int(end)].split()) or ","
            of_place[row, inside] = texts.setdefault(piece, len(texts))
    stretches = meaning.of_words(list(texts) or [","])
    return _Meanings(words, stretches, of_place)


def _above(near: np.ndarray) -> np.ndarray:
    """Standard deviations above the mean, nothing below."""
    return np.maximum((near - near.mean()) / max(float(near.std()), 1e-9), 0.0)
