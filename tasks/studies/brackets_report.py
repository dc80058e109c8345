"""The study of brackets, run and written up: the words are in `brackets.md`."""

from typing import Any

import numpy as np

from ...tools.models import Target
from ...tools.statistics.intervals import mean
from ..report.plots import Curves, Drawing, Heat
from .brackets import GENERAL, MULTIPLIERS, Measured, measure
from .components import GENERALISES
from .document import written, zeroed_plot
from .options import Brackets
from .result import Log, Study
from .zeroing import LEAST_DROP, LEVEL

_LISTED = 8
Margins = dict[str, list[dict[str, Any]]]


def study(target: Target, options: Brackets, log: Log = lambda line: None) -> Study:
    """Runs all steps.

    Raises:
        UsageError: for a target or prompts that the study cannot use.
    """
    measured = measure(target, options, log)
    groups, cases = measured.groups, measured.cases
    whole = measured.by_subtask(measured.hits["whole"])
    margins = _margins(measured, options.seed)
    first = {group: _lead(points) for group, points in margins.items()}
    leads = {group: i for group, i in first.items() if i < len(measured.points)}
    counts = _general(measured)
    order = measured.graded[0].order
    passed, heads = measured.direct.passed, measured.direct.heads
    listed = {
        "Heads": order(passed & heads)[:_LISTED],
        "Neurons": order(passed & ~heads)[:_LISTED],
    }
    return written(
        "code-brackets",
        "brackets.md",
        target.name,
        plots=_plots(measured, margins, listed),
        data=_data(measured, options, margins),
        m=measured,
        options=options,
        sizes={group: sum(one.case.group == group for one in cases.used) for group in groups},
        margins=margins,
        leads=leads,
        never=[group for group in groups if group not in leads],
        counts=counts,
        beyond=any(counts[name]["both"] > measured.chance[name]["most"] for name in counts),
        listed=listed,
        worst=min(groups, key=lambda group: whole[group]["value"]),
        controls=sorted(measured.steered.controls, key=lambda one: -one[2]),
        level=LEVEL,
        least=LEAST_DROP,
        generalises=GENERALISES,
        general=GENERAL,
    )


def _margins(measured: Measured, seed: int) -> Margins:
    numbers = measured.numbers()
    return {
        group: [mean(column, seed=seed) for column in measured.lens[numbers == i].T]
        for i, group in enumerate(measured.groups)
    }


def _lead(points: list[dict[str, Any]]) -> int:
    """The point from which the interval is above 0 to the end; their number where none is."""
    behind = [i for i, value in enumerate(points) if value["low"] <= 0]
    return behind[-1] + 1 if behind else 0


def _general(measured: Measured) -> dict[str, dict[str, int]]:
    """Components that pass the filter and generalise on the first half, and on both."""
    first, second = (graded.general >= GENERAL for graded in measured.graded)
    direct, out = measured.direct, {}
    for name, mask in (("heads", direct.heads), ("neurons", ~direct.heads)):
        mine = mask & direct.passed
        counts = {"of": mask, "passed": mine, "first": first & mine, "both": first & second & mine}
        out[name] = {key: int(kept.sum()) for key, kept in counts.items()}
    return out


def _plots(
    measured: Measured, margins: Margins, listed: dict[str, np.ndarray]
) -> dict[str, Drawing]:
    made, second = measured.steered, measured.graded[1]
    n = len(made.grid)
    ticks = [point.replace("_out", "") for point in measured.points]
    plots: dict[str, Drawing] = {
        "lens trajectories": Curves(margins, ticks, "", "margin, logits"),
        "counting heads zeroed": zeroed_plot(measured.counting, what="drop of accuracy"),
        "heads turned up": zeroed_plot(made.gain, what="gain of accuracy"),
        "multipliers": Heat(
            made.grid[::-1],
            [str(k) for k in range(n, 0, -1)],
            [f"{by:g}" for by in MULTIPLIERS],
            "multiplier",
            "best k heads",
            "accuracy, first half",
            low=float(made.grid.min()) - 0.02,
            high=max(1.0, float(made.grid.max())),
            marked=(n - len(made.units), MULTIPLIERS.index(made.multiplier)),
        ),
    }
    for name, best in listed.items():
        units = [str(measured.direct.units[i]) for i in best]
        x = "F1 of promoting the right token"
        heat = Heat(second.f1[best], units, measured.groups, x, title=name, cell=0.75)
        plots[f"{name.lower()} by themselves"] = heat
    return plots


def _data(measured: Measured, options: Brackets, margins: Margins) -> dict[str, Any]:
    groups, direct, steered = measured.groups, measured.direct, measured.steered
    first, second = measured.graded
    listed = [
        {
            "unit": str(direct.units[i]),
            "subtasks": [int(first.general[i]), int(second.general[i])],
            **{
                name: dict(zip(groups, getattr(second, name)[i].tolist(), strict=True))
                for name in ("accuracy", "recall", "precision", "f1")
            },
        }
        for i in first.order(direct.passed)[:50]
    ]
    kept = ("multiplier", "develop", "develop_before", "grid", "controls")
    return {
        "prompts": measured.cases.facts(),
        "chosen_on": len(measured.halves.choose),
        "tested_on": len(measured.halves.test),
        "seed": options.seed,
        "answers": measured.answers,
        "accuracy": measured.by_subtask(measured.hits["whole"]),
        "lens": {"points": measured.points, "margins": margins},
        "components": {"general": _general(measured), "chance": measured.chance, "best": listed},
        "zeroed": {
            **measured.counting.as_dict(),
            "by_subtask": measured.by_subtask(measured.hits["zeroed"]),
        },
        "steered": {
            **steered.gain.as_dict(),
            **{name: getattr(steered, name) for name in kept},
            "by_subtask": measured.by_subtask(steered.hits),
        },
    }
