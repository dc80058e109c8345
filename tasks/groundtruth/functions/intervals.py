"""Intervals over functions: functions are what is drawn, so functions are resampled."""

import math
from collections.abc import Sequence

import numpy as np

from ...labelling.bootstrap import RESAMPLES, interval

_Z = 1.959964  # two-sided 95%


def mean(values: Sequence[float], *, seed: int = 0) -> dict[str, float | int | None]:
    """The mean with its 95% bootstrap interval; no interval for fewer than three values."""
    return _resampled(np.mean, values, seed)


def median(values: Sequence[float], *, seed: int = 0) -> dict[str, float | int | None]:
    """The median with its 95% bootstrap interval; no interval for fewer than three values."""
    return _resampled(np.median, values, seed)


def share(hits: int, count: int) -> dict[str, float | int | None]:
    """A share with Wilson's 95% interval (Wilson 1927)."""
    if count == 0:
        return {"value": None, "low": None, "high": None, "n": 0}
    p = hits / count
    centre = (p + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * math.sqrt(p * (1 - p) / count + _Z**2 / (4 * count**2))
    return {
        "value": p,
        "low": max(0.0, min(p, centre - half)),
        "high": min(1.0, max(p, centre + half)),
        "n": count,
    }


def _resampled(statistic, values: Sequence[float], seed: int) -> dict[str, float | int | None]:
    known = np.array(values, np.float64)
    if not known.size:
        return {"value": None, "low": None, "high": None, "n": 0}
    if known.size < 3:
        return {"value": float(statistic(known)), "low": None, "high": None, "n": int(known.size)}
    draws = np.random.default_rng(seed).choice(known, (RESAMPLES, known.size))
    found = interval(np.concatenate([[statistic(known)], statistic(draws, axis=1)]))
    return dict(found.as_dict(n=int(known.size)))
