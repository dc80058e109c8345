"""The search over pictures alone: which composition of atoms explains where a unit is active.

1. Half of the pictures choose, the other half check.
2. Every atom is scored by the correlation of its truth with the activation; the best few are kept
   (a beam) and joined with every other atom by `and`, `or` and `and not`, up to a depth.
3. Each atom costs a little; what does not hold on the other half is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .feature_table import AtomTable

_BEAM = 8
_DEPTH = 3
_COST = 0.012  # of correlation, for a point of complexity


@dataclass(frozen=True)
class Composition:
    """One composition."""

    predicate: dict[str, Any]
    holds: np.ndarray
    """bool `[image]`."""
    score: float
    """Correlation on the pictures that chose it, less its cost."""
    checked: float
    """Correlation on the others."""


def search(
    features: AtomTable, values: np.ndarray, *, most: int = 4, depth: int = _DEPTH
) -> list[Composition]:
    """The best compositions, best first by `checked`.

    Args:
        features: Atoms over the pictures.
        values: `[image]` activations.
        most: How many to give.
        depth: Atoms of one composition.
    """
    known = np.isfinite(values)
    half = np.arange(len(values)) % 2 == 0
    fit, check = half & known, ~half & known
    y = np.nan_to_num(values)
    if not len(features.atoms) or y[fit].std() < 1e-9 or y[check].std() < 1e-9:
        return []
    costs = np.array([atom.cost for atom in features.atoms])
    table = correlations(features.holds[:, fit], y[fit]) - _COST * costs
    order = np.argsort(-table)[: 4 * _BEAM]
    beam = [
        (features.atoms[at].predicate, features.holds[at], float(table[at]), float(costs[at]))
        for at in order
    ]
    best = list(beam)
    for _ in range(depth - 1):
        grown: list[tuple[dict[str, Any], np.ndarray, float, float]] = []
        for predicate, holds, score, cost in beam[:_BEAM]:
            for kind, joined in (
                ("and", features.holds & holds),
                ("or", features.holds | holds),
                ("not", holds & ~features.holds),
            ):
                scores = correlations(joined[:, fit], y[fit]) - _COST * (costs + cost + 0.5)
                for at in np.argsort(-scores)[:_BEAM]:
                    if scores[at] > score:
                        other = features.atoms[at]
                        grown.append(
                            (
                                _joined(kind, predicate, other.predicate),
                                joined[at],
                                float(scores[at]),
                                cost + other.cost + 0.5,
                            )
                        )
        grown.sort(key=lambda item: -item[2])
        beam = _different(grown, _BEAM)
        best += beam
        if not beam:
            break
    best.sort(key=lambda item: -item[2])
    results = [
        Composition(predicate, holds, score, float(correlations(holds[None, check], y[check])[0]))
        for predicate, holds, score, _ in _different(best, 3 * most)
    ]
    return sorted(results, key=lambda item: -min(item.checked, item.score + 0.05))[:most]


def correlations(holds: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson's correlation of each row `[atom, image]` with `y`; 0 where a row is constant."""
    x = holds.astype(np.float64)
    x = x - x.mean(1, keepdims=True)
    centred = y - y.mean()
    norm = np.sqrt((x**2).sum(1) * (centred**2).sum())
    return np.divide(x @ centred, norm, out=np.zeros(len(x)), where=norm > 1e-9)


def _joined(kind: str, one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    if kind == "not":
        return {"kind": "except", "of": one, "but": other}
    if one["kind"] == kind:
        return {"kind": kind, "of": [*one["of"], other]}
    return {"kind": kind, "of": [one, other]}


def _different(
    results: Sequence[tuple[dict[str, Any], np.ndarray, float, float]], most: int
) -> list[tuple[dict[str, Any], np.ndarray, float, float]]:
    """The first of those that hold in the same pictures."""
    seen: set[bytes] = set()
    out = []
    for item in results:
        key = item[1].tobytes()
        if key not in seen:
            seen.add(key)
            out.append(item)
        if len(out) == most:
            break
    return out
