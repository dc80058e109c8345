"""The study of arithmetic, run and written up: the words are in `arithmetic.md`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...tools.models import Target, Unit
from ..report.plots import Drawing, Heat
from .arithmetic import SERVES, UNITS, Measured, measure
from .document import written, zeroed_plot
from .options import Arithmetic
from .result import Log, Study
from .zeroing import DRAWS


def study(target: Target, options: Arithmetic, log: Log = lambda line: None) -> Study:
    """Runs all steps.

    Raises:
        UsageError: for a target or prompts that the study cannot use.
    """
    measured = measure(target, options, log)
    choose, test = measured.halves
    return written(
        "arithmetic",
        "arithmetic.md",
        target.name,
        plots=_plots(measured),
        data=_data(measured, options),
        m=measured,
        options=options,
        choose=choose,
        test=test,
        strongest=sorted(measured.effects, key=lambda row: -row["drop"]["value"])[:8],
        units=UNITS,
        serves=SERVES,
        draws=DRAWS,
    )


def _plots(measured: Measured) -> dict[str, Drawing]:
    plots: dict[str, Drawing] = {
        "neurons zeroed": zeroed_plot(*measured.ablation),
        "heads zeroed one by one": _heads(measured.effects),
        "heads zeroed": zeroed_plot(measured.heads_zeroed),
    }
    if measured.route is not None:
        grid, cell = measured.route.grid, measured.route.cell
        names = [str(i) for i in range(len(grid.cama))]
        x = "transfer: layers in which the last place looks back"
        y = "wait: layers without context"
        plots["wait and transfer"] = Heat(grid.accuracy, names, names, x, y, marked=cell)
    return plots


def _heads(effects: Sequence[Mapping[str, Any]]) -> Heat:
    """Every head's drop, layer by head."""
    units = [Unit.parse(row["unit"]) for row in effects]
    sites = list(dict.fromkeys(unit.site for unit in units))
    width = max(unit.index for unit in units) + 1
    grid = np.full((len(sites), width), np.nan)
    for unit, row in zip(units, effects, strict=True):
        grid[sites.index(unit.site), unit.index] = row["drop"]["value"]
    layers = [site.rpartition(".")[2] for site in sites]
    return Heat(grid, layers, list(map(str, range(width))), "head", "layer", low=None, high=None)


def _data(measured: Measured, options: Arithmetic) -> dict[str, Any]:
    route = None
    if measured.route is not None:
        tested, grid = measured.route, measured.route.grid
        kept = ("clean", "accuracy", "cama", "mean", "smallest", "keep", "unknown")
        held_out = {name: getattr(tested, name) for name in ("cell", "accuracy", "clean", "closed")}
        route = {name: getattr(grid, name) for name in kept} | {"held_out": held_out}
    return {
        "prompts": measured.cases.facts(),
        "chosen_on": len(measured.halves.choose),
        "tested_on": len(measured.halves.test),
        "seed": options.seed,
        "neurons": measured.neurons,
        "ablation": [one.as_dict() for one in measured.ablation],
        "heads": {
            "effects": measured.effects,
            "chosen": [str(unit) for unit in measured.heads],
            "ablation": measured.heads_zeroed.as_dict(),
        },
        "links": measured.links and measured.links.as_dict(),
        "route": route,
    }
