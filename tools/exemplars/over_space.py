"""Largest and least values over space, read once and as fast as memory gives them.

A network that got its picture as `[height, width, channel]` keeps the channels of a pixel side by
side. PyTorch then reduces 32 channels at a time and the rest one by one, so that a map of 16
channels takes fifteen times as long as one of 32. Several pixels are therefore read as one with
as many times the channels: as many as make a multiple of 32.
"""

from math import gcd

import torch
from torch import Tensor

_LANE = 32  # channels that PyTorch reduces at once


def largest(values: Tensor) -> Tensor:
    """`[image, place, unit]` to `[image, unit]`."""
    folded, rest = _folded(values)
    result = _narrow(folded.amax(1), values).amax(1)
    return torch.maximum(result, rest.amax(1)) if rest.shape[1] else result


def least(values: Tensor) -> Tensor:
    """`[image, place, unit]` to `[image, unit]`."""
    folded, rest = _folded(values)
    result = _narrow(folded.amin(1), values).amin(1)
    return torch.minimum(result, rest.amin(1)) if rest.shape[1] else result


def _folded(values: Tensor) -> tuple[Tensor, Tensor]:
    """Places joined to `[image, places / n, n * unit]`, and those that are left over."""
    images, places, units = values.shape
    n = _LANE // gcd(units, _LANE)
    if places < n or values[0].stride() != (units, 1):
        n = 1
    whole = places // n * n
    joined = values[:, :whole].reshape(images, -1, n * units)
    return joined, values[:, whole:]


def _narrow(peaks: Tensor, values: Tensor) -> Tensor:
    """`[image, n * unit]` to `[image, n, unit]`."""
    return peaks.unflatten(1, (-1, values.shape[2]))
