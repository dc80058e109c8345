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

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from ...tools.errors import UsageError
from ...tools.interventions.change import parts_of
from ...tools.lens.stream import reader
from ...tools.metrics.rows import Rows
from ...tools.models import Intervention, Target, Unit, scale
from ...tools.models import zero as zeroing
from ...tools.statistics.intervals import mean, share
from .cases import Asked, Case, Halves, Sorted, halves, likeliest, read_cases, sort_out
from .components import Graded, Said, by_chance, grade, said_alone
from .result import Study
from .zeroing import DRAWS, Zeroed, random_sets, zeroed

DEFAULT = "organism:brackets"
HEADS = 3
MOST_HEADS = 5
MULTIPLIERS = tuple(round(1.1 + 0.1 * at, 1) for at in range(10))
GENERAL = 2
"""Subtasks that a component has to generalise to: one is had by favouring one token."""

Log = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What the study is told."""

    target: str = DEFAULT
    prompts: Path | None = None
    many: int = 100
    """Prompts of each subtask."""
    seed: int = 0
    several: Literal["first"] | None = None


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

    sorted: Sorted
    halves: Halves
    groups: tuple[str, ...]
    answers: tuple[str, ...]
    points: tuple[str, ...]
    lens: np.ndarray
    """`[prompt, point]` margins, second half."""
    said: Said
    graded: tuple[Graded, Graded]
    """First and second half."""
    chance: dict[str, Any]
    counting: Zeroed
    hits: dict[str, np.ndarray]
    """`[prompt]` on the second half: `whole`, `zeroed`; `others` `[set, prompt]`."""
    steered: Steered

    def numbers(self) -> np.ndarray:
        """`[prompt]`: the subtask of each prompt of the second half."""
        return _numbers(self.halves.test, self.groups)


def default_cases(many: int, seed: int) -> list[Case]:
    """Held-out prompts of every depth."""
    from ..organisms import ORGANISMS, prompts

    return [
        Case(p.prompt, p.target, kind)
        for kind in ORGANISMS["brackets"].kinds
        for p in prompts("brackets", "test", many, seed, kind=kind)
    ]


def study(target: Target, options: Options, log: Log = lambda line: None) -> Study:
    """Runs all steps.

    Raises:
        UsageError: for a target or prompts that the study cannot use.
    """
    from .brackets_shown import shown

    return shown(target, options, measure(target, options, log))


def measure(target: Target, options: Options, log: Log) -> Measured:
    """All numbers."""
    found = sort_out(target, _cases(options), keep_wrong=True, several=options.several)
    parts = halves(found.used, seed=options.seed, found=found)
    groups = tuple(sorted({one.case.group for one in found.used}))
    answers = sorted({one.answer for one in found.used})
    if len(answers) < 2:
        raise UsageError(
            "all prompts have the same target; this study needs two or more closing tokens, each "
            "the right one of some prompts"
        )
    log(f"{len(parts.choose)} prompts to choose heads, {len(parts.test)} to test them")
    points, lens = _lens(target, parts.test, answers)
    log("read the lens behind every sub-layer")
    both = [*parts.choose, *parts.test]
    said = said_alone(target, both, answers)
    cut = len(parts.choose)
    first = said._replace(logits=said.logits[:cut], largest=said.largest[:cut])
    second = said._replace(logits=said.logits[cut:], largest=said.largest[cut:])
    graded = tuple(
        grade(part, _columns(half, answers), _numbers(half, groups))
        for part, half in ((first, parts.choose), (second, parts.test))
    )
    chance = by_chance(
        second,
        _columns(parts.test, answers),
        _numbers(parts.test, groups),
        least=GENERAL,
        draws=DRAWS,
        seed=options.seed,
    )
    log(f"read {len(said.units):,} heads and neurons by themselves")
    order = graded[0].order(said.passed)
    heads = [said.units[at] for at in order if said.units[at].site.startswith("head.")]
    counting, hits = _zeroed(target, parts.test, heads, options.seed)
    log("zeroed the counting heads and their controls")
    steered = _steered(target, parts, heads, hits["whole"], options.seed, log)
    names = {one.answer: one.case.target for one in found.used}
    return Measured(
        found,
        parts,
        groups,
        tuple(names[answer] for answer in answers),
        points,
        lens,
        said,
        (graded[0], graded[1]),
        chance,
        counting,
        hits,
        steered,
    )


def _cases(options: Options) -> list[Case]:
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


def _numbers(some: Sequence[Asked], groups: Sequence[str]) -> np.ndarray:
    return np.array([groups.index(one.case.group) for one in some])


def _columns(some: Sequence[Asked], answers: Sequence[int]) -> np.ndarray:
    return np.array([answers.index(one.answer) for one in some])


def _lens(
    target: Target, some: Sequence[Asked], answers: Sequence[int]
) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the points, and the margin of the right token over the best wrong one."""
    read = reader(target)
    out = np.zeros((len(some), len(read.points)))
    for at, one in enumerate(some):
        with torch.no_grad():
            last = read.streams(Rows(one.row.ids))[:, 0, -1]  # [point, d]
            logits = read.logits(last)[:, list(answers)].cpu().numpy()  # [point, answer]
        own = logits[:, answers.index(one.answer)].copy()
        logits[:, answers.index(one.answer)] = -np.inf
        out[at] = own - logits.max(1)
    return read.points, out


def hit(target: Target, some: Sequence[Asked], changes: Sequence[Intervention] = ()) -> np.ndarray:
    """`[prompt]` bool: whether the target is the likeliest token."""
    best = likeliest(target, [one.row.ids[0].tolist() for one in some], changes)
    return best == np.array([one.answer for one in some])


def _zeroed(
    target: Target, test: Sequence[Asked], heads: Sequence[Unit], seed: int
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
    k, at = np.unravel_index(int(grid.argmax()), grid.shape)  # of equals the fewest heads
    units, multiplier = tuple(heads[: int(k) + 1]), MULTIPLIERS[int(at)]
    log("chose heads and multiplier on the first half")
    hits = hit(target, parts.test, _turned(units, multiplier)).astype(float)
    rows, controls = [], []
    for one in random_sets(target, units, draws=DRAWS, seed=seed):
        found = [accuracy(one, by) for by in MULTIPLIERS]
        own = MULTIPLIERS[int(np.argmax(found))]
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
    return Steered(
        units,
        multiplier,
        float(grid.max()),
        before,
        hits,
        gain,
        tuple(controls),
        grid,
    )


def _turned(units: Sequence[Unit], by: float) -> list[Intervention]:
    return [scale(part.site, part.units or (), by) for part in parts_of(units)]


def by_group(values: np.ndarray, numbers: np.ndarray, groups: Sequence[str]) -> dict[str, Any]:
    """Accuracy of each subtask and of all, with Wilson intervals; means of sets have none."""
    masks = {name: numbers == at for at, name in enumerate(groups)}
    masks["all"] = np.ones(len(numbers), bool)
    if values.ndim == 1:
        return {name: share(values[mask] > 0) for name, mask in masks.items()}
    return {name: mean(values[:, mask].mean(1)) for name, mask in masks.items()}
