"""Largest and least values over space, read once and as fast as memory gives them.

A network that got its picture as `[height, width, channel]` keeps the channels of a pixel side by
side. PyTorch then reduces 32 channels at a time and the rest one by one, so that a map of 16
channels takes fifteen times as long as one of 32. Several pixels are therefore read as one with
as many times the channels: as many as make a multiple of 32.
"""

from collections.abc import Callable
from math import gcd

import torch
from torch import Tensor

_LANE = 32  # channels that PyTorch reduces at once


def largest(values: Tensor) -> Tensor:
    """`[image, place, unit]` to `[image, unit]`."""
    return _extreme(values, torch.amax, torch.maximum)


def least(values: Tensor) -> Tensor:
    """`[image, place, unit]` to `[image, unit]`."""
    return _extreme(values, torch.amin, torch.minimum)


def _extreme(values: Tensor, over: Callable[..., Tensor], of: Callable[..., Tensor]) -> Tensor:
    """The greatest or least over places; `of` is that of two.

    Places are joined to `[image, places / n, n * unit]`; some are left over.
    """
    images, places, units = values.shape
    n = _LANE // gcd(units, _LANE)
    if places < n or values[0].stride() != (units, 1):
        n = 1
    whole = places // n * n
    joined = over(values[:, :whole].reshape(images, -1, n * units), 1)  # [image, n * unit]
    result = over(joined.unflatten(1, (-1, units)), 1)
    return of(result, over(values[:, whole:], 1)) if whole < places else result
