"""Rivals on the inputs that part them: which of them to part, which inputs, what they show.

A cell is one combination of who holds and who does not. Inputs are `measured` entries that also say
what each rival `predicted` and the `value` that was measured.
"""

from collections.abc import Callable, Hashable, Mapping
from itertools import combinations
from typing import Any, TypeVar

import numpy as np

from ..activations.records import flat
from ..lab import Lab
from ..models import Unit
from ..render.text import number
from ..statistics.association import pearson
from .resolve import Hypothesis

MOST = 3
"""Rivals that are parted in one call."""
Input = TypeVar("Input")


def leading(
    lab: Lab, unit: Unit, rivals: list[Hypothesis], degrees: np.ndarray
) -> tuple[list[Hypothesis], np.ndarray]:
    """The rivals that correlate best on explore; `degrees` `[rival, window, place]`."""
    if len(rivals) <= MOST:
        return rivals, degrees
    data = flat(lab, unit)
    each = [pearson(one[data.window, data.place], data.values) for one in degrees]
    found = [-2.0 if r is None else r for r in each]
    order = np.argsort(-np.array(found), kind="stable")[:MOST]
    return [rivals[at] for at in order], degrees[order]


def agreed(lab: Lab, unit: Unit, degrees: np.ndarray) -> dict[str, Any]:
    """The unit on explore where all rivals hold: what a place in dispute is to be compared with."""
    data = flat(lab, unit)
    here = data.values[(degrees[:, data.window, data.place] >= 0.5).all(0)]
    return {"count": int(here.size), "mean": float(here.mean()) if here.size else None}


def in_turn(
    cells: list[list[list[Input]]], many: int, key: Callable[[Input], Hashable]
) -> list[Input]:
    """So many inputs, one a cell in turn, and in a cell one a source; none with a key twice."""
    out: list[Input] = []
    seen: set[Any] = set()
    while any(any(sources) for sources in cells) and len(out) < many:
        for sources in cells:
            taken = False
            while any(sources) and not taken and len(out) < many:
                queue = sources.pop(0)
                sources.append(queue)
                while queue and not taken:
                    candidate = queue.pop(0)
                    if key(candidate) not in seen:
                        seen.add(key(candidate))
                        out.append(candidate)
                        taken = True
    return out


def cells(measured: list[dict[str, Any]], rivals: list[Hypothesis]) -> list[dict[str, Any]]:
    """For each combination of who holds: how many inputs, and the activation there."""
    groups: dict[tuple[bool, ...], list[float]] = {}
    for entry in measured:
        key = tuple(entry["predicted"][rival.id] >= 0.5 for rival in rivals)
        if entry["value"] is not None:
            groups.setdefault(key, []).append(entry["value"])
    return [
        {
            "true": [r.id for r, holds in zip(rivals, key, strict=True) if holds],
            "count": len(values),
            "mean": float(np.mean(values)),
            "min": float(np.min(values)),
            "max": float(np.max(values)),
            "predicted": _mean_degrees(measured, rivals, key),
        }
        for key, values in sorted(groups.items(), key=lambda pair: -float(np.mean(pair[1])))
    ]


def _mean_degrees(
    measured: list[dict[str, Any]], rivals: list[Hypothesis], key: tuple[bool, ...]
) -> dict[str, float]:
    """What each rival predicts on average in one cell."""
    inside = [
        entry["predicted"]
        for entry in measured
        if tuple(entry["predicted"][rival.id] >= 0.5 for rival in rivals) == key
    ]
    return {rival.id: float(np.mean([one[rival.id] for one in inside])) for rival in rivals}


def who(degrees: Mapping[str, float]) -> str:
    """The rivals that predict anything, with how much where it is not 1."""
    said = [
        key if degree > 0.995 else f"{key} {degree:.2g}"
        for key, degree in degrees.items()
        if degree > 0.005
    ]
    return ", ".join(said) or "none"


def inseparable(measured: list[dict[str, Any]], rivals: list[Hypothesis]) -> str:
    """The pairs that no input told apart; empty if there is none."""
    same = [
        f"{one.id} and {other.id}"
        for one, other in combinations(rivals, 2)
        if all(abs(e["predicted"][one.id] - e["predicted"][other.id]) < 0.5 for e in measured)
    ]
    return f"no input separated {', '.join(same)}" if same else ""


def scores(measured: list[dict[str, Any]], rivals: list[Hypothesis]) -> list[dict[str, Any]]:
    """How well each predicted the unit on these inputs alone."""
    kept = [entry for entry in measured if entry["value"] is not None]
    values = np.array([entry["value"] for entry in kept])
    out = []
    for rival in rivals:
        degrees = np.array([entry["predicted"][rival.id] for entry in kept])
        holds = degrees >= 0.5
        out.append(
            {
                "id": rival.id,
                "correlation": pearson(degrees, values),
                "holds": int(holds.sum()),
                "mean_inside": float(values[holds].mean()) if holds.any() else None,
                "mean_outside": float(values[~holds].mean()) if (~holds).any() else None,
            }
        )
    return out


def verdict(
    measured: list[dict[str, Any]], rivals: list[Hypothesis], common: Mapping[str, Any]
) -> list[str]:
    """What the inputs show, for a planner: by cell, where all hold, by rival."""
    rows = [f"{rival.id}: {rival.brief}" for rival in rivals]
    for cell in cells(measured, rivals):
        rows.append(
            f"predicted by {who(cell['predicted'])}: mean {number(cell['mean'])} "
            f"(n={cell['count']}, {number(cell['min'])} to {number(cell['max'])})"
        )
    if common["count"]:
        rows.append(
            f"for comparison, explore where all of them hold: mean {number(common['mean'])} "
            f"(n={common['count']})"
        )
    known = [s for s in scores(measured, rivals) if s["correlation"] is not None]
    if known:  # a rival that predicts one value on all of them has none
        said = ", ".join(f"{s['id']} {number(s['correlation'])}" for s in known)
        rows.append(f"correlation on these inputs: {said}")
    apart = inseparable(measured, rivals)
    return [*rows, apart] if apart else rows
