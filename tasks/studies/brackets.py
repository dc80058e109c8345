"""Who closes brackets, and does turning them up help? (RASteer's measurements, METHODS J.)

1. Accuracy by subtask (depth), on held-out prompts.
2. Lens: logit(right closing token) less that of the best wrong one, behind every sub-layer.
3. Heads and neurons that promote the right token by themselves (`components.py`), ranked on the
   first half of the prompts; figures from the second.
4. The counting heads, the best three, are zeroed on the second half, beside sets of other heads.
5. Steering: the best k heads are multiplied, at all places; k in 1 to 5 and the multiplier in 1.1
   to 2.0 are chosen on the first half by accuracy and tested on the second, beside multiplier 1 and
   sets of k other heads whose multiplier is chosen on the first half too.

Prompts that the model gets wrong are what this study is about: they are kept.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from ...tools.errors import UsageError
from ...tools.interventions.change import parts_of
from ...tools.lens.stream import reader
from ...tools.metrics.rows import Rows
from ...tools.models import Intervention, Target, Unit, scale
from ...tools.models import zero as zeroing
from ...tools.statistics.intervals import share
from .cases import (
    Halves,
    PromptCase,
    Screened,
    TokenizedCase,
    halves,
    likeliest,
    read_cases,
    screen,
)
from .components import DirectLogits, Graded, by_chance, direct_logits, grade
from .options import Brackets
from .result import Log
from .zeroing import DRAWS, Zeroed, random_sets, zeroed

HEADS = 3
MOST_HEADS = 5
MULTIPLIERS = tuple(round(1.1 + 0.1 * i, 1) for i in range(10))
GENERAL = 2
"""Subtasks that a component has to generalise to: one is had by favouring one token."""


class Steered(NamedTuple):
    """Heads turned up."""

    units: tuple[Unit, ...]
    multiplier: float
    develop: float
    """Accuracy there; `develop_before` with multiplier 1."""
    develop_before: float
    hits: np.ndarray
    """`[prompt]` on the second half."""
    gain: Zeroed
    """As `Zeroed`, with gains of accuracy for drops."""
    controls: tuple[tuple[tuple[str, ...], float, float], ...]
    """Other heads, their multiplier, their accuracy on the second half."""
    grid: np.ndarray
    """`[k, multiplier]`: accuracy on the first half."""


class Measured(NamedTuple):
    """All numbers."""

    cases: Screened
    halves: Halves
    groups: tuple[str, ...]
    answers: tuple[str, ...]
    points: tuple[str, ...]
    lens: np.ndarray
    """`[prompt, point]` margins, second half."""
    direct: DirectLogits
    graded: tuple[Graded, Graded]
    """First and second half."""
    chance: dict[str, Any]
    counting: Zeroed
    hits: dict[str, np.ndarray]
    """`[prompt]` on the second half: `whole`, `zeroed`; `others` `[set, prompt]`."""
    steered: Steered

    def others(self, subtask: str) -> np.ndarray:
        """Accuracy of each set of other heads zeroed, on a subtask or on `all`."""
        hits = self.hits["others"]
        if subtask != "all":
            hits = hits[:, self.numbers() == self.groups.index(subtask)]
        return hits.mean(1)

    def numbers(self) -> np.ndarray:
        """`[prompt]`: the subtask of each prompt of the second half."""
        return _numbers(self.halves.test, self.groups)

    def by_subtask(self, hits: np.ndarray) -> dict[str, dict[str, Any]]:
        """Accuracy of each subtask and of all, with Wilson intervals, from `[prompt]` hits."""
        numbers = self.numbers()
        parts = {name: share(hits[numbers == i] > 0) for i, name in enumerate(self.groups)}
        return {**parts, "all": share(hits > 0)}


def default_cases(many: int, seed: int) -> list[PromptCase]:
    """Held-out prompts of every depth."""
    from ..organisms import ORGANISMS, prompts

    return [
        PromptCase(p.prompt, p.target, kind)
        for kind in ORGANISMS["brackets"].kinds
        for p in prompts("brackets", "test", many, seed, kind=kind)
    ]


def measure(target: Target, options: Brackets, log: Log = lambda line: None) -> Measured:
    """Runs all steps.

    Raises:
        UsageError: for a target or prompts that the study cannot use.
    """
    cases = screen(target, _cases(options), keep_wrong=True, several=options.several)
    choose, test = parts = halves(cases.used, seed=options.seed, screened=cases)
    groups = tuple(sorted({one.case.group for one in cases.used}))
    names = {one.answer: one.case.target for one in cases.used}
    answers = sorted(names)
    if len(answers) < 2:
        raise UsageError(
            "all prompts have the same target; this study needs two or more closing tokens, each "
            "the right one of some prompts"
        )
    log(f"{len(choose)} prompts to choose heads, {len(test)} to test them")
    points, lens = _lens(target, test, answers)
    log("read the lens behind every sub-layer")
    direct = direct_logits(target, [*choose, *test], answers)
    first, second = direct.on(slice(len(choose))), direct.on(slice(len(choose), None))
    right, numbers = _columns(test, answers), _numbers(test, groups)
    graded = (
        grade(first, _columns(choose, answers), _numbers(choose, groups)),
        grade(second, right, numbers),
    )
    chance = by_chance(second, right, numbers, least=GENERAL, draws=DRAWS, seed=options.seed)
    log(f"read {len(direct.units):,} heads and neurons by themselves")
    heads = [direct.units[i] for i in graded[0].order(direct.passed & direct.heads)]
    counting, hits = _zeroed(target, test, heads, options.seed)
    log("zeroed the counting heads and their controls")
    steered = _steered(target, parts, heads, hits["whole"], options.seed, log)
    closing = tuple(names[answer] for answer in answers)
    return Measured(
        cases, parts, groups, closing, points, lens, direct, graded, chance, counting, hits, steered
    )


def _cases(options: Brackets) -> list[PromptCase]:
    if options.prompts is None:
        return default_cases(options.many, options.seed)
    counts: dict[str, int] = {}
    kept = []
    for case in read_cases(options.prompts):
        group = case.group or case.target
        counts[group] = counts.get(group, 0) + 1
        if counts[group] <= options.many:
            kept.append(case._replace(group=group))
    mixed = [g for g in counts if len({c.target for c in kept if c.group == g}) > 1]
    if mixed:
        raise UsageError(
            f"the lines of kind '{mixed[0]}' have different targets; a subtask has one: give each "
            "its own kind, or leave kind out"
        )
    few = [group for group in counts if counts[group] < 4]
    if few:
        raise UsageError(
            f"subtask '{few[0]}' has only {counts[few[0]]} prompts; give at least 4 of each, "
            "better 20 (a subtask is the line's kind, or its target)"
        )
    return kept


def _numbers(some: Sequence[TokenizedCase], groups: Sequence[str]) -> np.ndarray:
    return np.array([groups.index(one.case.group) for one in some])


def _columns(some: Sequence[TokenizedCase], answers: Sequence[int]) -> np.ndarray:
    return np.array([answers.index(one.answer) for one in some])


def _lens(
    target: Target, some: Sequence[TokenizedCase], answers: Sequence[int]
) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the points, and the margin of the right token over the best wrong one."""
    read = reader(target)
    out = np.zeros((len(some), len(read.points)))
    for i, one in enumerate(some):
        with torch.no_grad():
            last = read.streams(Rows(one.row.ids))[:, 0, -1]  # [point, d]
            logits = read.logits(last)[:, list(answers)].cpu().numpy()  # [point, answer]
        own = logits[:, answers.index(one.answer)].copy()
        logits[:, answers.index(one.answer)] = -np.inf
        out[i] = own - logits.max(1)
    return read.points, out


def hit(
    target: Target, some: Sequence[TokenizedCase], changes: Sequence[Intervention] = ()
) -> np.ndarray:
    """`[prompt]` bool: whether the target is the likeliest token."""
    best = likeliest(target, [one.row.ids[0].tolist() for one in some], changes)
    return best == np.array([one.answer for one in some])


def _zeroed(
    target: Target, test: Sequence[TokenizedCase], heads: Sequence[Unit], seed: int
) -> tuple[Zeroed, dict[str, np.ndarray]]:
    best = list(heads[: min(HEADS, max(1, len(heads) // 4))])
    sets = [best, *random_sets(target, best, draws=DRAWS, seed=seed)]
    whole = hit(target, test).astype(float)
    rows = []
    for one in sets:
        changes = [zeroing(part.site, part.units) for part in parts_of(one)]
        rows.append(hit(target, test, changes).astype(float))
    made = zeroed(
        f"the {len(best)} counting heads",
        best,
        float(whole.mean()),
        whole - np.array(rows),
        seed=seed,
        others="other heads",
    )
    return made, {"whole": whole, "zeroed": rows[0], "others": np.array(rows[1:])}


def _steered(
    target: Target,
    parts: Halves,
    heads: Sequence[Unit],
    whole: np.ndarray,
    seed: int,
    log: Log,
) -> Steered:
    """Chosen on the first half, tested on the second, beside other heads with the same search."""

    def accuracy(units: Sequence[Unit], by: float) -> float:
        return float(hit(target, parts.choose, _turned(units, by)).mean())

    most = min(MOST_HEADS, max(1, len(heads) // 2))
    grid = np.array([[accuracy(heads[:k], by) for by in MULTIPLIERS] for k in range(1, most + 1)])
    k, best = np.unravel_index(int(grid.argmax()), grid.shape)  # of equals the fewest heads
    units, multiplier = tuple(heads[: int(k) + 1]), MULTIPLIERS[int(best)]
    log("chose heads and multiplier on the first half")
    hits = hit(target, parts.test, _turned(units, multiplier)).astype(float)
    rows, controls = [], []
    for one in random_sets(target, units, draws=DRAWS, seed=seed):
        own = MULTIPLIERS[int(np.argmax([accuracy(one, by) for by in MULTIPLIERS]))]
        rows.append(hit(target, parts.test, _turned(one, own)).astype(float))
        controls.append((tuple(map(str, one)), own, float(rows[-1].mean())))
    log("turned up other heads by their own best multipliers")
    gain = zeroed(
        "heads turned up",
        units,
        float(whole.mean()),
        np.array([hits, *rows]) - whole,
        seed=seed,
        others="other heads",
    )
    before = float(hit(target, parts.choose).mean())
    return Steered(units, multiplier, float(grid.max()), before, hits, gain, tuple(controls), grid)


def _turned(units: Sequence[Unit], by: float) -> list[Intervention]:
    return [scale(part.site, part.units or (), by) for part in parts_of(units)]
