"""Logistic regression on units, and the choice of units by an l1 penalty.

Features are divided by their standard deviation on the training pictures. The ridge is small and
the same for every set of units. The l1 penalty is found by bisection so that a given number of
units have a weight; these are then fitted again without it, as sets chosen otherwise are.
"""

from typing import Any, NamedTuple

import numpy as np

RIDGE = 1e-3
"""Of the squared weights, for the mean loss of a picture."""
_STEPS = 300


class Fit(NamedTuple):
    """Multinomial logistic regression on some units."""

    units: np.ndarray
    """int64 `[chosen]`."""
    centre: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    """`[chosen, class]`."""
    bias: np.ndarray
    """`[class]`."""

    def right(self, features: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """bool `[image]`: whether the class is said rightly."""
        x = (features[:, self.units] - self.centre) / self.spread
        return (x @ self.weights + self.bias).argmax(1) == classes


def fit(features: np.ndarray, classes: np.ndarray, units: Any, *, many: int) -> Fit:
    """Fits on chosen units.

    Args:
        features: float `[image, unit]`.
        classes: int `[image]`.
        units: Numbers of the units.
        many: How many classes there are.
    """
    from scipy.optimize import minimize

    chosen = np.asarray(units, np.int64)
    x, centre, spread = _scaled(features[:, chosen])
    truth = np.eye(many)[classes]
    shape = (len(chosen) + 1, many)
    x = np.concatenate([x, np.ones((len(x), 1))], 1)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape)
        value, slope = _loss(x @ weights, truth)
        free = weights.copy()
        free[-1] = 0  # the bias is not penalised
        gradient = x.T @ slope + 2 * RIDGE * free
        return value + RIDGE * float((free**2).sum()), gradient.ravel()

    found = minimize(
        loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 400}
    )
    weights = found.x.reshape(shape)
    return Fit(chosen, centre, spread, weights[:-1], weights[-1])


def l1_units(features: np.ndarray, classes: np.ndarray, number: int, *, many: int) -> np.ndarray:
    """The units that l1-penalised regression keeps, int64 `[number]`, strongest first.

    Where no penalty leaves just so many, the strongest of the next larger set.
    """
    x, _, _ = _scaled(features)
    truth = np.eye(many)[classes]
    step = 1 / (0.5 * float(np.linalg.eigvalsh(x.T @ x / len(x))[-1]) + 0.5)
    high = float(np.abs(x.T @ (truth - truth.mean(0)) / len(x)).max())
    low, best = 0.0, np.ones(x.shape[1])
    weights, bias = np.zeros((x.shape[1], many)), np.zeros(many)
    for _ in range(14):
        penalty = (low + high) / 2 if low else high * 0.3
        weights, bias = _proximal(x, truth, penalty, step, weights, bias)
        strength = np.abs(weights).sum(1)
        kept = int((strength > 1e-6).sum())
        if kept >= number:
            low, best = penalty, strength
        else:
            high = penalty
        if kept == number:
            break
    return np.argsort(-best, kind="stable")[:number].astype(np.int64)


def _proximal(
    x: np.ndarray,
    truth: np.ndarray,
    penalty: float,
    step: float,
    weights: np.ndarray,
    bias: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Accelerated proximal gradient (FISTA) from a warm start."""
    ahead, ahead_bias, pace = weights, bias, 1.0
    for _ in range(_STEPS):
        _, slope = _loss(x @ ahead + ahead_bias, truth)
        moved = ahead - step * (x.T @ slope)
        new = np.sign(moved) * np.maximum(np.abs(moved) - step * penalty, 0)
        new_bias = ahead_bias - step * slope.sum(0)
        faster = (1 + np.sqrt(1 + 4 * pace**2)) / 2
        push = (pace - 1) / faster
        ahead, ahead_bias = new + push * (new - weights), new_bias + push * (new_bias - bias)
        done = np.abs(new - weights).max() < 1e-6
        weights, bias, pace = new, new_bias, faster
        if done:
            break
    return weights, bias


def _loss(logits: np.ndarray, truth: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean cross-entropy and its slope by the logits."""
    shifted = logits - logits.max(1, keepdims=True)
    odds = np.exp(shifted)
    odds /= odds.sum(1, keepdims=True)
    value = -float(np.log(np.maximum((odds * truth).sum(1), 1e-30)).mean())
    return value, (odds - truth) / len(truth)


def _scaled(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = features.astype(np.float64)
    centre, spread = x.mean(0), np.maximum(x.std(0), 1e-6)
    return (x - centre) / spread, centre, spread
