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

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from ...tools.attribution import Attribution, Settings, attribute
from ...tools.errors import UsageError
from ...tools.interventions import Prompt, Runner, row_of, sweep
from ...tools.interventions.patching import sites_of
from ...tools.interventions.route import Answered, Route, route
from ...tools.models import Target, Unit
from ...tools.statistics.intervals import mean, share
from .cases import Halves, PromptCase, Screened, TokenizedCase, halves, read_cases, screen
from .links import Links, links
from .options import Arithmetic
from .result import Log
from .zeroing import Zeroed, zero, zero_own

UNITS = 10
HEADS = 3
SERVES = 50  # a neuron serves a prompt when it is among so many by its Imp
_REFERENCE = 2000
_FEW = 5  # prompts that share a token at a place, below which E[ | token] is its own value


class Measured(NamedTuple):
    """All numbers."""

    cases: Screened
    halves: Halves
    neurons: list[dict[str, Any]]
    distinct: int
    """Different neurons among the best ten of some prompt."""
    ablation: list[Zeroed]
    effects: list[dict[str, Any]]
    """Every head by itself."""
    heads: list[Unit]
    heads_zeroed: Zeroed
    links: Links | None
    route: "Tested | None"
    notes: list[str]


class Tested(NamedTuple):
    """The grid of the first half, and the cell that it chose on the second."""

    grid: Route
    cell: tuple[int, int]
    """(wait, transfer)."""
    accuracy: dict[str, Any]
    clean: float
    closed: float
    """Accuracy with nobody looking at any other place."""

    @property
    def kept(self) -> bool:
        """Whether the smallest subgraph keeps the accuracy."""
        least = self.grid.keep * self.clean
        return self.grid.smallest is not None and self.accuracy["value"] >= least

    @property
    def above(self) -> bool:
        """Whether it is more accurate than the model in which nobody looks."""
        return self.accuracy["low"] > self.closed

    @property
    def found(self) -> bool:
        """Whether this is a route."""
        return self.kept and self.above


def default_cases(many: int, seed: int) -> list[PromptCase]:
    """Held-out prompts of the adder."""
    from ..organisms import prompts

    return [PromptCase(p.prompt, p.target) for p in prompts("adder", "test", many, seed)]


def measure(target: Target, options: Arithmetic, log: Log = lambda line: None) -> Measured:
    """Runs all steps.

    Raises:
        UsageError: for a target or prompts that the study cannot use.
    """
    if options.prompts is not None:
        cases = read_cases(options.prompts)[: options.many]
    else:
        cases = default_cases(options.many, options.seed)
    usable = screen(target, cases, keep_wrong=options.keep_wrong, several=options.several)
    choose, test = parts = halves(usable.used, seed=options.seed, screened=usable)
    log(f"{len(choose)} prompts to choose units, {len(test)} to test them")
    runners = [one.runner(target) for one in test]
    chosen, distinct, n, table = _neurons(target, choose, options.seed)
    log(f"attributed {n:,} neurons")
    ablation = _ablation(target, test, runners, chosen, options.seed)
    log("zeroed the best neurons and their controls")
    heads, heads_zeroed, effects = _heads(target, choose, runners, options.seed)
    log("zeroed every head")
    order = sorted(effects, key=lambda row: -row["drop"]["value"])
    ranked = [Unit.parse(row["unit"]) for row in order]
    linked = links(target, choose, test, chosen, ranked, seed=options.seed)
    log("compared the chosen neurons with and without each head")
    tested, notes = _route(target, choose, test, options)
    log("measured the (wait, transfer) grid")
    return Measured(
        usable,
        parts,
        table,
        distinct,
        ablation,
        effects,
        heads,
        heads_zeroed,
        linked,
        tested,
        notes,
    )


def _neurons(
    target: Target, some: Sequence[TokenizedCase], seed: int
) -> tuple[list[Unit], int, int, list[dict[str, Any]]]:
    """The best by mean Imp, how many neurons serve a prompt, how many there are, and a table."""
    rows, best, serves = [], None, []
    for one in some:
        best = attribute(target, one.question, Settings("imp", ("mlp",), top=UNITS, words=4))
        rows.append(best.values["mlp"].cpu().numpy())
        serves.append(best.ranked("mlp", SERVES))
    assert best is not None
    values = np.stack(rows)  # [prompt, neuron]
    layout = best.layouts["mlp"]
    order = np.argsort(-values.mean(0), kind="stable")[:UNITS].tolist()
    chosen = [layout.spot(i) for i in order]
    table = [
        {
            "unit": str(spot),
            "imp": mean(values[:, i], seed=seed),
            "serves": round(float(np.mean([spot in own for own in serves])), 4),
            "promotes": promoted,
        }
        for spot, i, promoted in zip(chosen, order, _tokens(target, best, order), strict=True)
    ]
    distinct = len({spot for own in serves for spot in own[:UNITS]})
    units = [Unit(spot.site, spot.index) for spot in chosen]
    return units, distinct, values.shape[1], table


def _tokens(target: Target, best: Attribution, numbers: list[int]) -> list[list[str]]:
    """The tokens that each neuron's row favours most at a positive activation."""
    from ...tools.attribution.attribute import decoded

    layout, source = best.layouts["mlp"], best.sources[0]
    rows = torch.empty(len(numbers), best.trace.final.shape[-1], device=best.trace.final.device)
    with torch.no_grad():
        for block, where, within in layout.parts(torch.tensor(numbers, device=rows.device)):
            rows[where] = source.rows("mlp", block, within)
        return [list(top) for top, _ in decoded(target, best.readout, rows, 5)]


def _ablation(
    target: Target,
    test: Sequence[TokenizedCase],
    runners: Sequence[Runner],
    chosen: Sequence[Unit],
    seed: int,
) -> list[Zeroed]:
    settings = Settings("imp", ("mlp",), top=UNITS, words=0)

    def own(i: int) -> list[Unit]:
        best = attribute(target, test[i].question, settings).ranked("mlp", UNITS)
        return [Unit(spot.site, spot.index) for spot in best]

    return [
        zero(f"the chosen {UNITS}", runners, chosen, seed=seed),
        zero_own(f"each prompt's own {UNITS}", runners, own, seed=seed),
    ]


def _heads(
    target: Target, some: Sequence[TokenizedCase], runners: Sequence[Runner], seed: int
) -> tuple[list[Unit], Zeroed, list[dict[str, Any]]]:
    """The heads that lower p most, tested together; and every head's effect."""
    sites = sites_of(target, "head")
    drops: dict[Unit, list[float]] = {}
    for one in some:
        runner = one.runner(target)
        for site in sites:
            effects = sweep(runner, site).effect.tolist()
            for i, effect in enumerate(effects):
                drops.setdefault(Unit(site, i), []).append(-effect)
    table = [{"unit": str(unit), "drop": mean(of, seed=seed)} for unit, of in drops.items()]
    n = min(HEADS, max(1, len(drops) // 4))
    best = sorted(drops, key=lambda unit: -float(np.mean(drops[unit])))[:n]
    name = f"the {n} heads" if n > 1 else "the head"
    return best, zero(name, runners, best, seed=seed), table


def _route(
    target: Target,
    choose: Sequence[TokenizedCase],
    test: Sequence[TokenizedCase],
    options: Arithmetic,
) -> tuple[Tested | None, list[str]]:
    """The grid on the first half, the smallest subgraph on the second; and notes."""
    lengths = {one.row.places for one in (*choose, *test)}
    if len(lengths) > 1:
        return None, [
            f"no route: the prompts have {min(lengths)} to {max(lengths)} tokens, and a route "
            "needs one template, place by place"
        ]
    text = _reference(target, [*choose, *test], options)
    try:
        grid = route(target, _answered(choose), text=text)
    except UsageError as error:
        return None, [f"no route: {error}"]
    notes = []
    alone = _shared(text, [*choose, *test])
    if alone < _FEW:
        notes.append(
            f"CAMA is weak here: the median token stands at its place in {alone:.0f} prompts, so "
            "that its mean is little but its own value; give more prompts with the same numbers"
        )
    cell = grid.smallest or _best(grid)
    held_out = route(target, _answered(test), text=text, waits=[cell[0]], transfers=[cell[1]])
    closed = route(target, _answered(test), text=text, waits=[0], transfers=[0])
    hits = round(float(held_out.accuracy[cell]) * len(test))
    accuracy = share([True] * hits + [False] * (len(test) - hits))
    return Tested(grid, cell, accuracy, held_out.clean, float(closed.accuracy[0, 0])), notes


def _answered(some: Sequence[TokenizedCase]) -> list[Answered]:
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


def _reference(target: Target, some: Sequence[TokenizedCase], options: Arithmetic) -> list[Prompt]:
    """What E[ | token] is over: prompts the organism was trained on, or the study's own."""
    if options.prompts is not None:
        return [one.row for one in some]
    from ..organisms import prompts

    made = [one.prompt for one in prompts("adder", "train", _REFERENCE, options.seed)]
    rows = [target.tokenizer(text)["input_ids"] for text in made]
    return [row_of(target, row) for row in rows]


def _shared(text: Sequence[Prompt], some: Sequence[TokenizedCase]) -> float:
    """In how many reference prompts the median token stands where it stands."""
    ids = np.concatenate([one.ids for one in text])  # [prompt, place]
    counts = [
        int((ids[:, place] == token).sum())
        for one in some
        for place, token in enumerate(one.row.ids[0].tolist())
    ]
    return float(np.median(counts))
