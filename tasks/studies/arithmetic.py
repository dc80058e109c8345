"""Which neurons add, which heads feed them, and when do the operands reach the last place?

1. Attribution: Imp of every neuron on the prompts of the first half (Yu & Ananiadou 2024); the ten
   with the highest mean are chosen.
2. Ablation: the ten are zeroed on the second half, beside 20 sets of matched units. So are each
   held-out prompt's own ten, by its own Imp: units for one answer, not for all.
3. Heads: every head is zeroed by itself on the first half; the three that lower p(target) most are
   zeroed together on the second, beside sets of other heads.
4. Comparison: which head do the ten depend on (`links.py`)?
5. Route ("All for One", 2025): accuracy over (wait, transfer) on the first half; the smallest
   subgraph is chosen there and tested on the second.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from ...tools.attribution import Attribution, Settings, attribute
from ...tools.errors import UsageError
from ...tools.interventions import Prompt, Runner, row_of, sweep
from ...tools.interventions.patching import sites_of
from ...tools.interventions.route import Answered, Route, route
from ...tools.models import Target, Unit
from ...tools.statistics.intervals import mean, share
from .cases import Asked, Case, Halves, Sorted, halves, read_cases, sort_out
from .links import Links, links
from .result import Study
from .zeroing import Zeroed, zero, zero_own

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


class Measured(NamedTuple):
    """All numbers."""

    sorted: Sorted
    halves: Halves
    neurons: list[dict[str, Any]]
    each: int
    """Different neurons among the best ten of some prompt."""
    ablation: list[Zeroed]
    effects: list[dict[str, Any]]
    """Every head by itself."""
    heads: list[Unit]
    heads_zeroed: Zeroed
    links: Links | None
    grid: Route | None
    smallest: dict[str, Any] | None
    notes: tuple[str, ...]


def study(target: Target, options: Options, log: Log = lambda line: None) -> Study:
    """Runs all steps.

    Raises:
        UsageError: for a target or prompts that the study cannot use.
    """
    from .arithmetic_shown import shown

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
    order = sorted(effects, key=lambda row: -row["drop"]["value"])
    ranked = [Unit.parse(row["unit"]) for row in order]
    linked = links(target, parts.choose, parts.test, chosen, ranked, seed=options.seed)
    log("compared the chosen neurons with and without each head")
    grid, smallest, notes = _route(target, parts.choose, parts.test, options)
    log("measured the (wait, transfer) grid")

    return shown(
        target,
        options,
        Measured(
            found,
            parts,
            table,
            each,
            tested,
            effects,
            heads,
            heads_tested,
            linked,
            grid,
            smallest,
            tuple(notes),
        ),
    )


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
