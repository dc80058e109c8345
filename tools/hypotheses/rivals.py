"""Rivals on the inputs that part them: which of them to part, which inputs, what they show.

A cell is one combination of who holds and who does not. Inputs are `measured` entries that also say
what each rival `predicted` and the `value` that was measured.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from ..activations.agreement import HOLDS, means
from ..activations.records import flat
from ..lab import Lab
from ..models import Unit
from ..render.text import number
from ..scenes.scene import Scene
from ..statistics.association import pearson
from .resolve import Hypothesis

MOST = 3
"""Rivals that are parted in one call."""
DIFFERS = 0.5
"""The difference of degrees from which predictors disagree."""


class Candidate(NamedTuple):
    """One input on which rivals differ."""

    source: str
    input: int | str | Scene
    """A row of explore, a text or a scene."""
    place: int
    degrees: np.ndarray
    """`[rival]` what they predict there."""


def leading(
    lab: Lab, unit: Unit, rivals: list[Hypothesis], degrees: np.ndarray
) -> tuple[list[Hypothesis], np.ndarray]:
    """The rivals that correlate best on explore; `degrees` `[rival, window, place]`."""
    if len(rivals) <= MOST:
        return rivals, degrees
    data = flat(lab, unit)
    each = [pearson(one[data.window, data.place], data.values) for one in degrees]
    known = np.array([-2.0 if r is None else r for r in each])
    order = np.argsort(-known, kind="stable")[:MOST]
    return [rivals[at] for at in order], degrees[order]


def agreed(lab: Lab, unit: Unit, degrees: np.ndarray) -> dict[str, Any]:
    """The unit on explore where all rivals hold: what a place in dispute is to be compared with."""
    data = flat(lab, unit)
    here = data.values[(degrees[:, data.window, data.place] >= HOLDS).all(0)]
    return {"count": int(here.size), "mean": float(here.mean()) if here.size else None}


def shared_out(
    found: Sequence[Candidate], n: int, key: Callable[[Candidate], Hashable]
) -> list[Candidate]:
    """So many candidates, one a cell in turn, and in a cell one a source; none with a key twice."""
    by_cell: dict[tuple[bool, ...], dict[str, list[Candidate]]] = {}
    for one in found:
        holds = tuple((one.degrees >= HOLDS).tolist())
        by_cell.setdefault(holds, {}).setdefault(one.source, []).append(one)
    queues = [list(sources.values()) for sources in by_cell.values()]
    out: dict[Hashable, Candidate] = {}
    while any(any(sources) for sources in queues) and len(out) < n:
        for sources in queues:
            taken = False
            while any(sources) and not taken and len(out) < n:
                queue = sources.pop(0)
                sources.append(queue)
                while queue and not taken:
                    candidate = queue.pop(0)
                    taken = key(candidate) not in out
                    out.setdefault(key(candidate), candidate)
    return list(out.values())


def cells(measured: list[dict[str, Any]], rivals: list[Hypothesis]) -> list[dict[str, Any]]:
    """For each combination of who holds: how many inputs, and the activation there."""
    groups: dict[tuple[bool, ...], list[dict[str, Any]]] = {}
    for entry in measured:
        key = tuple(entry["predicted"][rival.id] >= HOLDS for rival in rivals)
        groups.setdefault(key, []).append(entry)
    out = []
    for key, entries in groups.items():
        values = [entry["value"] for entry in entries if entry["value"] is not None]
        if not values:
            continue
        out.append(
            {
                "true": [r.id for r, holds in zip(rivals, key, strict=True) if holds],
                "count": len(values),
                "mean": float(np.mean(values)),
                "min": float(np.min(values)),
                "max": float(np.max(values)),
                "predicted": {
                    rival.id: float(np.mean([entry["predicted"][rival.id] for entry in entries]))
                    for rival in rivals
                },
            }
        )
    return sorted(out, key=lambda cell: -cell["mean"])


def who(degrees: Mapping[str, float]) -> str:
    """The rivals that predict anything, with how much where it is not 1."""
    predicting = [
        key if degree > 0.995 else f"{key} {degree:.2g}"
        for key, degree in degrees.items()
        if degree > 0.005
    ]
    return ", ".join(predicting) or "none"


def inseparable(measured: list[dict[str, Any]], rivals: list[Hypothesis]) -> str:
    """The pairs that no input told apart; empty if there is none."""
    same = [
        f"{one.id} and {other.id}"
        for one, other in combinations(rivals, 2)
        if all(abs(e["predicted"][one.id] - e["predicted"][other.id]) < DIFFERS for e in measured)
    ]
    return f"no input separated {', '.join(same)}" if same else ""


def scores(measured: list[dict[str, Any]], rivals: list[Hypothesis]) -> list[dict[str, Any]]:
    """How well each predicted the unit on these inputs alone."""
    kept = [entry for entry in measured if entry["value"] is not None]
    values = np.array([entry["value"] for entry in kept])
    out = []
    for rival in rivals:
        degrees = np.array([entry["predicted"][rival.id] for entry in kept])
        holds, inside, outside = means(values, degrees >= HOLDS)
        out.append(
            {
                "id": rival.id,
                "correlation": pearson(degrees, values),
                "holds": holds,
                "mean_inside": inside,
                "mean_outside": outside,
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
        listed = ", ".join(f"{s['id']} {number(s['correlation'])}" for s in known)
        rows.append(f"correlation on these inputs: {listed}")
    apart = inseparable(measured, rivals)
    return [*rows, apart] if apart else rows
