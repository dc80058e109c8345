"""A description in words as columns of a prediction, without a language model.

1. The words that it quotes, or else its content words, as one predicate.
2. With the offline extra, how near the description is to the token's word and to the stretch of
   text around it, in standard deviations above what is usual for this text, and their product.

Weights of the columns are fitted on the validation split, none below zero; scores are taken on the
test split. Fitted weights let any description score a little; what a wrong one earns that way is
the control of shuffled descriptions. Our formulation.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ...tools.data.windows import TokenWindows
from ...tools.predicates import Predicate, parse
from . import embeddings
from .formats.given import Given

STRETCH = 12
"""Words of one stretch of text."""
SPLITS = ("validation", "test")
_QUOTED = re.compile(r"(?<!\w)[\"'“‘`«]([^\"'“”‘’`«»\n]{1,60})[\"'”’`»](?!\w)")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_NOT_TOLD = frozenset({"words", "word", "tokens", "token", "text", "neuron", "unit", "names"})
"""What descriptions say whatever they describe."""


class Columns(NamedTuple):
    """What a description says of every counted token of one split."""

    names: tuple[str, ...]
    values: np.ndarray
    """float64 `[column, token]`."""


class _Embedded(NamedTuple):
    """Embeddings of what the windows of one split hold."""

    words: np.ndarray
    """float32 `[word, dimension]`, of `windows.words`."""
    stretches: np.ndarray
    """float32 `[stretch, dimension]`."""
    of_place: np.ndarray
    """int64 `[window, place]`: the stretch that a place lies in."""


@dataclass
class TextColumns:
    """Reads descriptions on the windows of the validation and the test split."""

    windows: Mapping[str, TokenWindows]
    with_embeddings: bool = True
    _embedded: dict[str, _Embedded] = field(default_factory=dict, init=False, repr=False)

    def columns(self, given: Given, split: str) -> Columns:
        """The columns of a description; its own predictors alone, where it has any."""
        windows = self.windows[split]
        counted = windows.counted
        parts = predicates_of(given)
        values = [predicate.evaluate(windows)[counted] for predicate in parts.values()]
        names = list(parts)
        if self.with_embeddings and not given.parts:
            if split not in self._embedded:
                self._embedded[split] = _embed(windows)
            here = self._embedded[split]
            direction = embeddings.of_descriptions([given.description])[0]
            near = _above_usual(here.words @ direction)[windows.word]
            near = np.where(windows.word >= 0, near, 0.0)[counted]
            around = _above_usual(here.stretches @ direction)[here.of_place][counted]
            names += ["meaning", "context", "meaning in context"]
            values += [near, around, near * around]
        if not values:
            return Columns((), np.zeros((0, int(counted.sum()))))
        return Columns(tuple(names), np.stack(values).astype(np.float64))


def predicates_of(given: Given) -> dict[str, Predicate]:
    """The predictors that came with a description; else the words that it names."""
    if given.parts:
        return {f"part {n}": parse(part.predictor) for n, part in enumerate(given.parts, 1)}
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    quoted = [text for text in _QUOTED.findall(given.description) if _WORD.search(text)]
    if quoted:
        return {"quoted": parse({"kind": "words", "words": quoted})}
    words = dict.fromkeys(word.lower() for word in _WORD.findall(given.description))
    content = [w for w in words if w not in ENGLISH_STOP_WORDS | _NOT_TOLD and len(w) > 1]
    if not content:
        return {}
    return {"words": parse({"kind": "words", "words": content, "inflect": True})}


def _embed(windows: TokenWindows) -> _Embedded:
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
    words = embeddings.of_words(windows.words or [","])
    return _Embedded(words, embeddings.of_words(list(texts) or [","]), of_place)


def _above_usual(near: np.ndarray) -> np.ndarray:
    """Standard deviations above the mean, nothing below."""
    return np.maximum((near - near.mean()) / max(float(near.std()), 1e-9), 0.0)
