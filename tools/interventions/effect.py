"""The effect of one change of a set of units on a prediction, beside both kinds of controls.

1. The change is made to all units together, on every prompt, at all places or the last; its effect
   is the metric after less before.
2. The same change to 20 sets of matched units of the same sites (see `controls.py`).
3. What the change adds to the outputs that its units write into, put along a random direction of
   the same length at every place, 20 times.
4. Both percentiles, and a bootstrap interval over prompts.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..errors import UsageError
from ..models import Intervention, Target, Unit, add
from ..residual.weights import output_weight
from .change import Change, change_sets, edit, parts_of
from .controls import LIMIT, Control, against, matched_sets, random_directions
from .reference import Reference
from .runner import Runner
from .sweep import Where, places_of


class ControlledEffect(NamedTuple):
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


def effect_of(
    runners: Sequence[Runner],
    units: Sequence[Unit],
    change: Change,
    *,
    where: Where = "all",
    references: Mapping[str, Reference] | None = None,
    rates: dict[str, np.ndarray] | None = None,
    controls: int = LIMIT,
    seed: int = 0,
) -> ControlledEffect:
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
    for unit in chosen:
        runners[0].target.unit(str(unit))
    places = [
        None if r.prompt.tokenless else places_of(where, r.prompt.places, r.prompt.predicts)
        for r in runners
    ]
    matched = matched_sets(runners, chosen, places, rates=rates, limit=controls, seed=seed)
    own, *others = change_sets(
        runners,
        [parts_of(one, where) for one in (chosen, *matched)],
        change,
        references=references,
        seed=seed,
    )
    turned: list[np.ndarray] = []
    for i, runner in enumerate(runners):
        along = []
        for n, part in enumerate(parts_of(chosen, where)):
            known = (references or {}).get(part.site)
            made, _ = edit(part, change, runner.prompt, known, [seed, i])
            along.append(_turned(runner, made, controls, seed + n))
        if all(line is not None for line in along):
            lines = [[edits[n] for edits in along if edits is not None] for n in range(controls)]
            turned.append((runner.measure(lines) - runner.before).numpy())
    notes = list(dict.fromkeys(note for runner in runners for note in runner.notes))
    if own.unknown:
        notes.append(
            f"{own.unknown} places have a token that the text lacks: the overall mean there"
        )
    if len(matched) < controls:
        notes.append(f"the sites have no more than {len(matched)} other sets of units to match")
    directions = None
    if len(turned) == len(runners):
        directions = against(own.mean, np.mean(turned, 0).tolist())
    return ControlledEffect(
        change,
        chosen,
        own.before,
        own.after,
        own.mean,
        own.interval,
        against(own.mean, [one.mean for one in others]),
        [tuple(str(unit) for unit in one) for one in matched],
        directions,
        tuple(notes),
    )


def _turned(runner: Runner, made: Intervention, n: int, seed: int) -> list[Intervention] | None:
    """What an edit writes, as long at every place, along `n` random directions."""
    out = written_to(runner.target, made.site)
    if out is None:
        return None
    term = runner.change(made)  # [place, unit] or [place, unit, channel]
    weight = output_weight(runner.target, made.site)
    if weight is not None:
        rows = weight if made.units is None else weight[list(made.units)]
        flat = term.flatten(1) if term.ndim > 2 else term
        term = flat @ rows.flatten(0, 1)  # [place, d]
    if term.shape[1] != runner.target.site(out).units:
        full = term.new_zeros(len(term), runner.target.site(out).units)
        full[:, : term.shape[1]] = term  # only its length at each place counts
        term = full
    lines = random_directions(term, n, seed=seed)
    return [add(out, None, line[None]).at(places=made.places) for line in lines]


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
