"""Weights of predictors that add up: non-negative least squares."""

import numpy as np
from scipy.optimize import nnls


def nonnegative(gram: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Non-negative least squares from the normal equations: gram `[n, n]` and side `[n]`."""
    size = len(side)
    root = np.linalg.cholesky(gram + 1e-9 * max(np.trace(gram), 1e-12) * np.eye(size))
    return nnls(root.T, np.linalg.solve(root, side))[0]
