"""Which neurons add, which heads feed them, and when do the operands reach the last place?

1. Attribution: Imp of every neuron on the prompts of the first half (Yu & Ananiadou 2024); the ten
   with the highest mean are chosen.
2. Ablation: the ten are zeroed on the second half, beside 20 sets of matched units. So are each
   held-out prompt's own ten, by its own Imp: units for one answer, not for all.
3. Heads: every head is zeroed by itself on the first half; the three that lower p(target) most are
   zeroed together on the second, beside sets of other heads.
4. Route ("All for One", 2025): accuracy over (wait, transfer) on the first half; the smallest
   subgraph is chosen there and tested on the second.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from ...tools.attribution import Attribution, Settings, attribute
from ...tools.errors import UsageError
from ...tools.interventions import Prompt, Runner, row_of, sweep
from ...tools.interventions.patching import sites_of
from ...tools.interventions.route import Answered, Route, route
from ...tools.models import Target, Unit
from ..evaluation.intervals import mean, share
from .cases import Asked, Case, Sorted, halves, read_cases, sort_out
from .result import Picture, Section, Sentence, Study, Table
from .zeroing import COLUMNS, DRAWS, Zeroed, number, said, zero, zero_own

DEFAULT = "organism:adder"
UNITS = 10
HEADS = 3
_SHOWN_BY = 50  # a neuron serves a prompt when it is among so many by its Imp
_REFERENCE = 2000
_FEW = 5  # prompts that share a token at a place, below which E[ | token] is its own value

Log = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What a study is told."""

    target: str = DEFAULT
    prompts: Path | None = None
    many: int = 160
    seed: int = 0
    keep_wrong: bool = False
    several: Literal["first"] | None = None


def default_cases(many: int, seed: int) -> list[Case]:
    """Held-out prompts of the adder."""
    from ..organisms import prompts

    return [Case(p.prompt, p.target) for p in prompts("adder", "test", many, seed)]


def study(target: Target, options: Options, log: Log = lambda line: None) -> Study:
    """Runs all steps.

    Raises:
        UsageError: for a target or prompts that the study cannot use.
    """
    if options.prompts is not None:
        cases = read_cases(options.prompts)[: options.many]
    else:
        cases = default_cases(options.many, options.seed)
    found = sort_out(target, cases, keep_wrong=options.keep_wrong, several=options.several)
    parts = halves(found.used, seed=options.seed, found=found)
    log(f"{len(parts.choose)} prompts to choose units, {len(parts.test)} to test them")
    runners = [one.runner(target) for one in parts.test]

    chosen, each, values, table = _neurons(target, parts.choose, options.seed)
    log(f"attributed {values.shape[1]:,} neurons")
    tested = _ablation(target, parts.test, runners, chosen, options.seed)
    log("zeroed the best neurons and their controls")
    heads, heads_tested, effects = _heads(target, parts.choose, runners, options.seed)
    log("zeroed every head")
    grid, smallest, notes = _route(target, parts.choose, parts.test, options)
    log("measured the (wait, transfer) grid")

    sentences = (
        *_said_of_neurons(tested, each),
        _said_of_heads(heads, heads_tested),
        *_said_of_route(grid, smallest),
    )
    return Study(
        "arithmetic",
        f"How {target.name} does arithmetic",
        "Which neurons produce the answer, which heads feed them, and in which layers do the "
        "operands reach the last place?",
        target.name,
        _facts(target, found, parts.choose, parts.test, options),
        sentences,
        (
            _neuron_section(table, len(parts.choose)),
            _ablation_section(tested),
            _head_section(effects, heads, heads_tested),
            *_route_section(grid, smallest),
        ),
        (*found.notes, *notes),
        {
            "prompts": found.facts(),
            "chosen_on": len(parts.choose),
            "tested_on": len(parts.test),
            "seed": options.seed,
            "neurons": table,
            "ablation": [one.as_dict() for one in tested],
            "heads": {
                "effects": effects,
                "chosen": [str(unit) for unit in heads],
                "ablation": heads_tested.as_dict(),
            },
            "route": _route_data(grid, smallest),
        },
    )


def _facts(
    target: Target, found: Sorted, choose: Sequence[Asked], test: Sequence[Asked], options: Options
) -> dict[str, str]:
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


def _neurons(
    target: Target, some: Sequence[Asked], seed: int
) -> tuple[list[Unit], int, np.ndarray, list[dict[str, Any]]]:
    """The best by mean Imp, how many neurons serve a prompt in all, every Imp, and a table."""
    rows, best, serves = [], None, []
    for one in some:
        best = attribute(target, one.question, Settings("imp", ("mlp",), top=UNITS, words=4))
        rows.append(best.values["mlp"].cpu().numpy())
        serves.append(best.ranked("mlp", _SHOWN_BY))
    assert best is not None
    values = np.stack(rows)  # [prompt, neuron]
    layout = best.layouts["mlp"]
    order = np.argsort(-values.mean(0), kind="stable")[:UNITS]
    chosen = [layout.spot(int(at)) for at in order]
    words = _words(target, best, [int(at) for at in order])
    table = [
        {
            "unit": str(spot),
            "imp": mean(values[:, at], seed=seed),
            "serves": round(float(np.mean([spot in own for own in serves])), 4),
            "promotes": words[n],
        }
        for n, (spot, at) in enumerate(zip(chosen, order, strict=True))
    ]
    distinct = len({spot for own in serves for spot in own[:UNITS]})
    return [Unit(spot.site, spot.index) for spot in chosen], distinct, values, table


def _words(target: Target, found: Attribution, numbers: list[int]) -> list[list[str]]:
    """The tokens that each neuron's row favours most at a positive activation."""
    from ...tools.attribution.attribute import decoded

    layout, source = found.layouts["mlp"], found.sources[0]
    rows = torch.empty(len(numbers), found.trace.final.shape[-1], device=found.trace.final.device)
    with torch.no_grad():
        for block, where, within in layout.parts(torch.tensor(numbers, device=rows.device)):
            rows[where] = source.rows("mlp", block, within)
        return [list(top) for top, _ in decoded(target, found.readout, rows, 5)]


def _ablation(
    target: Target,
    test: Sequence[Asked],
    runners: Sequence[Runner],
    chosen: Sequence[Unit],
    seed: int,
) -> list[Zeroed]:
    settings = Settings("imp", ("mlp",), top=UNITS, words=0)

    def own(at: int) -> list[Unit]:
        best = attribute(target, test[at].question, settings).ranked("mlp", UNITS)
        return [Unit(spot.site, spot.index) for spot in best]

    return [
        zero(f"the chosen {UNITS}", runners, chosen, seed=seed),
        zero_own(f"each prompt's own {UNITS}", runners, own, seed=seed),
    ]


def _heads(
    target: Target, some: Sequence[Asked], runners: Sequence[Runner], seed: int
) -> tuple[list[Unit], Zeroed, list[dict[str, Any]]]:
    """The heads that lower p most, tested together; and every head's effect."""
    sites = sites_of(target, "head")
    drops: dict[Unit, list[float]] = {}
    for one in some:
        runner = one.runner(target)
        for site in sites:
            for at, effect in enumerate(
                sweep(target, one.row, runner.metric, site, runner=runner).effect.tolist()
            ):
                drops.setdefault(Unit(site, at), []).append(-effect)
    table = [{"unit": str(unit), "drop": mean(of, seed=seed)} for unit, of in drops.items()]
    many = min(HEADS, max(1, len(drops) // 4))
    best = sorted(drops, key=lambda unit: -float(np.mean(drops[unit])))[:many]
    name = f"the {many} heads" if many > 1 else "the head"
    return best, zero(name, runners, best, seed=seed), table


def _route(
    target: Target, choose: Sequence[Asked], test: Sequence[Asked], options: Options
) -> tuple[Route | None, dict[str, Any] | None, list[str]]:
    """The grid on the first half, and the smallest subgraph on the second."""
    lengths = {one.row.places for one in (*choose, *test)}
    if len(lengths) > 1:
        return (
            None,
            None,
            [
                f"no route: the prompts have {min(lengths)} to {max(lengths)} tokens, and a route "
                "needs one template, place by place"
            ],
        )
    text = _reference(target, [*choose, *test], options)
    try:
        grid = route(target, _answered(choose), text=text)
    except UsageError as error:
        return None, None, [f"no route: {error}"]
    notes = []
    alone = _shared(text, [*choose, *test])
    if alone < _FEW:
        notes.append(
            f"CAMA is weak here: the median token stands at its place in {alone:.0f} prompts, so "
            "that its mean is little but its own value; give more prompts with the same numbers"
        )
    cell = grid.smallest or _best(grid)
    again = route(target, _answered(test), text=text, waits=[cell[0]], transfers=[cell[1]])
    shut = route(target, _answered(test), text=text, waits=[0], transfers=[0])
    hits = round(float(again.accuracy[cell]) * len(test))
    return (
        grid,
        {
            "cell": cell,
            "accuracy": share([True] * hits + [False] * (len(test) - hits)),
            "clean": again.clean,
            "closed": float(shut.accuracy[0, 0]),
        },
        notes,
    )


def _answered(some: Sequence[Asked]) -> list[Answered]:
    return [Answered(one.row, one.answer) for one in some]


def _best(grid: Route) -> tuple[int, int]:
    """The most accurate cell; of equals the one with the longest wait and shortest transfer."""
    cells = [
        (float(value), wait - transfer, wait, transfer)
        for (wait, transfer), value in np.ndenumerate(grid.accuracy)
        if value == value
    ]
    _, _, wait, transfer = max(cells)
    return wait, transfer


def _reference(target: Target, some: Sequence[Asked], options: Options) -> list[Prompt]:
    """What E[ | token] is over: prompts the organism was trained on, or the study's own."""
    if options.prompts is not None:
        return [one.row for one in some]
    from ..organisms import prompts

    made = [one.prompt for one in prompts("adder", "train", _REFERENCE, options.seed)]
    rows = [target.tokenizer(text)["input_ids"] for text in made]
    return [row_of(target, row) for row in rows]


def _shared(text: Sequence[Prompt], some: Sequence[Asked]) -> float:
    """In how many reference prompts the median token stands where it stands."""
    ids = np.concatenate([one.ids for one in text])  # [prompt, place]
    counts = [
        int((ids[:, place] == token).sum())
        for one in some
        for place, token in enumerate(one.row.ids[0].tolist())
    ]
    return float(np.median(counts))


def _said_of_neurons(tested: Sequence[Zeroed], each: int) -> list[Sentence]:
    shared, own = tested
    return [
        Sentence(
            (
                f"{UNITS} neurons chosen by their mean Imp on other prompts matter: with them "
                "zeroed, "
                if shared.found
                else f"{UNITS} neurons chosen by their mean Imp on other prompts do no more than "
                "matched units: with them zeroed, "
            )
            + shared.words()
            + ".",
            shared.found,
        ),
        Sentence(
            (
                "What attribution says of a single prompt holds: zeroing that prompt's own "
                f"{UNITS}, "
                if own.found
                else f"Zeroing each prompt's own {UNITS} does no more than zeroing matched units: "
            )
            + own.words()
            + f". These are chosen without ablation but on the prompt itself; {each} different "
            "neurons are among the best ten of some prompt of the first half.",
            own.found,
        ),
    ]


def _said_of_heads(heads: Sequence[Unit], tested: Zeroed) -> Sentence:
    names = ", ".join(str(unit) for unit in heads)
    if tested.found:
        start = f"The prediction needs the heads {names}, chosen on other prompts: with them zeroed"
    else:
        start = f"Zeroing the heads {names} does no more than zeroing as many others"
    return Sentence(f"{start}, {tested.words()}.", tested.found)


def _said_of_route(grid: Route | None, smallest: dict[str, Any] | None) -> list[Sentence]:
    if grid is None or smallest is None:
        return []
    (wait, transfer), depth = smallest["cell"], len(grid.cama) - 1
    accuracy, keep = said(smallest["accuracy"]), f"{grid.keep:.0%}"
    ends = (
        f"(whole model {number(smallest['clean'])}; with nobody looking at any other place "
        f"{number(smallest['closed'])})"
    )
    held = smallest["accuracy"]["value"] >= grid.keep * smallest["clean"]
    if grid.smallest is None or not held:
        text = (
            f"No route that waits and then lets the last place alone look back keeps {keep} of the "
            f"accuracy: the best, wait {wait} and transfer {transfer}, gives {accuracy} on "
            f"held-out prompts {ends}."
        )
        if wait == 0 and smallest["accuracy"]["low"] > smallest["closed"]:
            text += (
                " Most of it does need only the last place to look back, but from the first layer "
                f"on: with CAMA at layer 1 accuracy is {number(float(grid.cama[1]))}."
            )
        return [Sentence(text, False)]
    where = f"layers {wait} to {wait + transfer - 1}" if transfer > 1 else f"layer {wait}"
    text = (
        f"The operands reach the last place in {where} of {depth}: with all places kept from their "
        f"context before that, and from each other after, accuracy is {accuracy} on held-out "
        f"prompts {ends}."
    )
    if wait:
        text += (
            f" With the plain mean in place of E[ | token] at that layer: "
            f"{number(float(grid.mean[wait]))}."
        )
    return [Sentence(text, smallest["accuracy"]["low"] > smallest["closed"])]


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
    from .plots import drops

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
    from .plots import drops, heat

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
                ),
                "Drop of p(target) by each head, first half.",
            ),
            Picture("heads zeroed", drops([tested]), "The strongest heads beside other heads."),
        ),
    )


def _route_section(grid: Route | None, smallest: dict[str, Any] | None) -> list[Section]:
    if grid is None or smallest is None:
        return []
    from .plots import heat

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
