"""Intervals of shares and means over units."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from .bootstrap import mean_interval


def share(right: Iterable[bool]) -> dict[str, Any]:
    """A share with its 95% Wilson interval: `value, low, high, n`; None without units."""
    from scipy.stats import binomtest

    known = [bool(item) for item in right]
    if not known:
        return {"value": None, "low": None, "high": None, "n": 0}
    low, high = binomtest(sum(known), len(known)).proportion_ci(method="wilson")
    value = sum(known) / len(known)
    return {"value": _r(value), "low": _r(low), "high": _r(high), "n": len(known)}


def share_of(right: np.ndarray) -> float:
    """Share of items that are right, as a statistic that is resampled."""
    return float(np.mean(right))


def mean(values: Iterable[float | None], *, seed: int = 0) -> dict[str, Any]:
    """A mean with its 95% bootstrap interval over units: `value, low, high, n`."""
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if not len(known):
        return {"value": None, "low": None, "high": None, "n": 0}
    low, high = mean_interval(known, seed=seed) or (known[0], known[0])
    return {"value": _r(float(known.mean())), "low": _r(low), "high": _r(high), "n": len(known)}


def _r(value: float) -> float:
    return round(float(value), 4)
