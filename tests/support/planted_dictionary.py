"""Data whose dictionary is known: each place is the sum of exactly three features."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment


class Planted(NamedTuple):
    """Places with the features they are made of."""

    x: np.ndarray
    """float32 `[place, width]`."""
    on: np.ndarray
    """bool `[place, feature]`."""
    features: np.ndarray
    """Unit rows, `[feature, width]`."""


def planted_dictionary(seed: int, *, width: int = 32, n: int = 64, places: int = 40_000) -> Planted:
    """Three features a place, of strength .5 to 1.5; the first two go together half of the time."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n, width))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    chosen = np.argsort(rng.random((places, n)), 1)[:, :3]
    pair = (chosen < 2).sum(1) == 1
    pair &= rng.random(places) < 0.5
    rows = np.flatnonzero(pair)
    one = (chosen[rows] < 2).argmax(1)
    chosen[rows, (one + 1) % 3] = 1 - chosen[rows, one]
    on = np.zeros((places, n), bool)
    np.put_along_axis(on, chosen, True, 1)
    x = (on * (rng.random((places, n)) + 0.5)) @ features
    return Planted(x.astype(np.float32), on, features)


def matched(
    planted: Planted, rows: np.ndarray, active: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and F1 of support of each feature with its latent, matched one to one.

    Args:
        planted: The truth.
        rows: The decoder's, `[latent, width]`.
        active: bool `[place, latent]`, for the first places.
    """
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True).clip(1e-9)
    cosines = planted.features @ unit.T
    feature, latent = linear_sum_assignment(-cosines)
    on = planted.on[: len(active), feature]
    got = active[:, latent]
    f1 = 2 * (on & got).sum(0) / (on.sum(0) + got.sum(0)).clip(1)
    return cosines[feature, latent], f1
