"""Sums that merge exactly, in any order: fixed-point numbers in two 64-bit integers.

Adding floats in another order gives other last digits, so shards would not merge to the same
index. A block's sums are therefore rounded once to multiples of 2**-50; from there on they are
integers.
"""

import numpy as np

_FRACTION = 50


def fixed(values: np.ndarray) -> np.ndarray:
    """Float64 `[...]` to fixed point `[..., 2]` int64: the whole part, and the rest in 2**-50."""
    whole = np.floor(values)
    rest = np.round((values - whole) * 2.0**_FRACTION)
    return _carried(np.stack([whole, rest], axis=-1).astype(np.int64))


def added(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The exact sum of two fixed-point arrays."""
    return _carried(one + other)


def floating(numbers: np.ndarray) -> np.ndarray:
    """Fixed point `[..., 2]` to float64 `[...]`."""
    return numbers[..., 0] + numbers[..., 1] * 2.0**-_FRACTION


def _carried(numbers: np.ndarray) -> np.ndarray:
    out = numbers.copy()
    out[..., 0] += numbers[..., 1] >> _FRACTION
    out[..., 1] &= (1 << _FRACTION) - 1
    return out


def mean_and_sd(sums: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and population standard deviation from fixed-point sums `[..., 2, 2]`."""
    if count == 0:
        nothing = np.zeros(sums.shape[:-2])
        return nothing, nothing
    mean = floating(sums[..., 0, :]) / count
    square = floating(sums[..., 1, :]) / count
    return mean, np.sqrt(np.maximum(square - mean * mean, 0.0))
