"""Textures: stripes, dots and checks, as the share of each place that is inked."""

import numpy as np

from .scene import Texture

PLAIN_PERIOD = 0.1
"""Of the texture of a plain background, as a share of the side."""


def period(size: float) -> float:
    """Of the texture of a thing, as a share of the side: wider on larger things."""
    return 0.03 + 0.07 * size


def inked(texture: Texture, x: np.ndarray, y: np.ndarray, period: float) -> np.ndarray:
    """bool `[y, x]`: whether ink is at these places.

    Args:
        texture: Which.
        x: `[x]` shares of the side, from the middle of the thing.
        y: `[y]` shares of the side.
        period: How far apart marks are.
    """
    u, v = x[None, :] / period, y[:, None] / period
    if texture == "striped":
        return (u + v) * 0.75 % 1 < 0.42
    if texture == "checked":
        return (np.floor(u * 1.5) + np.floor(v * 1.5)) % 2 == 0
    if texture == "dotted":
        row = np.floor(v)
        across = (u + row % 2 / 2) % 1 - 0.5
        return across**2 + (v - row - 0.5) ** 2 < 0.32**2
    return np.zeros((len(y), len(x)), bool)
