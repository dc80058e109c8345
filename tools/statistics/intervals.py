"""Intervals of shares and means over units."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

RESAMPLES = 1000


def share(right: Iterable[bool]) -> dict[str, Any]:
    """A share with its 95% Wilson interval: `value, low, high, n`; None without units."""
    from scipy.stats import binomtest

    known = [bool(item) for item in right]
    if not known:
        return {"value": None, "low": None, "high": None, "n": 0}
    low, high = binomtest(sum(known), len(known)).proportion_ci(method="wilson")
    value = sum(known) / len(known)
    return {"value": _r(value), "low": _r(low), "high": _r(high), "n": len(known)}


def mean(values: Iterable[float | None], *, seed: int = 0) -> dict[str, Any]:
    """A mean with its 95% bootstrap interval over units: `value, low, high, n`."""
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if not len(known):
        return {"value": None, "low": None, "high": None, "n": 0}
    low, high = of_draws(known, seed)
    return {"value": _r(float(known.mean())), "low": _r(low), "high": _r(high), "n": len(known)}


def of_draws(values: Sequence[float] | np.ndarray, seed: int) -> tuple[float, float]:
    """The interval of a mean by bootstrap."""
    known = np.asarray(values, dtype=np.float64)
    draws = np.random.default_rng(seed).choice(known, (RESAMPLES, len(known))).mean(1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def _r(value: float) -> float:
    return round(float(value), 4)
