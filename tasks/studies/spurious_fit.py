"""Logistic regression on units, and the choice of units by an l1 penalty.

Features are divided by their standard deviation on the training pictures. The ridge is small and
the same for every set of units. The l1 penalty is found by bisection so that a given number of
units have a weight; these are then fitted again without it, as sets chosen otherwise are.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

RIDGE = 1e-3
"""Of the squared weights, for the mean loss of a picture."""
_STEPS = 300


def fit(features: np.ndarray, classes: np.ndarray, units: Sequence[int]) -> "Pipeline":
    """Multinomial logistic regression on some units.

    Args:
        features: float `[image, unit]`.
        classes: int `[image]`.
        units: Numbers of the units.

    Returns:
        A classifier of features of these units, `[image, chosen]`.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    ridge = LogisticRegression(C=1 / (2 * RIDGE * len(features)), max_iter=400, tol=1e-5)
    x = features[:, list(units)].astype(np.float64)
    return make_pipeline(StandardScaler(), ridge).fit(x, classes)


def l1_units(features: np.ndarray, classes: np.ndarray, n: int) -> np.ndarray:
    """The units that l1-penalised regression keeps, int64 `[n]`, strongest first.

    Where no penalty leaves just so many, the strongest of the next larger set.
    """
    x = features.astype(np.float64)
    x = (x - x.mean(0)) / np.maximum(x.std(0), 1e-6)
    truth = np.eye(classes.max() + 1)[classes]
    step = 1 / (0.5 * float(np.linalg.eigvalsh(x.T @ x / len(x))[-1]) + 0.5)
    high = float(np.abs(x.T @ (truth - truth.mean(0)) / len(x)).max())
    low, best = 0.0, np.ones(x.shape[1])
    weights, bias = np.zeros((x.shape[1], truth.shape[1])), np.zeros(truth.shape[1])
    for _ in range(14):
        penalty = (low + high) / 2 if low else high * 0.3
        weights, bias = _proximal(x, truth, penalty, step, weights, bias)
        strength = np.abs(weights).sum(1)
        kept = int((strength > 1e-6).sum())
        if kept >= n:
            low, best = penalty, strength
        else:
            high = penalty
        if kept == n:
            break
    return np.argsort(-best, kind="stable")[:n].astype(np.int64)


def _proximal(
    x: np.ndarray,
    truth: np.ndarray,
    penalty: float,
    step: float,
    weights: np.ndarray,
    bias: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Accelerated proximal gradient (FISTA) of the mean cross-entropy, from a warm start."""
    from scipy.special import softmax

    ahead, ahead_bias, pace = weights, bias, 1.0
    for _ in range(_STEPS):
        slope = (softmax(x @ ahead + ahead_bias, axis=1) - truth) / len(truth)
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
