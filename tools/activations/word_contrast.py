"""Which words go with one of two outcomes of places, held to what exchanged outcomes give.

1. A word in a context counts once a document: of a document with several such places it counts the
   share that has the outcome. A word must occur in two documents.
2. The score of one word is D * KL(a || r), with D its documents, a the mean share of the outcome in
   them and r that of all documents: by Chernoff's bound the chance of so high an a is below
   exp(-score), so that rare and frequent words compare.
3. A set of words of one context grows by the word that adds most: a document with the outcome
   counts 1, one without it `-COST`, a word 1; the best set of all contexts is told.
4. Outcomes are exchanged by document: a document gets the sequence of outcomes of another, so that
   what clusters in documents still does, and their rates are the same. Every step above is done
   again on each exchange: sides, words, contexts and sets; p = (1 + exchanges whose best is at
   least as high) / (exchanges + 1), the max-statistic of Westfall and Young (1993).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

COST = 3.0
"""What covering a document without the outcome costs: a rule for exceptions may be wrong at most
once in three."""
MAX_P = 0.05
_LEAST_DOCUMENTS = 2
_LEAST_GAIN = 2.0
_LEAST_RIGHT = 3
_MAX_SET = 12
_EXCHANGES = 199
_SET_EXCHANGES = 99
"""Fewer, as a set is searched in each; p still goes down to .01."""


class Sign(NamedTuple):
    """A word in a context."""

    context: str
    word: str


class Table(NamedTuple):
    """Which places have which signs."""

    signs: list[Sign]
    weight: sparse.csr_matrix
    """`[sign, place]`: 1 over the number of the document's places with the sign."""
    document: np.ndarray
    """`[place]`."""


class Words(NamedTuple):
    """Every sign with its score."""

    score: np.ndarray
    """`[sign]`."""
    more: np.ndarray
    """`[sign]`: whether it goes with the outcome, not with its absence."""
    p: np.ndarray
    """`[sign]`, over all signs of its side."""


class WordSet(NamedTuple):
    """Words of one context that cover an outcome."""

    context: str
    words: list[str]
    covered: np.ndarray
    """`[place]`."""
    score: float
    p: float


def table(signs: Sequence[set[Sign]], document: np.ndarray) -> Table:
    """The signs that occur in at least two documents.

    Args:
        signs: Of every place.
        document: `[place]`.
    """
    number: dict[Sign, int] = {}
    rows = [number.setdefault(sign, len(number)) for some in signs for sign in sorted(some)]
    places = np.repeat(np.arange(len(signs)), [len(some) for some in signs])
    code, numbered = np.unique(document, return_inverse=True)
    shape = (len(number), len(code))
    ones = np.ones(len(rows))
    counts = sparse.csr_matrix((ones, (rows, numbered[places])), shape)  # [sign, document]
    share = 1 / np.asarray(counts[rows, numbered[places]]).ravel() if rows else ones
    weight = sparse.csr_matrix((share, (rows, places)), (len(number), len(signs)))
    kept = np.flatnonzero(np.diff(counts.indptr) >= _LEAST_DOCUMENTS)
    names = list(number)
    return Table([names[at] for at in kept], weight[kept], document)


def exchanged(
    outcome: np.ndarray, document: np.ndarray, n: int, rng: np.random.Generator
) -> np.ndarray:
    """float64 `[place, 1 + n]`: the outcomes, and `n` exchanges of them by document.

    A document gets the sequence of another, from its start, again and again if it is too short.
    """
    order = np.argsort(document, kind="stable")
    _, start, inverse, size = np.unique(
        document[order], return_index=True, return_inverse=True, return_counts=True
    )
    within = np.arange(len(order)) - start[inverse]
    sequence = outcome[order].astype(float)
    out = np.empty((len(outcome), n + 1))
    out[:, 0] = outcome
    for at in range(1, n + 1):
        donor = rng.permutation(len(size))[inverse]
        out[order, at] = sequence[start[donor] + within % size[donor]]
    return out


def single_words(known: Table, outcome: np.ndarray, rng: np.random.Generator) -> Words:
    """Scores every sign for the outcome and against it."""
    drawn = exchanged(outcome, known.document, _EXCHANGES, rng)  # [place, draw]
    documents = np.asarray(known.weight.sum(1)).reshape(-1, 1)  # [sign, 1]
    share = np.clip((known.weight @ drawn) / documents, 0, 1)  # [sign, draw]
    _, inverse, size = np.unique(known.document, return_inverse=True, return_counts=True)
    rate = (drawn / size[inverse][:, None]).sum(0) / len(size)  # [draw]
    score = documents * (_term(share, rate) + _term(1 - share, 1 - rate))
    more = share > rate
    p = np.ones(len(score))
    for side in (True, False):
        own = np.where(more == side, score, 0.0)
        best = np.sort(own[:, 1:].max(0, initial=0.0))
        above = len(best) - np.searchsorted(best, own[:, 0] - 1e-9)
        p = np.where(more[:, 0] == side, (1 + above) / (len(best) + 1), p)
    return Words(score[:, 0], more[:, 0], p)


def word_set(known: Table, outcome: np.ndarray, rng: np.random.Generator) -> WordSet | None:
    """The set of words that covers most of the outcome and least besides, with its p."""
    drawn = exchanged(outcome, known.document, _SET_EXCHANGES, rng)
    worth = drawn - COST * (1 - drawn)  # [place, draw]
    rows: dict[str, list[int]] = {}
    for at, sign in enumerate(known.signs):
        rows.setdefault(sign.context, []).append(at)
    best = np.zeros(drawn.shape[1])
    found: tuple[str, list[int], np.ndarray] | None = None
    for context, members in rows.items():
        score, chosen, covered = _greedy(known.weight[members], worth, drawn)
        if score[0] > best[0]:
            found = context, [members[at] for at in chosen], covered
        best = np.maximum(best, score)
    if found is None:
        return None
    context, chosen, covered = found
    p = (1 + int((best[1:] >= best[0] - 1e-9).sum())) / len(best)
    return WordSet(context, [known.signs[at].word for at in chosen], covered, float(best[0]), p)


def _greedy(
    weight: sparse.csr_matrix, worth: np.ndarray, drawn: np.ndarray
) -> tuple[np.ndarray, list[int], np.ndarray]:
    """One set for every draw at once: scores `[draw]`; words and places covered of the first."""
    free = worth.copy()  # [place, draw]: what covering a place is worth still
    right = np.zeros(worth.shape[1])
    score = np.zeros(worth.shape[1])
    alive = np.arange(worth.shape[1])
    chosen: list[int] = []
    has = weight.copy()
    has.data[:] = 1.0
    for _ in range(_MAX_SET):
        gain = weight @ free[:, alive]  # [word, draw]
        top = gain.argmax(0)
        most = gain[top, np.arange(len(alive))]
        going = most >= _LEAST_GAIN
        alive, top = alive[going], top[going]
        if not len(alive):
            break
        score[alive] += most[going] - 1
        still = free[:, alive] != 0
        right[alive] += (weight[top].toarray().T * still * drawn[:, alive]).sum(0)
        free[:, alive] = np.where(has[top].toarray().T > 0, 0.0, free[:, alive])
        if alive[0] == 0:
            chosen.append(int(top[0]))
    score = np.where(right >= _LEAST_RIGHT - 1e-9, score, 0.0)
    return score, chosen, (worth[:, 0] != 0) & (free[:, 0] == 0)


def _term(share: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """`share * log(share / rate)`, 0 where the share is 0."""
    safe = np.where(share > 0, share, 1.0)
    return np.where(share > 0, share * np.log(safe / np.maximum(rate, 1e-12)), 0.0)
