"""Changes sets of units at places and measures what that does to a prediction.

zero       0
mean       the unit's mean over a reference text
resample   values from random places of the reference text, the same place for all units of all
           sites
cama       E[value | token at the place] over the reference text (context-aware mean ablation)
scale:F    F times what the unit holds
clamp:V    V
steer:A    A more than what the unit holds
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor

from ..errors import UsageError
from ..metrics.prompt import Prompt
from ..models import Intervention, Unit, add, clamp, scale, zero
from ..statistics.bootstrap import mean_interval
from .reference import Reference
from .runner import Runner
from .sweep import Where, places_of

Method = Literal["zero", "mean", "resample", "cama", "scale", "clamp", "steer"]
MEASURED = ("mean", "resample", "cama")
"""Methods that need values over a text."""
VALUED = ("scale", "clamp", "steer")
"""Methods that need a number."""


@dataclass(frozen=True)
class Part:
    """Some units of one site at some places."""

    site: str
    units: tuple[int, ...] | None = None
    """None: all."""
    where: Where | tuple[int, ...] = "all"

    def of(self, value: Tensor) -> Tensor:
        """Its units among values of the site, `[place, unit]` or `[place, unit, channel]`."""
        return value if self.units is None else value[:, list(self.units)]

    def held(self, value: Tensor) -> Intervention:
        """Its units set to theirs among values of the site, at every place."""
        return clamp(self.site, self.units, self.of(value)[None])


class Change(NamedTuple):
    """What is done to units."""

    method: Method
    value: float | None = None
    """The factor of scale, the value of clamp, what steer adds to what a unit holds."""

    def words(self) -> str:
        """In words."""
        value = None if self.value is None else f"{self.value:g}"
        return {
            "zero": "set to 0",
            "mean": "set to their mean",
            "resample": "resampled",
            "cama": "set to their mean on the token",
            "scale": f"multiplied by {value}",
            "clamp": f"held at {value}",
            "steer": f"raised by {value}",
        }[self.method]


class Changed(NamedTuple):
    """What changing a set of units did."""

    before: list[float]
    """The metric, by prompt."""
    after: list[float]
    mean: float
    """Mean of after - before."""
    interval: tuple[float, float] | None
    """95%, bootstrapped over prompts; None for one prompt."""
    unknown: int
    """Places whose token the reference text lacks (cama): they got the overall mean."""


def parse_change(text: str) -> Change:
    """Reads `zero`, `mean`, `scale:2`, `clamp:0.5`.

    Raises:
        UsageError: for an unknown method, or a number that is missing or out of place.
    """
    name, colon, number = text.strip().partition(":")
    if name not in get_args(Method):
        raise UsageError(f"there is no method '{name}'; take {', '.join(get_args(Method))}")
    method: Any = name
    if name not in VALUED:
        if colon:
            raise UsageError(f"the method {name} takes no number; write {name}")
        return Change(method)
    try:
        value = float(number)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise UsageError(f"the method {name} needs a number behind it, such as {name}:2")
    return Change(method, value)


def parts_of(units: Sequence[Unit], where: Where | tuple[int, ...] = "all") -> list[Part]:
    """One part a site, in the order of first mention."""
    sites: dict[str, list[int]] = {}
    for unit in units:
        sites.setdefault(unit.site, []).append(unit.index)
    return [Part(site, tuple(dict.fromkeys(of)), where) for site, of in sites.items()]


def edit(
    part: Part,
    change: Change,
    prompt: Prompt,
    reference: Reference | None = None,
    seed: int | Sequence[int] = 0,
) -> tuple[Intervention, int]:
    """The intervention on one prompt, and how many of its places have a token unknown to cama.

    Resampling draws a place of the reference text for every place of the prompt by the seed alone,
    so that parts with one seed get their values from the same places.

    Raises:
        UsageError: for an unknown place, or a number or a reference that is missing.
    """
    if prompt.tokenless and (part.where != "all" or change.method in MEASURED):
        raise UsageError(
            "an input without tokens is changed at all places, to zero or by scale, clamp or steer"
        )
    places = None
    if not prompt.tokenless:
        places = places_of(part.where, prompt.places, prompt.predicts)
    if change.method == "zero":
        return zero(part.site, part.units).at(places=places), 0
    if change.method in VALUED:
        if change.value is None:
            raise UsageError(f"the method {change.method} needs a number")
        make = {"scale": scale, "clamp": clamp, "steer": add}[change.method]
        return make(part.site, part.units, change.value).at(places=places), 0
    if reference is None or reference.site != part.site:
        raise UsageError(f"{change.method} of {part.site} needs its values on a reference text")
    unknown = 0
    assert places is not None
    if change.method == "mean":
        value = reference.mean[None]  # [1, unit] or [1, unit, channel]
    elif change.method == "cama":
        value, unknown = reference.at(prompt.ids[0].tolist(), places)
    else:
        rng = np.random.default_rng(seed)
        drawn = rng.integers(len(reference.samples), size=prompt.places)
        value = reference.samples[torch.as_tensor(drawn[list(places)])]
    return part.held(value).at(places=places), unknown


def change_sets(
    runners: Sequence[Runner],
    sets: Sequence[Sequence[Part]],
    change: Change | None = None,
    *,
    references: Mapping[str, Reference] | None = None,
    seed: int = 0,
) -> list[Changed]:
    """Changes each set by itself on each prompt; all sets of a prompt are rows of its batches.

    Args:
        runners: One for each prompt.
        sets: The parts that are changed together, such as a set of units and its controls.
        change: What is done to them; None: zeroed.
        references: By site, for methods that are measured over a text.
        seed: Of resampling (the same places for every set) and of the intervals.

    Raises:
        UsageError: for what the target or the prompts lack, or an output that is not finite.
    """
    if not runners:
        raise UsageError("name at least one prompt")
    what, known = change or Change("zero"), references or {}
    after = np.zeros((len(sets), len(runners)))
    unknown = np.zeros(len(sets), int)
    for i, runner in enumerate(runners):
        rows = []
        for number, parts in enumerate(sets):
            edits = [
                edit(part, what, runner.prompt, known.get(part.site), [seed, i]) for part in parts
            ]
            unknown[number] += sum(missing for _, missing in edits)
            rows.append([one for one, _ in edits])
        after[:, i] = runner.measure(rows).numpy()
    before = np.array([runner.before for runner in runners])
    return [
        Changed(
            before.tolist(),
            line.tolist(),
            float((line - before).mean()),
            mean_interval(line - before, seed=seed),
            int(missing),
        )
        for line, missing in zip(after, unknown, strict=True)
    ]
