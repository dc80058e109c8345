"""Tier C: functions that no predicate can say, so that only a share of them can be described.

Each is a plain rule on the host's tokens: a threshold on a direction of the embedding, nearness to
a concept's centroid, a comparison of a token with the one before, a parity, a small trained
network. What the best predicate reaches on them is measured, not assumed.
"""

import numpy as np

from ....tools.models.conditions import one_of
from ....tools.models.planted import Vocabulary
from .forms import Cell, Form, ascending

CELLS = (Cell("active", {"s": True}, True), Cell("inactive", {"s": False}, False))


def probe(embedding: np.ndarray, frequency: np.ndarray, rng: np.random.Generator) -> Form:
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


def nearness(embedding: np.ndarray, frequency: np.ndarray, ids: np.ndarray, name: str) -> Form:
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


def alliteration() -> Form:
    """Agreement: the word begins with the letter of the word before it."""

    def holds(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        first = np.array([ord((s.strip().lower() or " ")[0]) for s in vocabulary.surfaces])
        letter = np.array([s.strip()[:1].isalpha() for s in vocabulary.surfaces])
        found = np.zeros(ids.shape, bool)
        found[:, 1:] = (first[ids[:, 1:]] == first[ids[:, :-1]]) & letter[ids[:, 1:]]
        return found

    return _form(holds, "a word with the first letter of the word before it", "agreement")


def longer(by: int) -> Form:
    """The word is longer than the one before by at least so many letters."""

    def holds(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        size = np.array([len(s.strip()) if s.strip().isalpha() else 0 for s in vocabulary.surfaces])
        found = np.zeros(ids.shape, bool)
        before = size[ids[:, :-1]]
        found[:, 1:] = (before > 0) & (size[ids[:, 1:]] >= before + by)
        return found

    return _form(holds, f"a word at least {by} letters longer than the one before", "comparison")


def parity(words: tuple[str, ...], at: tuple[str, ...]) -> Form:
    """A count: one of `at`, after an odd number of `words` in this text."""

    def holds(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        many = np.cumsum(vocabulary.among(words)[ids], axis=1)
        return vocabulary.among(at)[ids] & (many % 2 == 1)

    return _form(
        holds, f"one of {', '.join(at)} after an odd number of {', '.join(words)}", "count"
    )


def small_network(seed: int) -> Form:
    """A two-layer network trained on an exclusive or of two facts of the word.

    The facts are: it begins with a letter before `n`; it has an even number of letters. The network
    sees the letters' codes and the length, and is trained on the host's own vocabulary.
    """
    kept: dict[int, np.ndarray] = {}

    def holds(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        if id(vocabulary) not in kept:
            kept[id(vocabulary)] = _trained(vocabulary.surfaces, seed)
        return kept[id(vocabulary)][ids]

    return _form(holds, "a small network's exclusive or of initial and length parity", "network")


def ordered(words: tuple[str, ...]) -> Form:
    """A concept's word that comes later in the alphabet than the word before it."""

    def holds(ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        return one_of(words)(ids, vocabulary) & ascending(ids, vocabulary)

    return _form(holds, f"one of {', '.join(words)} after an earlier word", "order")


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


def _tokens(chosen: np.ndarray, text: str, variant: str) -> Form:
    return _form(lambda ids, vocabulary: chosen[ids], text, variant)


def _form(holds, text: str, variant: str) -> Form:
    return Form("beyond", text, {"s": holds}, lambda a: a["s"] * 1.0, CELLS, variant=variant)
