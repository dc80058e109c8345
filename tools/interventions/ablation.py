"""Ablates sets of units at places and measures what that does to a prediction.

zero       0
mean       the unit's mean over a reference text
resample   values from random places of the reference text, the same place for all units of all
           sites
cama       E[value | token at the place] over the reference text (context-aware mean ablation)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch

from ..errors import UsageError
from ..metrics.metric import Metric
from ..metrics.prompt import Prompt
from ..models import Intervention, Target, Unit, clamp, zero
from ..statistics.bootstrap import mean_interval
from .reference import Reference
from .runner import Runner
from .sweep import Where, places_of

Method = Literal["zero", "mean", "resample", "cama"]


@dataclass(frozen=True)
class Part:
    """Some units of one site at some places."""

    site: str
    units: tuple[int, ...] | None = None
    """None: all."""
    where: Where | tuple[int, ...] = "all"


class Ablation(NamedTuple):
    """What ablating a set of units did."""

    before: list[float]
    """The metric, by prompt."""
    after: list[float]
    mean: float
    """Mean of after - before."""
    interval: tuple[float, float] | None
    """95%, bootstrapped over prompts; None for one prompt."""
    unknown: int
    """Places whose token the reference text lacks (cama): they got the overall mean."""
    notes: tuple[str, ...]


def parts_of(units: Sequence[Unit], where: Where | tuple[int, ...] = "all") -> list[Part]:
    """One part a site, in the order of first mention."""
    sites: dict[str, list[int]] = {}
    for unit in units:
        sites.setdefault(unit.site, []).append(unit.index)
    return [Part(site, tuple(dict.fromkeys(of)), where) for site, of in sites.items()]


def ablation(
    part: Part,
    method: Method,
    prompt: Prompt,
    reference: Reference | None = None,
    seed: int | Sequence[int] = 0,
) -> tuple[Intervention, int]:
    """The intervention on one prompt, and how many of its places have a token unknown to cama.

    Resampling draws a place of the reference text for every place of the prompt by the seed alone,
    so that parts with one seed get their values from the same places.

    Raises:
        UsageError: for an unknown method or place, or a reference that is missing.
    """
    places = places_of(part.where, prompt.places, prompt.predicts)
    if method not in get_args(Method):
        raise UsageError(f"there is no ablation '{method}'; take {', '.join(get_args(Method))}")
    if method == "zero":
        return zero(part.site, part.units).at(places=places), 0
    if reference is None or reference.site != part.site:
        raise UsageError(f"{method} ablation of {part.site} needs its values on a reference text")
    unknown = 0
    if method == "mean":
        value = reference.mean[None]  # [1, unit] or [1, unit, channel]
    elif method == "cama":
        value, unknown = reference.at(prompt.ids[0].tolist(), places)
    else:
        rng = np.random.default_rng(seed)
        drawn = rng.integers(len(reference.samples), size=prompt.places)
        value = reference.samples[torch.as_tensor(drawn[list(places)])]
    if part.units is not None:
        value = value[:, list(part.units)]
    return clamp(part.site, part.units, value[None]).at(places=places), unknown


def ablate(
    target: Target,
    cases: Sequence[tuple[Prompt, Metric]],
    parts: Sequence[Part],
    method: Method = "zero",
    *,
    references: Mapping[str, Reference] | None = None,
    seed: int = 0,
) -> Ablation:
    """Ablates all parts together on each prompt.

    Args:
        target: The target.
        cases: Prompts with what is measured on each.
        parts: The units and places.
        method: What they are set to.
        references: By site, for all methods but zero.
        seed: Of resampling and of the interval.

    Raises:
        UsageError: for what the target or the prompts lack, or an output that is not finite.
    """
    runners = [Runner(target, prompt, metric) for prompt, metric in cases]
    return ablate_sets(runners, [parts], method, references=references, seed=seed)[0]


def ablate_sets(
    runners: Sequence[Runner],
    sets: Sequence[Sequence[Part]],
    method: Method = "zero",
    *,
    references: Mapping[str, Reference] | None = None,
    seed: int = 0,
) -> list[Ablation]:
    """Ablates each set by itself on each prompt; all sets of a prompt are rows of its batches.

    Args:
        runners: One for each prompt.
        sets: The parts that are ablated together, such as a set of units and its controls.
        method: What they are set to.
        references: By site, for all methods but zero.
        seed: Of resampling (the same places for every set) and of the intervals.

    Raises:
        UsageError: for what the target or the prompts lack, or an output that is not finite.
    """
    if not runners:
        raise UsageError("there is no prompt to ablate on")
    after = np.zeros((len(sets), len(runners)))
    unknown = np.zeros(len(sets), int)
    for at, runner in enumerate(runners):
        rows = []
        for number, parts in enumerate(sets):
            row = []
            for part in parts:
                given = (references or {}).get(part.site)
                change, missing = ablation(part, method, runner.prompt, given, [seed, at])
                row.append(change)
                unknown[number] += missing
            rows.append(row)
        after[:, at] = runner.measure(rows).numpy()
    before = np.array([runner.before for runner in runners])
    notes = runners[0].notes
    return [
        Ablation(
            before.tolist(),
            line.tolist(),
            float((line - before).mean()),
            mean_interval(line - before, seed=seed),
            int(missing),
            notes,
        )
        for line, missing in zip(after, unknown, strict=True)
    ]
