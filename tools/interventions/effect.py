"""The effect of one change of a set of units on a prediction, beside both kinds of controls.

1. The change (zero, mean, resample, cama, scale, clamp, steer) is made to all units together, on
   every prompt, at all places or the last; its effect is the metric after less before.
2. The same change to 20 sets of matched units of the same sites (see `controls.py`).
3. What the change adds to the outputs that its units write into, put along a random direction of
   the same length at every place, 20 times.
4. Both percentiles, and a bootstrap interval over prompts.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from ..errors import UsageError
from ..models import Intervention, Target, Unit, add, clamp, scale
from ..statistics.bootstrap import mean_interval
from .ablation import Method as Ablation
from .ablation import Part, ablation, parts_of
from .controls import MANY, Control, against, matched_sets, random_directions
from .reference import Reference
from .runner import Runner
from .sweep import Where, places_of
from .writes import output_weight

Method = Literal["zero", "mean", "resample", "cama", "scale", "clamp", "steer"]
MEASURED = ("mean", "resample", "cama")
"""Methods that need values over a text."""
VALUED = ("scale", "clamp", "steer")
"""Methods that need a number."""


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


class Effect(NamedTuple):
    """What a change did."""

    change: Change
    units: tuple[Unit, ...]
    before: list[float]
    """The metric, by prompt."""
    after: list[float]
    mean: float
    interval: tuple[float, float] | None
    """95%, bootstrapped over prompts; None for one prompt."""
    matched: Control
    """Beside matched units."""
    matched_units: list[tuple[str, ...]]
    directions: Control | None
    """Beside random directions; None where what the units write is not known."""
    notes: tuple[str, ...]


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


def effect_of(
    runners: Sequence[Runner],
    units: Sequence[Unit],
    change: Change,
    *,
    where: Where = "all",
    references: Mapping[str, Reference] | None = None,
    rates: dict[str, np.ndarray] | None = None,
    controls: int = MANY,
    seed: int = 0,
) -> Effect:
    """Measures a change beside its controls; see the module's docstring.

    Args:
        runners: One for each prompt.
        units: Changed together.
        change: What is done to them.
        where: At all places, or the last.
        references: By site, for mean, resample and cama.
        rates: Firing rates by site over a text, to match by; None: over the prompts.
        controls: How many of each kind.
        seed: Of all that is random.

    Raises:
        UsageError: for what the target lacks, or an output that is not finite.
    """
    chosen = tuple(dict.fromkeys(Unit(unit.site, unit.index) for unit in units))
    if not chosen or not runners:
        raise UsageError("name at least one unit and one prompt")
    target = runners[0].target
    for unit in chosen:
        target.unit(str(unit))
    places = [places_of(where, r.prompt.places, r.prompt.predicts) for r in runners]
    sets = [
        chosen,
        *matched_sets(runners, chosen, places, rates=rates, many=controls, seed=seed),
    ]
    after = np.zeros((len(sets), len(runners)))
    turned: list[np.ndarray] = []
    unknown = 0
    for at, (runner, spots) in enumerate(zip(runners, places, strict=True)):
        rows = []
        for one in sets:
            found = [
                _edit(part, change, runner, spots, references or {}, [seed, at])
                for part in parts_of(one, spots)
            ]
            unknown += sum(missing for _, missing in found) if one is chosen else 0
            rows.append([edit for edit, _ in found])
        after[:, at] = runner.measure(rows).numpy()
        along = [_turned(runner, edit, controls, seed + n) for n, edit in enumerate(rows[0])]
        if all(line is not None for line in along):
            lines = [[edits[n] for edits in along if edits is not None] for n in range(controls)]
            turned.append((runner.measure(lines) - runner.before).numpy())
    before = np.array([runner.before for runner in runners])
    each = after - before
    means = each.mean(1)
    notes = list(dict.fromkeys(note for runner in runners for note in runner.notes))
    if unknown:
        notes.append(f"{unknown} places have a token that the text lacks: the overall mean there")
    if len(sets) - 1 < controls:
        notes.append(f"the sites have no more than {len(sets) - 1} other sets of units to match")
    directions = None
    if len(turned) == len(runners):
        directions = against(float(means[0]), np.mean(turned, 0).tolist())
    return Effect(
        change,
        chosen,
        before.tolist(),
        after[0].tolist(),
        float(means[0]),
        mean_interval(each[0], seed=seed),
        against(float(means[0]), means[1:].tolist()),
        [tuple(str(unit) for unit in one) for one in sets[1:]],
        directions,
        tuple(notes),
    )


def _edit(
    part: Part,
    change: Change,
    runner: Runner,
    places: Sequence[int],
    references: Mapping[str, Reference],
    seed: Sequence[int],
) -> tuple[Intervention, int]:
    method: Any = change.method
    if method in get_args(Ablation):
        return ablation(part, method, runner.prompt, references.get(part.site), seed)
    if change.value is None:
        raise UsageError(f"the method {method} needs a number")
    make = {"scale": scale, "clamp": clamp, "steer": add}[method]
    return make(part.site, part.units, change.value).at(places=places), 0


def _turned(runner: Runner, edit: Intervention, many: int, seed: int) -> list[Intervention] | None:
    """What an edit writes, as long at every place, along random directions."""
    out = written_to(runner.target, edit.site)
    if out is None:
        return None
    change = runner.change(edit)  # [place, unit] or [place, unit, channel]
    weight = output_weight(runner.target, edit.site)
    if weight is None:
        term = change
    else:
        rows = weight if edit.units is None else weight[list(edit.units)]
        flat = change.flatten(1) if change.ndim > 2 else change
        term = flat @ rows.flatten(0, 1)  # [place, d]
    if term.shape[1] != runner.target.site(out).units:
        full = term.new_zeros(len(term), runner.target.site(out).units)
        full[:, : term.shape[1]] = term  # only its length at each place counts
        term = full
    lines = random_directions(term, many, seed=seed)
    return [add(out, None, line[None]).at(places=edit.places) for line in lines]


def written_to(target: Target, site: str) -> str | None:
    """The site whose values are the sum of what a site's units write: `mlp_out.3` of `mlp.3`."""
    there = target.site(site)
    if there.code is not None:
        return None
    if there.channels == 1 and there.port == "output":
        return site
    weight = output_weight(target, site)
    if weight is None:
        return None
    return next(
        (
            name
            for name, other in target.sites.items()
            if other.module == there.module
            and other.port == "output"
            and other.units == weight.shape[2]
        ),
        None,
    )
