"""Weights of predictors that add up: non-negative least squares, as in the scores."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls


class Additive(NamedTuple):
    """A weighted sum of predictors and a base."""

    weights: np.ndarray
    base: float

    def predict(self, x: np.ndarray) -> np.ndarray:
        """The sum `[place]` of predictors `[place, predictor]`."""
        return self.base + x @ self.weights


def fit_additive(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> Additive:
    """Non-negative weights of predictors `[place, predictor]` for a target `[place]`."""
    total = weight.sum()
    means, level = weight @ x / total, float(weight @ y / total)
    root = np.sqrt(weight)
    centred = (x - means) * root[:, None]
    gram = centred.T @ centred
    ridge = 1e-9 * max(np.trace(gram), 1e-12) * np.eye(len(gram))
    factor = np.linalg.cholesky(gram + ridge)
    side = centred.T @ ((y - level) * root)
    results = nnls(factor.T, np.linalg.solve(factor, side))[0]
    return Additive(results, level - float(means @ results))
