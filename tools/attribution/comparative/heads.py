"""Heads by what zeroing them does to a prediction, and the control that zeroes neurons.

A head is zeroed at every place: its slice of W_O is gone.
"""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from ...interventions.sweep import sweep
from ...statistics.bootstrap import mean_interval
from ..control import Drop, random_sets, runner_of, with_others, zeroing
from ..sources import Layout, Spot
from .results import ComparedUnit, Settings
from .runs import Run

_DROPS: WeakKeyDictionary[Run, Tensor] = WeakKeyDictionary()


def head_effects(run: Run) -> Tensor:
    """The fall of p(target) with each head zeroed at all places, `[head]` float64.

    Measured once a run.
    """
    if run in _DROPS:
        return _DROPS[run]
    runner = runner_of(run.target, run.question, "probability")
    depth = sum(name.startswith("head.") for name in run.target.sites)
    drops = [-sweep(runner, f"head.{block}").effect for block in range(depth)]
    _DROPS[run] = torch.cat(drops)
    return _DROPS[run]


def strongest_head(run: Run) -> Spot:
    """The head whose zeroing lowers p(target) most: the edit that the paper compares with."""
    drops = head_effects(run)
    return _head_layout(run).spot(int(drops.argmax()))


def compared_heads(pairs: Sequence[tuple[Run, Run]], how: Settings) -> tuple[ComparedUnit, ...]:
    """All heads by base less other of the fall of p(target); under an edit by the base's alone."""
    layout = _head_layout(pairs[0][0])
    base = torch.stack([head_effects(one) for one, _ in pairs])  # [pair, head]
    if any(other.changes for _, other in pairs):
        apart, after = base, None
    else:
        after = torch.stack([head_effects(other) for _, other in pairs])
        apart = base - after
    order = apart.mean(0).argsort(descending=True, stable=True).tolist()
    return tuple(
        ComparedUnit(
            layout.spot(i),
            float(apart[:, i].mean()),
            float(base[:, i].mean()),
            None if after is None else float(after[:, i].mean()),
            interval=mean_interval(apart[:, i].numpy(), seed=how.seed),
        )
        for i in order
    )


def _head_layout(run: Run) -> Layout:
    sites = run.target.sites
    depth = sum(name.startswith("head.") for name in sites)
    return Layout("head", tuple((sites[f"head.{block}"].units,) for block in range(depth)))


def control(runs: Sequence[Run], layout: Layout, best: list[Spot], how: Settings) -> Drop | None:
    """Zeroes the best neurons in the base, and random ones of the same sites."""
    best = with_others(layout, best)
    if not best:
        return None
    rng = np.random.default_rng(how.seed)
    sets = [best, *random_sets(layout, best, how.draws, rng)]
    rows = [zeroing(spots) for spots in sets]
    drops = torch.zeros(len(rows), dtype=torch.float64)
    for run in runs:
        runner = runner_of(run.target, run.question, "probability")
        drops += (runner.before - runner.measure(rows)) / len(runs)
    first, *others = drops.tolist()
    return Drop(tuple(map(str, best)), first, tuple(others))
