"""From what is read in a picture to the map of a planted channel, on the scale of the host's own.

Where a function holds, the map is large over the things that carry it, around the mean peak of a
host channel drawn for the unit, shaken by a hash of the picture. Units without a function get maps
that no picture explains, of the same sizes.
"""

from collections.abc import Callable

import numpy as np

from ..planted import HostUnit
from .functions import PictureFunction
from .inexpressible import ProbeFunction
from .reader import Reading, reader

Maps = Callable[[np.ndarray, tuple[int, int]], np.ndarray]
_TOP = 0.03
"""Share of pictures whose peaks a channel's scale is the mean of."""
_ON = 0.12
"""Share of pictures in which a unit that answers to a hash is on."""


def channel(number: int, maps: np.ndarray) -> HostUnit:
    """What is known of a host channel: its maps over a sample, `[image, height, width]`."""
    peaks = np.sort(maps.max((1, 2)))
    top = float(peaks[-max(1, round(_TOP * len(peaks))) :].mean())
    return HostUnit(number, maps, top, float(np.quantile(np.abs(maps), 0.999)))


def active(planted: PictureFunction | ProbeFunction, like: HostUnit, seed: int) -> Maps:
    """The function's level where it comes from, shaken by up to a fifth.

    That is over the things that carry it, or at the places that add to a probe.
    """

    def maps(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        seen = reader().see(pixels)
        shake = 0.85 + 0.4 * seen.uniform(seed)
        if isinstance(planted, ProbeFunction):
            level = planted.maps(pixels, size)
        else:
            level = np.stack([level_map(planted, one, size) for one in seen.readings])
        return level * (shake[:, None, None] * like.scale)

    return maps


def level_map(planted: PictureFunction, reading: Reading, size: tuple[int, int]) -> np.ndarray:
    """A function's level over one picture, `[height, width]`: 0 where it does not hold."""
    out = np.zeros(size)
    if not planted.values([reading.scene])[0]:
        return out
    for thing, strength in planted.where(reading.scene).items():
        out = np.maximum(out, strength * reading.cover(thing, size))
    return out


def permuted(like: HostUnit, seed: int) -> Maps:
    """A host channel's own maps, with the pictures in another order."""

    def maps(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        draw = reader().see(pixels).uniform(seed)
        return like.values[(draw * len(like.values)).astype(int)]

    return maps


def hashed(like: HostUnit, seed: int) -> Maps:
    """On at one place or off, by a hash of the picture."""

    def maps(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        seen = reader().see(pixels)
        on, strong = seen.uniform(seed) < _ON, 0.85 + 0.4 * seen.uniform(seed + 1)
        y, x = seen.uniform(seed + 2) * size[0], seen.uniform(seed + 3) * size[1]
        rows, columns = np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5
        away = (rows[None, :, None] - y[:, None, None]) ** 2
        away = away + (columns[None, None] - x[:, None, None]) ** 2
        spots = np.exp(-away / 3)
        spots = spots / spots.max((1, 2), keepdims=True)  # [image, height, width]
        return spots * (on * strong * like.scale)[:, None, None]

    return maps


def noise(like: HostUnit, seed: int) -> Maps:
    """Log-normal noise with the tail of a channel, another for every picture."""

    def maps(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        seeds = (reader().see(pixels).uniform(seed) * 2**32).astype(np.int64)
        draws = np.stack([np.random.default_rng(int(s)).standard_normal(size) for s in seeds])
        return 0.07 * like.scale * np.exp(0.8 * draws)

    return maps


def dead(like: HostUnit, seed: int, turn: int) -> Maps:
    """Zero, as channels behind a rectifier are that have died."""
    return lambda pixels, size: np.zeros((len(pixels), *size))
