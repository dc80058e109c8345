"""Ridge regression of many targets on the same features, with many strengths of the penalty.

The Gram matrix is turned into its eigenvectors once; a strength then costs one product.
"""

from typing import NamedTuple

import numpy as np

STRENGTHS = np.geomspace(1, 1e6, 13)
"""Of the penalty, with features of about unit variance."""


class Spectrum(NamedTuple):
    """Features of some places, ready for ridge regression of any target."""

    mean: np.ndarray
    values: np.ndarray
    """Eigenvalues of the Gram matrix of centred features, those that are not zero."""
    vectors: np.ndarray


def spectrum(features: np.ndarray) -> Spectrum:
    """Prepares features float32 `[place, feature]`."""
    mean = features.mean(0)
    x = features - mean
    if len(x) < x.shape[1]:  # fewer places than features: as many eigenvalues as places
        _, singular, turned = np.linalg.svd(x, full_matrices=False)
        return Spectrum(mean, np.square(singular, dtype=np.float64), turned.T)
    values, vectors = np.linalg.eigh((x.T @ x).astype(np.float64))
    return Spectrum(mean, np.maximum(values, 0), vectors.astype(np.float32))


def ridge(
    known: Spectrum, x: np.ndarray, y: np.ndarray, strengths: np.ndarray = STRENGTHS
) -> np.ndarray:
    """Weights by each strength, float32 `[strength, feature]`.

    Args:
        known: Of `x`.
        x: float32 `[place, feature]`.
        y: `[place]`; its mean is taken off.
        strengths: Of the penalty.
    """
    side = (x - known.mean).T @ (y - y.mean()).astype(np.float32)
    turned = known.vectors.T @ side  # [feature]
    return (known.vectors @ (turned / (known.values + strengths[:, None])).T.astype(np.float32)).T


def chosen_strength(
    halves: tuple[Spectrum, Spectrum], x: np.ndarray, y: np.ndarray, half: np.ndarray
) -> tuple[float, float]:
    """The strength with the least squared error where each half predicts the other.

    Args:
        halves: Of `x[half]` and of `x[~half]`.
        x: float32 `[place, feature]`.
        y: `[place]`.
        half: bool `[place]`.

    Returns:
        The strength and its summed squared error.
    """
    errors = np.zeros(len(STRENGTHS))
    for fit, known in zip((half, ~half), halves, strict=True):
        weights = ridge(known, x[fit], y[fit])
        predicted = (x[~fit] - known.mean) @ weights.T + y[fit].mean()  # [place, strength]
        errors += np.square(predicted - y[~fit][:, None]).sum(0)
    best = int(errors.argmin())
    return float(STRENGTHS[best]), float(errors[best])
