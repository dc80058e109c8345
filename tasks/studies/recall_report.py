"""The study of recall and reasoning, run and written up: the words are in `recall.md`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...tools.models import Target
from ..report.plots import Curves, Drawing, Heat
from .document import written
from .options import Recall
from .recall import TASKS, Measured, NoMargin, measure
from .result import Log, Study
from .zeroing import DRAWS

_LAYER = ("drop", "control", "difference", "p", "found")


def study(target: Target, options: Recall, log: Log = lambda line: None) -> Study:
    """Runs all steps.

    Raises:
        UsageError: for a target or prompts that the study cannot use.
    """
    measured = measure(target, options, log)
    prompts = {task: measured.cases[task].facts() for task in TASKS}
    data: dict[str, Any] = {"prompts": prompts, "seed": options.seed}
    plots: Mapping[str, Drawing] = {}
    more: dict[str, Any] = {}
    if isinstance(measured, NoMargin):
        data["margin"] = {measured.task: measured.margin}
    else:
        data |= _data(measured, options)
        plots = _plots(measured)
        more = _found(measured, options.seed)
    return written(
        "recall-vs-reasoning",
        "recall.md",
        target.name,
        plots=plots,
        data=data,
        m=measured,
        no_margin=isinstance(measured, NoMargin),
        options=options,
        tasks=TASKS,
        draws=DRAWS,
        **more,
    )


def _found(measured: Measured, seed: int) -> dict[str, Any]:
    """What the sentences are about."""
    needed = {
        task: sorted(
            (one for one in measured.layers[task] if one.found),
            key=lambda one: -one.difference["value"],
        )
        for task in TASKS
    }
    names = {task: {one.name for one in needed[task]} for task in TASKS}
    only = [
        f"{site} ({task})"
        for task, other in (TASKS, TASKS[::-1])
        for site in sorted(names[task] - names[other])
    ]
    carried = {
        task: {
            "layer": moved.carried(seed),
            "last": moved.at_last(seed),
            "random": moved.random[:, :, -1].mean(0),
        }
        for task, moved in measured.patched.items()
        if moved is not None
    }
    apart = {
        name: [
            one.task
            for one in measured.crosses
            if one.kind == name and one.rule == "own" and one.specific
        ]
        for name in measured.overlaps
    }
    return {
        "needed": needed,
        "only": only if all(needed.values()) else [],
        "carried": carried,
        "apart": apart,
    }


def _plots(measured: Measured) -> dict[str, Drawing]:
    lines = {
        f"{task}, {name}": [one.drop for one in measured.layers[task] if one.name.startswith(kind)]
        for kind, name in (("attn_out", "attention"), ("mlp_out", "MLP"))
        for task in TASKS
    }
    ticks = [str(i) for i in range(len(next(iter(lines.values()))))]
    dashed = [name for name in lines if "MLP" in name]
    plots: dict[str, Drawing] = {
        "layers zeroed": Curves(lines, ticks, "layer", "share of the margin lost", dashed)
    }
    for task, moved in measured.patched.items():
        if moved is not None:
            grid = np.round(moved.share.mean(0)[::-1], 4)
            layers = [str(i) for i in reversed(range(len(grid)))]
            x = "place, from the end (…: other tokens in other prompts)"
            heat = Heat(grid, layers, moved.places, x, "behind layer", task)
            plots[f"patched {task}"] = heat
    kinds = {
        name: [one for one in measured.crosses if one.kind == name] for name in measured.overlaps
    }
    grids = {
        name: np.array([[one.on[task].difference["value"] for task in TASKS] for one in some])
        for name, some in kinds.items()
    }
    most = max((float(np.abs(grid).max()) for grid in grids.values()), default=1.0)
    on = [f"on {task}" for task in TASKS]
    x = "margin lost beyond controls"
    for name, grid in grids.items():
        rows = [one.name for one in kinds[name]]
        heat = Heat(grid, rows, on, x, title=name, low=None, high=most, cell=1.15)
        plots[f"two by two {name}"] = heat
    return plots


def _data(measured: Measured, options: Recall) -> dict[str, Any]:
    return {
        "chosen_on": {task: len(measured.halves[task].choose) for task in TASKS},
        "tested_on": {task: len(measured.halves[task].test) for task in TASKS},
        "margins": measured.margins,
        "layers": {
            task: [
                {"site": one.name, **{name: getattr(one, name) for name in _LAYER}}
                for one in measured.layers[task]
            ]
            for task in TASKS
        },
        "patched": {
            task: moved
            and {
                "pairs": len(moved.share),
                "share": moved.share.mean(0),
                "random": moved.random.mean(0),
                "carried_from": moved.carried(options.seed),
            }
            for task, moved in measured.patched.items()
        },
        "units": [
            {
                "task": one.task,
                "kind": one.kind,
                "rule": one.rule,
                "specific": one.specific,
                "own_beyond_other": one.apart,
                "on": {task: tested.as_dict() for task, tested in one.on.items()},
            }
            for one in measured.crosses
        ],
        "overlap": measured.overlaps,
        "correlation": measured.correlation,
    }
