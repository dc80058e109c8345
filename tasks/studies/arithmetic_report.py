"""The study of arithmetic, run and written up: sentences, tables, plots, numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...tools.models import Target, Unit
from ..report.plots import Heat
from ..report.tables import number
from .arithmetic import SERVES, UNITS, Measured, Tested, measure
from .formatting import of_n, with_interval
from .links_report import links_data, links_section
from .options import Arithmetic
from .result import Log, Plot, Section, Sentence, Study, Table
from .zeroing import DRAWS, Zeroed
from .zeroing_report import clause, zeroed_plot, zeroed_table


def study(target: Target, options: Arithmetic, log: Log = lambda line: None) -> Study:
    """Runs all steps.

    Raises:
        UsageError: for a target or prompts that the study cannot use.
    """
    measured = measure(target, options, log)
    choose, test = measured.halves
    return Study(
        "arithmetic",
        f"How {target.name} does arithmetic",
        "Which neurons produce the answer, which heads feed them, and in which layers do the "
        "operands reach the last place?",
        target.name,
        _facts(target, options, measured),
        (
            _neurons(measured.neurons, len(choose)),
            _ablation(measured.ablation, measured.distinct),
            _heads(measured.effects, measured.heads, measured.heads_zeroed),
            links_section(measured.links, UNITS),
            *([] if measured.route is None else [_route(measured.route)]),
        ),
        (*measured.cases.notes, *measured.notes),
        {
            "prompts": measured.cases.facts(),
            "chosen_on": len(choose),
            "tested_on": len(test),
            "seed": options.seed,
            "neurons": measured.neurons,
            "ablation": [one.as_dict() for one in measured.ablation],
            "heads": {
                "effects": measured.effects,
                "chosen": [str(unit) for unit in measured.heads],
                "ablation": measured.heads_zeroed.as_dict(),
            },
            "links": links_data(measured.links),
            "route": None if measured.route is None else _route_data(measured.route),
        },
    )


def _facts(target: Target, options: Arithmetic, measured: Measured) -> dict[str, str]:
    cases, (choose, test) = measured.cases, measured.halves
    return {
        "target": target.name,
        "prompts": str(options.prompts or "held-out prompts of the organism"),
        "answered rightly": of_n(cases.accuracy),
        "left out": f"{0 if options.keep_wrong else cases.wrong} wrong, {cases.unasked} unasked",
        "units chosen on": f"{len(choose)} prompts",
        "units tested on": f"{len(test)} others",
        "seed": str(options.seed),
        "for example": f"{choose[0].case.prompt} → {choose[0].case.target}",
    }


def _neurons(table: Sequence[Mapping[str, Any]], prompts: int) -> Section:
    rows = [
        (
            row["unit"],
            " ".join(map(repr, row["promotes"])),
            with_interval(row["imp"]),
            f"{row['serves']:.0%}",
        )
        for row in table
    ]
    note = f"serves: share of prompts with the neuron among their best {SERVES}"
    columns = ("neuron", "favours", "mean Imp, nats", "serves")
    return Section(
        "Neurons for the answer",
        f"Imp, the log-probability increase of the target, of every neuron on {prompts} prompts; "
        "the highest means.",
        tables=[Table("Neurons with the highest mean Imp", columns, rows, note, left=2)],
    )


def _ablation(tested: Sequence[Zeroed], distinct: int) -> Section:
    shared, own = tested
    together = "matter" if shared.found else "do no more than matched units"
    each = (
        f"What attribution says of a single prompt holds: zeroing that prompt's own {UNITS}, "
        if own.found
        else f"Zeroing each prompt's own {UNITS} does no more than zeroing matched units: "
    )
    return Section(
        "Zeroing them on held-out prompts",
        f"At all places, beside {DRAWS} sets of units of the same sites that match in firing rate "
        "and in what they write.",
        [
            Sentence(
                f"{UNITS} neurons chosen by their mean Imp on other prompts {together}: with them "
                f"zeroed, {clause(shared)}.",
                shared.found,
            ),
            Sentence(
                f"{each}{clause(own)}. These are chosen without ablation but on the prompt itself; "
                f"{distinct} different neurons are among the best ten of some prompt of the first "
                "half.",
                own.found,
            ),
        ],
        [zeroed_table("Drop of p(target)", tested)],
        [
            zeroed_plot(
                "neurons zeroed",
                tested,
                "Chosen neurons with their interval over prompts; a dot is the mean drop by one "
                "set of matched units.",
            )
        ],
    )


def _heads(effects: Sequence[Mapping[str, Any]], heads: Sequence[Unit], tested: Zeroed) -> Section:
    units = [Unit.parse(row["unit"]) for row in effects]
    sites = list(dict.fromkeys(unit.site for unit in units))
    width = max(unit.index for unit in units) + 1
    grid = np.full((len(sites), width), np.nan)
    for unit, row in zip(units, effects, strict=True):
        grid[sites.index(unit.site), unit.index] = row["drop"]["value"]
    strongest = sorted(effects, key=lambda row: -row["drop"]["value"])[:8]
    names = ", ".join(map(str, heads))
    start = (
        f"The prediction needs the heads {names}, chosen on other prompts: with them zeroed"
        if tested.found
        else f"Zeroing the heads {names} does no more than zeroing as many others"
    )
    layers = [site.rpartition(".")[2] for site in sites]
    return Section(
        "Heads that the answer needs",
        f"Each head zeroed by itself on the first half; the strongest, {names}, zeroed together on "
        "the second, beside sets of other heads.",
        [Sentence(f"{start}, {clause(tested)}.", tested.found)],
        [
            Table(
                "Heads zeroed one by one (first half)",
                ("head", "drop of p"),
                [(row["unit"], with_interval(row["drop"])) for row in strongest],
            ),
            zeroed_table("Heads zeroed together (second half)", [tested]),
        ],
        [
            Plot(
                "heads zeroed one by one",
                Heat(
                    grid, layers, list(map(str, range(width))), "head", "layer", low=None, high=None
                ),
                "Drop of p(target) by each head, first half.",
            ),
            zeroed_plot("heads zeroed", [tested], "The strongest heads beside other heads."),
        ],
    )


def _route(tested: Tested) -> Section:
    grid, (wait, transfer) = tested.grid, tested.cell
    names = [str(i) for i in range(len(grid.cama))]
    rows = [
        [str(i), *(number(float(v)) for v in (*grid.accuracy[i], grid.cama[i], grid.mean[i]))]
        for i in range(len(grid.cama))
    ]
    what = "smallest subgraph" if grid.smallest else "best cell"
    held_out = (
        f"{wait}, {transfer}",
        with_interval(tested.accuracy),
        number(tested.clean),
        number(tested.closed),
    )
    return Section(
        "When the operands reach the last place",
        "Before layer wait no place knows its context (CAMA); then, for transfer layers, the "
        "last place looks back; after that nobody does. The cell is chosen on the first half "
        "and tested on the second.",
        [_route_sentence(tested)],
        [
            Table(
                "Accuracy by wait (down) and transfer (across), first half",
                ("wait", *names, "CAMA", "mean"),
                rows,
                "CAMA: attention free behind it; mean: the plain mean instead, its control",
            ),
            Table(
                f"The {what} on held-out prompts",
                ("wait, transfer", "accuracy", "whole model", "nobody looks"),
                [held_out],
            ),
        ],
        [
            Plot(
                "wait and transfer",
                Heat(
                    grid.accuracy,
                    names,
                    names,
                    "transfer: layers in which the last place looks back",
                    "wait: layers without context",
                    marked=tested.cell,
                ),
                f"Accuracy, first half; the {what} is framed.",
            )
        ],
    )


def _route_sentence(tested: Tested) -> Sentence:
    grid, (wait, transfer) = tested.grid, tested.cell
    accuracy, keep = with_interval(tested.accuracy), f"{grid.keep:.0%}"
    ends = (
        f"(whole model {number(tested.clean)}; with nobody looking at any other place "
        f"{number(tested.closed)})"
    )
    above = tested.accuracy["low"] > tested.closed
    if grid.smallest is None or tested.accuracy["value"] < grid.keep * tested.clean:
        text = (
            f"No route that waits and then lets the last place alone look back keeps {keep} of the "
            f"accuracy: the best, wait {wait} and transfer {transfer}, gives {accuracy} on "
            f"held-out prompts {ends}."
        )
        if wait == 0 and above:
            text += (
                " Most of it does need only the last place to look back, but from the first layer "
                f"on: with CAMA at layer 1 accuracy is {number(float(grid.cama[1]))}."
            )
        return Sentence(text, False)
    if not above:
        return Sentence(
            f"No route is shown: wait {wait} and transfer {transfer} keep the accuracy, "
            f"{accuracy} on held-out prompts, but are not above the model without any route "
            f"{ends}.",
            False,
        )
    where = f"layers {wait} to {wait + transfer - 1}" if transfer > 1 else f"layer {wait}"
    text = (
        f"The operands reach the last place in {where} of {len(grid.cama) - 1}: with all places "
        "kept from their context before that, and from each other after, accuracy is "
        f"{accuracy} on held-out prompts {ends}."
    )
    if wait:
        plain = number(float(grid.mean[wait]))
        text += f" With the plain mean in place of E[ | token] at that layer: {plain}."
    return Sentence(text, True)


def _route_data(tested: Tested) -> dict[str, Any]:
    grid = tested.grid
    names = ("clean", "accuracy", "cama", "mean", "smallest", "keep", "unknown")
    held_out = {name: getattr(tested, name) for name in ("cell", "accuracy", "clean", "closed")}
    return {name: getattr(grid, name) for name in names} | {"held_out": held_out}
