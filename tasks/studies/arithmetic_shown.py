"""The study of arithmetic for a reader: sentences, tables, pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tools.interventions.route import Route
from ...tools.models import Target, Unit
from .arithmetic import Measured, Options
from .arithmetic_said import of_heads, of_links, of_neurons, of_route
from .links import Links
from .result import Picture, Section, Study, Table
from .zeroing import COLUMNS, DRAWS, Zeroed, number, said

_SHOWN_BY = 50


def shown(target: Target, options: Options, found: Measured) -> Study:
    """The whole study."""
    return Study(
        "arithmetic",
        f"How {target.name} does arithmetic",
        "Which neurons produce the answer, which heads feed them, and in which layers do the "
        "operands reach the last place?",
        target.name,
        _facts(target, options, found),
        (
            *of_neurons(found.ablation, found.each),
            of_heads(found.heads, found.heads_zeroed),
            *of_links(found.links),
            *of_route(found.grid, found.smallest),
        ),
        (
            _neuron_section(found.neurons, len(found.halves.choose)),
            _ablation_section(found.ablation),
            _head_section(found.effects, found.heads, found.heads_zeroed),
            *_link_section(found.links),
            *_route_section(found.grid, found.smallest),
        ),
        (*found.sorted.notes, *found.notes),
        {
            "prompts": found.sorted.facts(),
            "chosen_on": len(found.halves.choose),
            "tested_on": len(found.halves.test),
            "seed": options.seed,
            "neurons": found.neurons,
            "ablation": [one.as_dict() for one in found.ablation],
            "heads": {
                "effects": found.effects,
                "chosen": [str(unit) for unit in found.heads],
                "ablation": found.heads_zeroed.as_dict(),
            },
            "links": _link_data(found.links),
            "route": _route_data(found.grid, found.smallest),
        },
    )


def _facts(target: Target, options: Options, measured: Measured) -> dict[str, str]:
    found, (choose, test) = measured.sorted, measured.halves
    return {
        "target": target.name,
        "prompts": str(options.prompts or "held-out prompts of the organism"),
        "answered rightly": f"{said(found.accuracy)} of {found.accuracy['n']}",
        "left out": f"{0 if options.keep_wrong else found.wrong} wrong, {found.unasked} unasked",
        "units chosen on": f"{len(choose)} prompts",
        "units tested on": f"{len(test)} others",
        "seed": str(options.seed),
        "for example": f"{choose[0].case.prompt} → {choose[0].case.target}",
    }


def _neuron_section(table: Sequence[dict[str, Any]], prompts: int) -> Section:
    rows = [
        (
            row["unit"],
            " ".join(repr(token) for token in row["promotes"]),
            said(row["imp"]),
            f"{row['serves']:.0%}",
        )
        for row in table
    ]
    return Section(
        "Neurons for the answer",
        f"Imp, the log-probability increase of the target, of every neuron on {prompts} prompts; "
        "the highest means.",
        (
            Table(
                "Neurons with the highest mean Imp",
                ("neuron", "favours", "mean Imp, nats", "serves"),
                rows,
                f"serves: share of prompts with the neuron among their best {_SHOWN_BY}",
                left=2,
            ),
        ),
    )


def _ablation_section(tested: Sequence[Zeroed]) -> Section:
    from ..report.plots import drops

    return Section(
        "Zeroing them on held-out prompts",
        f"At all places, beside {DRAWS} sets of units of the same sites that match in firing rate "
        "and in what they write.",
        (Table("Drop of p(target)", COLUMNS, [one.cells() for one in tested], _LEGEND),),
        (
            Picture(
                "neurons zeroed",
                drops(tested),
                "Chosen neurons with their interval over prompts; a dot is the mean drop by one "
                "set of matched units.",
            ),
        ),
    )


_LEGEND = (
    "controls: mean over control sets; most: the control set that drops furthest; brackets: 95% "
    "over prompts"
)


def _head_section(
    effects: Sequence[dict[str, Any]], heads: Sequence[Unit], tested: Zeroed
) -> Section:
    from ..report.plots import drops, heat

    units = [Unit.parse(row["unit"]) for row in effects]
    sites = list(dict.fromkeys(unit.site for unit in units))
    wide = max(unit.index for unit in units) + 1
    grid = np.full((len(sites), wide), np.nan)
    for unit, row in zip(units, effects, strict=True):
        grid[sites.index(unit.site), unit.index] = row["drop"]["value"]
    order = sorted(effects, key=lambda row: -row["drop"]["value"])[:8]
    names = ", ".join(str(unit) for unit in heads)
    return Section(
        "Heads that the answer needs",
        f"Each head zeroed by itself on the first half; the strongest, {names}, zeroed together on "
        "the second, beside sets of other heads.",
        (
            Table(
                "Heads zeroed one by one (first half)",
                ("head", "drop of p"),
                [(row["unit"], said(row["drop"])) for row in order],
            ),
            Table("Heads zeroed together (second half)", COLUMNS, [tested.cells()], _LEGEND),
        ),
        (
            Picture(
                "heads zeroed one by one",
                heat(
                    grid,
                    rows=[site.rpartition(".")[2] for site in sites],
                    columns=[str(at) for at in range(wide)],
                    x="head",
                    y="layer",
                    low=None,
                    high=None,
                ),
                "Drop of p(target) by each head, first half.",
            ),
            Picture("heads zeroed", drops([tested]), "The strongest heads beside other heads."),
        ),
    )


def _route_section(grid: Route | None, smallest: dict[str, Any] | None) -> list[Section]:
    if grid is None or smallest is None:
        return []
    from ..report.plots import heat

    depth = len(grid.cama)
    names = [str(at) for at in range(depth)]
    cell = smallest["cell"]
    rows = [
        (
            str(wait),
            *(number(float(value)) for value in grid.accuracy[wait]),
            number(float(grid.cama[wait])),
            number(float(grid.mean[wait])),
        )
        for wait in range(depth)
    ]
    what = "smallest subgraph" if grid.smallest else "best cell"
    return [
        Section(
            "When the operands reach the last place",
            "Before layer wait no place knows its context (CAMA); then, for transfer layers, the "
            "last place looks back; after that nobody does. The cell is chosen on the first half "
            "and tested on the second.",
            (
                Table(
                    "Accuracy by wait (down) and transfer (across), first half",
                    ("wait", *names, "CAMA", "mean"),
                    rows,
                    "CAMA: attention free behind it; mean: the plain mean instead, its control",
                ),
                Table(
                    f"The {what} on held-out prompts",
                    ("wait, transfer", "accuracy", "whole model", "nobody looks"),
                    [
                        (
                            f"{cell[0]}, {cell[1]}",
                            said(smallest["accuracy"]),
                            number(smallest["clean"]),
                            number(smallest["closed"]),
                        )
                    ],
                ),
            ),
            (
                Picture(
                    "wait and transfer",
                    heat(
                        grid.accuracy,
                        rows=names,
                        columns=names,
                        x="transfer: layers in which the last place looks back",
                        y="wait: layers without context",
                        marked=cell,
                    ),
                    f"Accuracy, first half; the {what} is framed.",
                ),
            ),
        )
    ]


def _route_data(grid: Route | None, smallest: dict[str, Any] | None) -> dict[str, Any] | None:
    if grid is None:
        return None
    return {
        "clean": grid.clean,
        "accuracy": [[None if v != v else float(v) for v in row] for row in grid.accuracy],
        "cama": grid.cama.tolist(),
        "mean": grid.mean.tolist(),
        "smallest": grid.smallest,
        "keep": grid.keep,
        "unknown": grid.unknown,
        "held_out": smallest,
    }


def _link_section(found: Links | None) -> list[Section]:
    if found is None:
        return []
    order = np.argsort(-found.second.mean(0), kind="stable")[:8]
    rows = [
        (
            found.heads[at] + (" (linked)" if found.heads[at] == found.linked else ""),
            number(float(found.first[:, at].mean())),
            number(float(found.second[:, at].mean())),
        )
        for at in order
    ]
    tables = [
        Table(
            "Share of the chosen neurons' Imp that is lost",
            ("head zeroed", "first half", "second half"),
            rows,
        )
    ]
    if found.chain is not None:
        tables += _chain_tables(found.chain)
    return [
        Section(
            "Which head feeds the neurons",
            "Comparative neuron analysis: Imp of the chosen neurons with a head zeroed, under the "
            f"whole run's norm; {len(found.first)} prompts of each half.",
            tuple(tables),
        )
    ]


def _chain_tables(chain: Any) -> list[Table]:
    rows = [
        (
            change.unit,
            " ".join(repr(token) for token in change.promotes),
            said({"value": change.value, **_ends(change.interval)}),
            number(change.base),
            number(change.other),
        )
        for change in chain.neurons[:5]
    ]
    tables = [
        Table(
            f"Neurons that lose most with {chain.head} zeroed (first half)",
            ("neuron", "favours", "CNA, nats", "Imp", "without"),
            rows,
            left=2,
        )
    ]
    paths = [
        (
            str(path.deep),
            " ".join(f"{one.spot} ({number(one.value)})" for one in path.best(3)),
            number(path.key),
            number(path.through),
        )
        for path in chain.paths
    ]
    if paths:
        tables.append(
            Table(
                f"Earlier neurons that reach them through {chain.head}, in one prompt",
                ("deep neuron", "shallow neurons", "its key", "of it through the head"),
                paths,
                "parts of a sum, not effects: a neuron's share in the deep neuron's pre-activation",
                left=2,
            )
        )
    return tables


def _ends(interval: tuple[float, float] | None) -> dict[str, float | None]:
    low, high = interval or (None, None)
    return {"low": low, "high": high}


def _link_data(found: Links | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "linked": found.linked,
        "found": found.found,
        "heads": {
            head: {"first": float(one), "second": float(two)}
            for head, one, two in zip(
                found.heads, found.first.mean(0), found.second.mean(0), strict=True
            )
        },
        "drop": found.drop,
        "control": found.control,
        "difference": found.difference,
        "chain": None
        if found.chain is None
        else {
            "head": str(found.chain.head),
            "neurons": [[one.unit, one.value] for one in found.chain.neurons],
            "shared_with_chosen": found.shared,
            "paths": [
                {"deep": str(p.deep), "shallow": [[str(o.spot), o.value] for o in p.best(3)]}
                for p in found.chain.paths
            ],
        },
    }
