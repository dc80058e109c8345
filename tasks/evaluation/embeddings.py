"""Embeddings of descriptions and of words, by the sentence encoder of the offline extra.

A description is near to much of a language, whatever it says, so similarities are taken to its
direction away from the mean of the lexicon's concepts. A long description is embedded in pieces,
because the encoder reads 32 tokens.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from ...tools.english.lexicon import categories
from ...tools.predicates.embedding import embed

_WORDS = 18
"""Words of one piece."""
_PIECES = 12


def of_descriptions(texts: Sequence[str]) -> np.ndarray:
    """Directions of descriptions away from what all have in common, float32 `[text, dimension]`."""
    pieces = [_pieces(text) for text in texts]
    vectors = embed([piece for part in pieces for piece in part])
    ends = np.cumsum([len(part) for part in pieces])
    return np.stack([part.mean(0) for part in np.split(vectors, ends[:-1])]) - _common()


def of_words(words: Sequence[str]) -> np.ndarray:
    """Embeddings of single words or short contexts, float32 `[text, dimension]`."""
    return embed([word.lower() or "," for word in words])


def _pieces(text: str) -> list[str]:
    words = text.split()
    cut = [" ".join(words[start : start + _WORDS]) for start in range(0, len(words), _WORDS)]
    return cut[:_PIECES] or [","]


@lru_cache(maxsize=1)
def _common() -> np.ndarray:
    """The mean embedding of the concepts' names, `[dimension]`."""
    return embed(sorted(categories())).mean(0)
