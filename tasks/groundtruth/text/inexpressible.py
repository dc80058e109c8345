"""Tier C: functions that no predicate can say, so that only a share of them can be described.

Each is a plain rule on the host's tokens: a threshold on a direction of the embedding, nearness to
a concept's centroid, a comparison of a token with the one before, a parity, a small trained
network. What the best predicate reaches on them is measured, not assumed.
"""

import numpy as np

from ....tools.models.conditions import Condition, one_of
from ....tools.models.planted import Vocabulary
from ..planted import INEXPRESSIBLE, ON_OFF, holds
from .functions import TextFunction, ascending, beside, by_surface


def probe(embedding: np.ndarray, frequency: np.ndarray, rng: np.random.Generator) -> TextFunction:
    """A trained probe's kind of rule: the embedding's share along a direction is large.

    Args:
        embedding: `[id, d]`.
        frequency: `[id]` occurrences in the corpus.
        rng: Of the direction.
    """
    known = np.flatnonzero(frequency >= 5)
    x = embedding - embedding[known].mean(0)
    along = x @ rng.standard_normal(x.shape[1])
    order = known[np.argsort(-along[known])]
    share = np.cumsum(frequency[order]) / frequency.sum()
    cut = along[order[max(5, int(np.searchsorted(share, 0.02)))]]
    return _tokens(along > cut, "a linear probe of the token's embedding", "probe")


def nearness(
    embedding: np.ndarray, frequency: np.ndarray, ids: np.ndarray, name: str
) -> TextFunction:
    """The token's embedding is near to the mean of a concept's.

    Args:
        embedding: `[id, d]`.
        frequency: `[id]` occurrences in the corpus.
        ids: Tokens of the concept.
        name: Of the concept.
    """
    unit = embedding / np.maximum(np.linalg.norm(embedding, axis=1, keepdims=True), 1e-9)
    cosine = unit @ unit[ids].mean(0)
    known = np.flatnonzero(frequency >= 5)
    order = known[np.argsort(-cosine[known])]
    return _tokens(cosine >= cosine[order[3 * len(ids)]], f"tokens near {name}", "nearness")


def alliteration() -> TextFunction:
    """The word begins with the letter of the word before it."""

    def condition(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        first = np.array([ord((s.strip().lower() or " ")[0]) for s in vocabulary.surfaces])
        letter = np.array([s.strip()[:1].isalpha() for s in vocabulary.surfaces])
        same = beside(lambda token, before: (first[token] == first[before]) & letter[token])
        return same(ids, vocabulary)

    return _function(condition, "a word with the first letter of the word before it", "agreement")


def longer(by: int) -> TextFunction:
    """The word is longer than the one before by at least so many letters."""

    def condition(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        size = np.array([len(s.strip()) if s.strip().isalpha() else 0 for s in vocabulary.surfaces])
        grows = beside(lambda token, old: (size[old] > 0) & (size[token] >= size[old] + by))
        return grows(ids, vocabulary)

    text = f"a word at least {by} letters longer than the one before"
    return _function(condition, text, "comparison")


def parity(words: tuple[str, ...], at: tuple[str, ...]) -> TextFunction:
    """A count: one of `at`, after an odd number of `words` in this text."""

    def condition(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        count = np.cumsum(vocabulary.among(words)[ids], axis=1)
        return vocabulary.among(at)[ids] & (count % 2 == 1)

    text = f"one of {', '.join(at)} after an odd number of {', '.join(words)}"
    return _function(condition, text, "count")


def small_network(seed: int) -> TextFunction:
    """A two-layer network trained on an exclusive or of two facts of the word.

    The facts are: it begins with a letter before `n`; it has an even number of letters. The network
    sees the letters' codes and the length, and is trained on the host's own vocabulary.
    """
    yes = by_surface(lambda surfaces: _trained(surfaces, seed))
    return _function(yes, "a small network's exclusive or of initial and length parity", "network")


def ordered(words: tuple[str, ...]) -> TextFunction:
    """A concept's word that comes later in the alphabet than the word before it."""

    def condition(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        return one_of(words)(ids, vocabulary) & ascending(ids, vocabulary)

    return _function(condition, f"one of {', '.join(words)} after an earlier word", "order")


def _trained(surfaces: tuple[str, ...], seed: int) -> np.ndarray:
    """`[id]` bool: where the network says yes."""
    from sklearn.neural_network import MLPClassifier

    words = [surface.strip().lower() for surface in surfaces]
    known = np.array([len(word) > 1 and word.isascii() and word.isalpha() for word in words])
    first = np.array([ord((word or "a")[0]) - 96 for word in words]) / 26
    size = np.array([len(word) for word in words])
    x = np.stack([first, *((size >> bit) & 1 for bit in range(4))], axis=1)  # [id, fact]
    y = (first < 14 / 26) ^ (size % 2 == 0)
    network = MLPClassifier((16,), random_state=seed, max_iter=400, learning_rate_init=0.01)
    network.fit(x[known], y[known])
    return known & network.predict(x).astype(bool)


def _tokens(chosen: np.ndarray, text: str, variant: str) -> TextFunction:
    return _function(lambda ids, vocabulary: chosen[ids], text, variant)


def _function(condition: Condition, text: str, variant: str) -> TextFunction:
    return TextFunction(INEXPRESSIBLE, text, {"s": condition}, holds("s"), ON_OFF, variant=variant)
