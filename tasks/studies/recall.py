"""Recall against reasoning (METHODS R): do one-hop and two-hop facts use the same units?

1. The attention and MLP of each layer are zeroed on both tasks, beside random directions.
2. Residual streams of prompts with other answers are patched in: by which layer does the last
   place carry the answer?
3. Neurons and heads are chosen on the first half of each task's prompts: those whose zeroing costs
   it most (`needed`), and those that cost it most beyond what they cost the other task (`own`).
4. On the second half a 2 x 2 table: recall units on recall and on reasoning, reasoning units on
   both, beside 20 sets of matched units each. Units are specific where they cost their task more
   than the other, beyond controls; two tasks are apart where both kinds are.

The recall prompts of the organism are facts that it was trained on: there is no recall of a fact
that was never seen. Its reasoning prompts were held out.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...tools.errors import UsageError
from ...tools.interventions import Runner
from ...tools.models import Target
from ...tools.statistics.intervals import mean
from .cases import Halves, PromptCase, Screened, halves, read_cases, screen
from .options import Recall
from .result import Log
from .tasks_apart import (
    Cross,
    Patched,
    UnitDrops,
    cross,
    layers,
    overlap,
    patched,
    unit_drops,
)
from .zeroing import Zeroed

TASKS = ("recall", "reasoning")
SHARE = 0.05
"""Of all neurons, or heads (at least two), that are chosen and zeroed together."""


class Measured(NamedTuple):
    """Everything that was measured, by task where it says so."""

    cases: dict[str, Screened]
    halves: dict[str, Halves]
    margins: dict[str, float]
    """Mean margin on the second half, nats."""
    layers: dict[str, list[Zeroed]]
    patched: dict[str, Patched | None]
    exact: bool
    crosses: list[Cross]
    overlaps: dict[str, dict[str, Any]]
    correlation: float
    """Of the drops of all neurons on the two tasks."""


class NoMargin(NamedTuple):
    """The model does not prefer the targets of a task: there is nothing to be lost."""

    task: str
    margin: dict[str, Any]
    """Nats: `value, low, high, n`."""
    cases: dict[str, Screened]


def default_cases(many: int, seed: int) -> dict[str, list[PromptCase]]:
    """Half of each task's prompts of each of its kinds."""
    from ..organisms import prompts

    kinds = {
        "recall": (("recall", "train"), ("bridge", "train")),
        "reasoning": (("reasoning", "test"), ("new person", "test")),
    }
    cases: dict[str, list[PromptCase]] = {}
    for task, pools in kinds.items():
        for kind, split in pools:
            try:
                made = prompts("facts", split, many // 2, seed, kind=kind)
            except UsageError as error:
                raise UsageError(f"--many {many} asks for too many: {error}") from error
            cases.setdefault(task, []).extend(PromptCase(p.prompt, p.target, kind) for p in made)
    return cases


def measure(target: Target, options: Recall, log: Log = lambda line: None) -> Measured | NoMargin:
    """Runs all steps.

    Raises:
        UsageError: for a target or prompts that the study cannot use.
    """
    given, seed = _cases(options), options.seed
    cases: dict[str, Screened] = {}
    parts: dict[str, Halves] = {}
    for task in TASKS:
        usable = cases[task] = screen(
            target, given[task], keep_wrong=options.keep_wrong, several=options.several
        )
        parts[task] = halves(usable.used, seed=seed, screened=usable, what=f"{task} prompts")
        log(f"{task}: {len(parts[task].choose)} prompts choose units, {len(parts[task].test)} test")
    choose = {task: [one.margin(target) for one in parts[task].choose] for task in TASKS}
    test = {task: [one.margin(target) for one in parts[task].test] for task in TASKS}
    for task in TASKS:
        margin = mean((one.before for one in test[task]), seed=seed)
        if margin["low"] <= 0:
            return NoMargin(task, margin, cases)
    by_layer = {task: layers(target, test[task], seed=seed) for task in TASKS}
    log("zeroed every layer")
    moved = {task: patched(target, parts[task].test, seed=seed) for task in TASKS}
    log("patched every layer and place")
    crosses: list[Cross] = []
    overlaps: dict[str, dict[str, Any]] = {}
    correlation, exact = float("nan"), True
    for kind, name in (("mlp", "neurons"), ("head", "heads")):
        drops = {task: unit_drops(target, choose[task], kind) for task in TASKS}
        log(f"zeroed {len(drops['recall'].units):,} {name} one by one")
        more, overlaps[name] = _crosses(name, drops, test, seed)
        crosses += more
        log(f"tested the chosen {name} on both tasks")
        if kind == "mlp":
            exact = drops["recall"].exact
            correlation = float(np.corrcoef([drops[task].drops for task in TASKS])[0, 1])
    margins = {task: float(np.mean([r.before for r in test[task]])) for task in TASKS}
    return Measured(cases, parts, margins, by_layer, moved, exact, crosses, overlaps, correlation)


def _cases(options: Recall) -> dict[str, list[PromptCase]]:
    files = {"recall": options.recall, "reasoning": options.reasoning}
    if not any(files.values()):
        return default_cases(options.many, options.seed)
    out = {}
    for task, path in files.items():
        if path is None:
            raise UsageError(
                f"give both --recall and --reasoning: --{task} FILE.jsonl is missing, with prompt "
                "and target in each line"
            )
        out[task] = read_cases(path)[: options.many]
    return out


def _crosses(
    name: str, drops: Mapping[str, UnitDrops], test: Mapping[str, Sequence[Runner]], seed: int
) -> tuple[list[Cross], dict[str, Any]]:
    """Both choices of both tasks' units, on both tasks; and how many both need most."""
    units = drops["recall"].units
    n = max(2, round(SHARE * len(units)))
    crosses, needed = [], []
    for rule in ("needed", "own"):
        for task, other in (TASKS, TASKS[::-1]):
            score = drops[task].drops - (drops[other].drops if rule == "own" else 0)
            best = [units[int(i)] for i in np.argsort(-score, kind="stable")[:n]]
            crosses.append(cross(task, name, rule, test, best, seed=seed))
            if rule == "needed":
                needed.append(best)
    return crosses, overlap(needed[0], needed[1], len(units))
