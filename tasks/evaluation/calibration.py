"""Whether confidence means what it says: Brier skill, reliability, risk against coverage.

Brier skill is 1 - Brier / (p (1 - p)), p the share that is right: a constant at the base rate gets
0, whatever the base rate is. Risk-coverage: among the most confident share of units, how many are
wrong (El-Yaniv & Wiener 2010).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tools.statistics.bootstrap import RESAMPLES

BINS = 8


def calibration(confidence: Sequence[float], right: Sequence[bool], *, seed: int = 0) -> dict:
    """Calibration of confidences against verdicts.

    Returns:
        `brier`, `brier_skill {value, low, high, n}`, `base_rate`, `bins` (equal counts: mean
        confidence, share right, units), `risk_coverage` (coverage, risk), `aurc`.
    """
    p, y = np.asarray(confidence, float), np.asarray(right, float)
    if len(p) < 2 or y.std() == 0:
        nothing = {"value": None, "low": None, "high": None, "n": len(p)}
        return {"brier": None, "brier_skill": nothing, "base_rate": None, "bins": []}
    draws = np.random.default_rng(seed).integers(len(p), size=(RESAMPLES, len(p)))
    skills = [_skill(p[at], y[at]) for at in draws]
    low, high = np.nanpercentile(np.array(skills, float), [2.5, 97.5])
    order = np.argsort(-p, kind="stable")
    covered = np.arange(1, len(p) + 1)
    risk = np.cumsum(1 - y[order]) / covered
    bins = [
        {"confidence": float(p[at].mean()), "right": float(y[at].mean()), "n": len(at)}
        for at in np.array_split(np.argsort(p, kind="stable"), min(BINS, len(p)))
    ]
    skill: dict[str, Any] = {
        "value": round(_skill(p, y), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "n": len(p),
    }
    return {
        "brier": round(float(np.square(p - y).mean()), 4),
        "brier_skill": skill,
        "base_rate": round(float(y.mean()), 4),
        "bins": bins,
        "risk_coverage": [
            {"coverage": float(n / len(p)), "risk": float(r)}
            for n, r in zip(covered, risk, strict=True)
        ],
        "aurc": round(float(risk.mean()), 4),
    }


def _skill(p: np.ndarray, y: np.ndarray) -> float:
    base = y.mean() * (1 - y.mean())
    return float(1 - np.square(p - y).mean() / base) if base > 0 else float("nan")
