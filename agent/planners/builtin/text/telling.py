"""Which few conditions tell places of one token apart, as a reader of a label would use them.

A reader of "more after commas; less in texts with 'file'" counts what holds, each for as much as
another. So conditions are added one at a time, as long as their plain sum, less the mean of each
token, goes better with what the unit does beyond its tokens, on both halves of the documents; the
words that they need are limited. Our formulation; the largest weights of a regression make worse
labels, as they often belong to what seldom holds.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from .conditions import Condition

MOST_WORDS = 9
"""That the conditions may need: of the twelve of a label some say where the unit is active."""
_TRIED = 150
"""Conditions that go with the unit most clearly alone."""
_CHANCE = 0.3
"""Of any one condition that has nothing to do with the unit."""
_MOST_PLACES = 40
"""Of a token: all of its places together weigh at most as much as these."""
_LEAST_GAIN = 0.003
"""In correlation, that a further condition must add."""
_BETTER_HALF = 0.25
"""How much the half with the higher correlation counts beside the other."""


class _Half(NamedTuple):
    """Products on one half of the places, of deviations from token means."""

    gram: np.ndarray
    """`[condition, condition]`."""
    side: np.ndarray
    """`[condition]`, with the unit."""
    spread: float
    """Of the unit."""

    def correlation(self, chosen: np.ndarray, signs: np.ndarray) -> float:
        """Of the plain sum of some conditions with the unit."""
        spread = float(signs @ self.gram[chosen][:, chosen] @ signs) * self.spread
        return float(signs @ self.side[chosen]) / np.sqrt(spread) if spread > 1e-12 else -1.0


def most_telling(
    target: np.ndarray,
    token: np.ndarray,
    half: np.ndarray,
    document: np.ndarray,
    held: np.ndarray,
    conditions: Sequence[Condition],
) -> list[int]:
    """The conditions to be told, in the order in which they were added.

    Args:
        target: Activations, `[place]`.
        token: Of each place, `[place]` integers.
        half: Of the documents, 0 or 1, `[place]`.
        document: Of each place, `[place]` integers.
        held: bool `[condition, place]`.
        conditions: `[condition]`.
    """
    _, token, counts = np.unique(token, return_inverse=True, return_counts=True)

    def beyond(values: np.ndarray) -> np.ndarray:
        return values - (np.bincount(token, values) / counts)[token]

    unit = beyond(target)
    spread = np.sqrt(np.bincount(token, np.square(unit)) / counts)
    root = np.sqrt(spread * np.minimum(1, _MOST_PLACES / counts))[token]
    unit *= root
    sides: list[np.ndarray] = [half == 0, half == 1]
    alone, tried = _screened((unit * root).astype(np.float32), sides, document, held)
    columns = np.array([beyond(held[i].astype(float)) * root for i in tried]).reshape(-1, len(unit))
    halves = [
        _Half(
            columns[:, at] @ columns[:, at].T,
            columns[:, at] @ unit[at],
            float(np.square(unit[at]).sum()),
        )
        for at in sides
    ]
    signs = np.sign(alone[tried])
    chosen: list[int] = []
    best = 0.0
    while True:
        scores = {}
        for i in set(range(len(tried))).difference(chosen):
            more = np.array([*chosen, i])
            said = [(conditions[int(tried[j])], bool(signs[j] > 0)) for j in more]
            if n_words(said) <= MOST_WORDS:
                both = [each.correlation(more, signs[more]) for each in halves]
                scores[i] = min(both) + _BETTER_HALF * max(both)
        top = max(scores, key=lambda i: scores[i], default=None)
        if top is None or scores[top] < best + _LEAST_GAIN:
            return [int(tried[i]) for i in chosen]
        chosen.append(top)
        best = scores[top]


def _screened(
    unit: np.ndarray, sides: Sequence[np.ndarray], document: np.ndarray, held: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How each condition goes with the unit, `[condition]`, and those that do, the clearest first.

    On both halves alike, and over documents with a standard error that chance seldom exceeds among
    as many conditions: what many places of one document share counts once.
    """
    order = np.argsort(document, kind="stable")
    starts = np.flatnonzero(np.diff(document[order], prepend=-1))
    sums = np.add.reduceat(held[:, order] * unit[order], starts, axis=1, dtype=np.float64)
    alone = sums.sum(1)
    z = alone / np.maximum(np.sqrt(np.square(sums).sum(1)), 1e-12)
    agreed = np.prod([sums[:, side[order][starts]].sum(1) for side in sides], axis=0) > 0
    kept = np.flatnonzero(agreed & (abs(z) > norm.isf(_CHANCE / (2 * max(len(held), 1)))))
    return alone, kept[np.argsort(-abs(z[kept]), kind="stable")][:_TRIED]


def n_words(said: Sequence[tuple[Condition, bool]]) -> int:
    """Words that conditions need, more and less told apart, those of one relation together."""
    sides: dict[bool, dict[str, list[str]]] = {}
    for condition, more in said:
        sides.setdefault(more, {}).setdefault(condition.brief, []).append(condition.thing)
    n = 0
    for relations in sides.values():
        n += 1 + (len(relations) > 1)
        for relation, things in relations.items():
            n += len(relation.format("").split()) + sum(len(one.split()) for one in things)
            n += len(things) > 1
    return n
