"""Factors: how much stronger or weaker a unit fires at its words by what stands around them.

What rules and tables predict is multiplied by a factor where a condition holds or fails, one
condition after another. Multiplied and not added, as a neuron that needs its word fires at nothing
without it: on random neurons of MiniLM products tell places of one token apart as well as sums,
and correlate a quarter higher with what the unit does there.

1. Terms learnt on one half of the documents predict the other half, in both directions; what they
   predict there is all that the factors see, as a table fits the places that it was learnt from.
2. What they leave is regressed on prediction times condition, over all conditions at once, by ridge
   regression on each half; the penalty is the one whose weights predict the other half best.
3. The conditions that a label would tell (`telling`) are taken, then those whose weights agree most
   in both halves, as many as predict the other half best with weights of their own, and none where
   that gains too little.
"""

from typing import NamedTuple

import numpy as np

from .conditions import Condition, Conditions
from .telling import Unseen, most_telling

MOST_FACTORS = 8
"""What a reader takes in, and half of the depth that a predicate may have."""
MOST_TOLD = 5
"""Of these, that a label tells."""
_LEAST_GAIN = 0.002
"""Of all variance, on documents not learnt from."""
_FAINT = 0.97
"""A factor above this is not worth saying."""
_PENALTIES = np.geomspace(3, 3e4, 9)
"""With columns of unit variance."""


class Factor(NamedTuple):
    """One condition, and by how much the unit is weaker where it holds (or fails)."""

    condition: Condition
    by: float
    """0 to 1."""
    negated: bool
    """Weaker where the condition fails: stronger where it holds."""


class _Half(NamedTuple):
    """Products of columns on one half of the places."""

    gram: np.ndarray
    """`[column, column]`."""
    side: np.ndarray
    """`[column]`, with what is to be explained."""

    def weights(self, penalty: float, chosen: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Ridge regression on some columns."""
        gram = self.gram[chosen][:, chosen]
        return np.linalg.solve(gram + penalty * np.eye(len(gram)), self.side[chosen])

    def gain(self, weights: np.ndarray, chosen: np.ndarray | slice = slice(None)) -> float:
        """Less squared error with some weights than without."""
        gram = self.gram[chosen][:, chosen]
        return float(2 * weights @ self.side[chosen] - weights @ gram @ weights)


def fit_factors(unseen: Unseen, tried: Conditions) -> tuple[Factor, ...]:
    """The factors that tell more of unseen documents, those that a label would tell first."""
    if not tried.each or not unseen.prediction.any():
        return ()
    spread = float(np.square(unseen.target - unseen.target.mean()).sum())
    held = tried.held[:, unseen.at]  # [condition, place]
    halves, scale, share = _halves(unseen, held)
    penalty, _ = _best(halves)
    one, other = (half.weights(penalty) for half in halves)
    agreed = np.where(one * other > 0, np.minimum(abs(one), abs(other)), 0)
    rest = np.argsort(-agreed, kind="stable")[: int(np.count_nonzero(agreed))]
    told = most_telling(unseen, held, tried.each)[:MOST_TOLD]
    order = np.array([*told, *(i for i in rest if i not in told)], int)
    sizes = range(max(1, len(told)), min(MOST_FACTORS, len(order)) + 1)
    fits = {n: _best(halves, order[:n]) for n in sizes}
    n = max(fits, key=lambda n: fits[n][1], default=0)
    if not n or fits[n][1] < _LEAST_GAIN * spread:
        return ()
    penalty, _ = fits[n]
    both = _Half(halves[0].gram + halves[1].gram, halves[0].side + halves[1].side)
    weights = both.weights(2 * penalty, order[:n]) / scale[order[:n]]
    factors = []
    for i, w in zip(order[:n], weights, strict=True):
        low, high = sorted((1 + w * (1 - share[i]), 1 - w * share[i]))  # where it holds, and fails
        factors.append(Factor(tried.each[i], float(max(low, 0) / high), bool(w > 0)))
    return tuple(factor for factor in factors if factor.by < _FAINT)


def _halves(unseen: Unseen, held: np.ndarray) -> tuple[tuple[_Half, _Half], np.ndarray, np.ndarray]:
    """Either half, the scale that its columns were divided by, and how often conditions hold."""
    squares = np.square(unseen.prediction)
    # where the unit is predicted to fire
    share = (held @ (squares / squares.sum()).astype(np.float32)).astype(float)
    prediction = unseen.prediction * (unseen.target @ unseen.prediction / squares.sum())
    columns = held - share[:, None].astype(np.float32)
    columns *= prediction.astype(np.float32)
    scale = np.maximum(np.sqrt(np.einsum("ij,ij->i", columns, columns) / columns.shape[1]), 1e-12)
    columns /= scale[:, None]
    rest = (unseen.target - prediction).astype(np.float32)
    parts = (columns[:, unseen.half == side] for side in (0, 1))
    first, second = (
        _Half((part @ part.T).astype(float), (part @ rest[unseen.half == side]).astype(float))
        for side, part in enumerate(parts)
    )
    return (first, second), scale.astype(float), share


def _best(
    halves: tuple[_Half, _Half], chosen: np.ndarray | slice = slice(None)
) -> tuple[float, float]:
    """The penalty whose weights from either half explain most of the other, and how much."""
    one, other = halves

    def gain(penalty: float) -> float:
        forth = other.gain(one.weights(penalty, chosen), chosen)
        return forth + one.gain(other.weights(penalty, chosen), chosen)

    gains = [gain(penalty) for penalty in _PENALTIES]
    best = int(np.argmax(gains))
    return float(_PENALTIES[best]), gains[best]
