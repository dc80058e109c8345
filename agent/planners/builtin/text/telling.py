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

from .conditions import Condition, more_and_less

MOST_TAIL = 9
"""Words that the conditions may need: of the twelve of a label some say where a unit is active."""
_TRIED = 150
"""Conditions that go with the unit most clearly alone."""
_CHANCE = 0.3
"""That one condition or more passes, where none has anything to do with the unit."""
_MOST_PLACES = 40
"""Of a token: all of its places together weigh at most as much as these."""
_LEAST_GAIN = 0.003
"""In correlation, that a further condition must add."""
_BETTER_HALF = 0.25
"""How much the half with the higher correlation counts beside the other."""


class Unseen(NamedTuple):
    """What terms predict of documents that they were not learnt from; arrays `[place]`."""

    target: np.ndarray
    """Activations over the base level."""
    prediction: np.ndarray
    """Over the base level."""
    half: np.ndarray
    """0 or 1: the half that the place is in."""
    at: np.ndarray
    """Which of the flat places of the features these are."""
    token: np.ndarray
    """The id of the token there."""
    document: np.ndarray
    """The number of its document."""


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


def most_telling(unseen: Unseen, held: np.ndarray, conditions: Sequence[Condition]) -> list[int]:
    """The conditions to be told, in the order in which they were added.

    Args:
        unseen: The unit, and what is predicted of it.
        held: bool `[condition, place]`: where each holds.
        conditions: `[condition]`.
    """
    _, token, counts = np.unique(unseen.token, return_inverse=True, return_counts=True)

    def beyond(values: np.ndarray) -> np.ndarray:
        return values - (np.bincount(token, values) / counts)[token]

    unit = beyond(unseen.target)
    spread = np.sqrt(np.bincount(token, np.square(unit)) / counts)
    root = np.sqrt(spread * np.minimum(1, _MOST_PLACES / counts))[token]
    unit *= root
    sides: list[np.ndarray] = [unseen.half == 0, unseen.half == 1]
    alone, tried = _screened((unit * root).astype(np.float32), sides, unseen.document, held)
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
        for i in (i for i in range(len(tried)) if i not in chosen):
            more = np.array([*chosen, i])
            said = [(conditions[int(tried[j])], bool(signs[j] > 0)) for j in more]
            if n_words(said) <= MOST_TAIL:
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
    """Words that a label needs for conditions."""
    return len(more_and_less(said, brief=True).removeprefix("; ").split())
