"""Whether confidence means what it says: discrimination, slope, Brier skill, risk and coverage.

1. **AUROC** of confidence between units that are right and wrong; `auroc_within` compares units of
   one tier only, as a tier whose units are all wrong is told from the others by itself.
2. **Slope** of a logistic regression of right on the log-odds of confidence (Cox 1958): 1 where
   confidence is calibrated, under 1 where it is too extreme, above 1 where it is too cautious.
3. **Brier skill** is 1 - Brier / (p (1 - p)), p the share that is right: a constant at the base
   rate gets 0, whatever the base rate is.
4. **Risk-coverage**: among the most confident share of units, how many are wrong (El-Yaniv &
   Wiener 2010).

Intervals resample units. With few units, or hardly any that are wrong, none of this can be told:
`not_assessable` says so.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tools.statistics.bootstrap import Resampler, interval
from ...tools.statistics.within import aurocs

BINS = 8
LEAST_UNITS, LEAST_WRONG = 200, 30
"""Under which confidence is not assessable: the interval of an AUROC of .8 from 170 right and 30
wrong is .2 wide."""
_LEAST_GROUP = 5
"""Wrong and right units of one tier from which an AUROC within tiers says something."""
_CERTAIN = 0.01
"""Confidence is cut to this far from 0 and 1, whose log-odds are infinite."""
_STEEPEST = 20.0
"""A slope where confidence parts right from wrong without overlap has no upper end."""
_STEPS = 25


def calibration(
    confidence: Sequence[float],
    right: Sequence[bool],
    groups: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """Calibration of confidences against verdicts.

    Args:
        confidence: Of each unit.
        right: Whether its description is.
        groups: The tier of each unit; None: all of one.
        seed: Of the resamples.

    Returns:
        `n`, `wrong`, `not_assessable` (why, or None), `auroc`, `auroc_within`, `slope` and
        `brier_skill` (`value, low, high, n`, None where there is none), `brier`, `base_rate`,
        `bins` (equal counts: mean confidence, share right, units), `risk_coverage` (coverage,
        risk), `aurc`.
    """
    p, y = np.asarray(confidence, float), np.asarray(right, float)
    size = {"n": len(p), "wrong": int((1 - y).sum()), "not_assessable": not_assessable(right)}
    if len(p) < 2 or y.std() == 0:
        names = ("auroc", "auroc_within", "slope", "brier_skill")
        nothing = {name: _entry(None, len(p)) for name in names}
        return {**size, **nothing, "brier": None, "base_rate": None, "bins": []}
    resampler = Resampler(np.arange(len(p)), seed=seed)
    group = np.unique(groups or [""] * len(p), return_inverse=True)[1]
    order = np.argsort(-p, kind="stable")
    covered = np.arange(1, len(p) + 1)
    risk = np.cumsum(1 - y[order]) / covered
    bins = [
        {"confidence": float(p[at].mean()), "right": float(y[at].mean()), "n": len(at)}
        for at in np.array_split(np.argsort(p, kind="stable"), min(BINS, len(p)))
    ]
    return {
        **size,
        "auroc": _within(p, y, np.zeros(len(p), int), 1, resampler),
        "auroc_within": _within(p, y, group, _LEAST_GROUP, resampler),
        "slope": _entry(slopes(p, y, resampler.weights), len(p)),
        "brier_skill": _entry(_skills(p, y, resampler), len(p)),
        "brier": round(float(np.square(p - y).mean()), 4),
        "base_rate": round(float(y.mean()), 4),
        "bins": bins,
        "risk_coverage": [
            {"coverage": float(n / len(p)), "risk": float(r)}
            for n, r in zip(covered, risk, strict=True)
        ],
        "aurc": round(float(risk.mean()), 4),
    }


def not_assessable(right: Sequence[bool]) -> str | None:
    """Why confidence cannot be judged on these units; None where it can."""
    n, wrong = len(right), len(right) - sum(map(bool, right))
    few = [f"{n} units of {LEAST_UNITS} needed"] if n < LEAST_UNITS else []
    few += [f"{wrong} wrong of {LEAST_WRONG} needed"] if wrong < LEAST_WRONG else []
    return ", ".join(few) or None


def slopes(p: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The slope of right on the log-odds of confidence, by Newton's method.

    Args:
        p: `[unit]` confidence.
        y: `[unit]` 1 where right.
        weights: `[resample, unit]`.

    Returns:
        `[resample]`; NaN where all are right, all are wrong, or confidence does not vary.
    """
    z = np.log(np.clip(p, _CERTAIN, 1 - _CERTAIN) / np.clip(1 - p, _CERTAIN, 1 - _CERTAIN))
    x = np.stack([np.ones_like(z), z])  # [2, unit]
    beta = np.zeros((len(weights), 2))
    for _ in range(_STEPS):
        expected = 1 / (1 + np.exp(-np.clip(beta @ x, -30, 30)))  # [resample, unit]
        gradient = (weights * (y - expected)) @ x.T
        spread = weights * expected * (1 - expected)
        curvature = np.einsum("ru,iu,ju->rij", spread, x, x)
        step = np.linalg.solve(curvature + 1e-6 * np.eye(2), gradient[..., None])[..., 0]
        beta += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-4:
            break
    total, right = weights.sum(1), weights @ y
    mean = weights @ z / total
    varies = (weights @ z**2 / total - mean**2) > 1e-9
    known = varies & (right > 0) & (right < total)
    return np.where(known, np.clip(beta[:, 1], -_STEEPEST, _STEEPEST), np.nan)


def _skills(p: np.ndarray, y: np.ndarray, resampler: Resampler) -> np.ndarray:
    """Brier skill on the units and on each resample, `[1 + resample]`."""
    n, error, right = resampler.sums(np.ones_like(y), np.square(p - y), y).T
    base = right / n * (1 - right / n)
    return np.where(base > 0, 1 - error / n / np.maximum(base, 1e-12), np.nan)


def _within(
    p: np.ndarray, y: np.ndarray, group: np.ndarray, least: int, resampler: Resampler
) -> dict[str, Any]:
    """The AUROC between units of one group, over groups with so many right and wrong ones."""
    known = np.minimum(np.bincount(group, y), np.bincount(group, 1 - y)) >= least
    if not known.any():
        return _entry(None, 0)
    return _entry(aurocs(group, p, y > 0, known, resampler), int(known[group].sum()))


def _entry(values: np.ndarray | None, n: int) -> dict[str, Any]:
    """A value with its interval, for records; the first of the values is that of all units."""
    if values is None or not np.isfinite(values[0]):
        return {"value": None, "low": None, "high": None, "n": n}
    return {name: round(v, 4) for name, v in interval(values)._asdict().items()} | {"n": n}
