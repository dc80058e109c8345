"""Words whose own output embedding lies along a direction: what a change of an encoder's output
embedding means.

1. The target embeds every lexicon word by itself, as a text of one word; once for a target.
2. The mean embedding is taken away, so that what all words share does not count.
3. Words are ranked by the cosine between their embedding and the direction.
"""

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from ..data.windows import batches
from ..lab import Lab
from ..models import Target

_ROWS = 256
_KEPT: "WeakKeyDictionary[Target, _Embedded]" = WeakKeyDictionary()


class _Embedded(NamedTuple):
    words: tuple[str, ...]
    vectors: np.ndarray  # [word, d], centred, length 1


class Near(NamedTuple):
    """A word and the cosine of its embedding with a direction."""

    word: str
    cosine: float


class Neighbours(NamedTuple):
    """The words at both ends of a direction."""

    toward: list[Near]
    away: list[Near]


def neighbours(lab: Lab, direction: np.ndarray, n: int = 8) -> Neighbours:
    """The lexicon words nearest to a direction `[d]` of the output, and to its opposite."""
    known = _embedded(lab)
    length = float(np.linalg.norm(direction))
    if length < 1e-12 or not known.words:
        return Neighbours([], [])
    cosine = known.vectors @ (direction / length)  # [word]
    order = np.argsort(-cosine, kind="stable")
    near = [Near(known.words[i], float(cosine[i])) for i in order]
    return Neighbours(near[:n], near[::-1][:n])


def lexicon_vectors(lab: Lab) -> tuple[tuple[str, ...], np.ndarray]:
    """The words, and their embeddings `[word, d]`, centred and of length 1."""
    known = _embedded(lab)
    return known.words, known.vectors


def _embedded(lab: Lab) -> _Embedded:
    target = lab.target
    if target not in _KEPT:
        from ..english.lexicon import lexicon

        words = tuple(sorted({word for listed in lexicon().values() for word in listed}))
        rows = lab.tokenize(words)
        result = []
        for _, part in batches(rows, _ROWS):
            output = lab.trace(part).output
            assert output is not None
            result.append(output.cpu().double().numpy())
        vectors = np.concatenate(result)  # [word, d]
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = vectors - vectors.mean(0)
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        _KEPT[target] = _Embedded(words, vectors)
    return _KEPT[target]
