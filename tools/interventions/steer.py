"""Scaling, clamping and steering: doses of a change and what each does to a prediction.

    scale(f)        f times what the units hold
    clamp(v)        the units at v
    steer(f)        f times a direction, added to a whole site (a residual stream, say)

Beside steering stands the same dose of random directions of the same length.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from ..errors import UsageError
from ..models import Intervention, add, clamp, scale
from .ablation import Part
from .controls import MANY, Control, against, random_directions
from .runner import Runner
from .sweep import places_of

Kind = Literal["scale", "clamp"]


class Dose(NamedTuple):
    """One strength."""

    strength: float
    metric: float
    effect: float
    """The metric less that of the clean run."""
    control: Control | None
    """Random directions, where something was steered."""


def doses(
    runner: Runner, parts: Sequence[Part], kind: Kind, strengths: Sequence[float]
) -> list[Dose]:
    """Scales or clamps all parts together, once for each strength.

    Raises:
        UsageError: for what the target lacks, or a strength that is not finite.
    """
    make = {"scale": scale, "clamp": clamp}.get(kind)
    if make is None:
        raise UsageError(f"'{kind}' is no such change; take scale or clamp")
    _finite(strengths)
    rows = []
    for strength in strengths:
        rows.append(
            [
                make(part.site, part.units, strength).at(places=_places(runner, part))
                for part in parts
            ]
        )
    after = runner.measure(rows)
    return [
        Dose(float(s), float(m), float(m) - runner.before, None)
        for s, m in zip(strengths, after, strict=True)
    ]


def steer(
    runner: Runner,
    part: Part,
    direction: Tensor,
    strengths: Sequence[float],
    *,
    controls: int = MANY,
    seed: int = 0,
) -> list[Dose]:
    """Adds a direction, in each strength, at the part's places, beside random directions as long.

    Args:
        runner: A prompt.
        part: A whole site (no units named), and its places.
        direction: `[unit]` of that site (`[unit, channel]` for heads).
        strengths: Factors of the direction.
        controls: How many random directions for each strength.
        seed: Of those.

    Raises:
        UsageError: for a direction that does not fit the site, is 0 or not finite.
    """
    there = runner.target.site(part.site)
    want = (there.units,) if there.channels == 1 else (there.units, there.channels)
    if part.units is not None:
        raise UsageError("steering adds to a whole site; name no units (or scale and clamp them)")
    if tuple(direction.shape) != want:
        raise UsageError(
            f"the direction has the shape {list(direction.shape)}, but {part.site} takes "
            f"{list(want)}"
        )
    if not bool(direction.isfinite().all()) or not bool(direction.any()):
        raise UsageError("the direction is 0 or not finite; there is nothing to steer along")
    _finite(strengths)
    places = _places(runner, part)
    drawn = random_directions(direction.reshape(1, -1), controls, seed=seed)[:, 0].reshape(
        controls, *want
    )
    lines = [direction, *drawn]
    rows: list[list[Intervention]] = [
        [add(part.site, None, strength * line[None, None]).at(places=places)]
        for strength in strengths
        for line in lines
    ]
    effect = (runner.measure(rows) - runner.before).reshape(len(strengths), len(lines))
    return [
        Dose(
            float(s), runner.before + float(e[0]), float(e[0]), against(float(e[0]), e[1:].tolist())
        )
        for s, e in zip(strengths, effect, strict=True)
    ]


def _places(runner: Runner, part: Part) -> tuple[int, ...]:
    return places_of(part.where, runner.prompt.places, runner.prompt.predicts)


def _finite(strengths: Sequence[float]) -> None:
    wrong = [s for s in strengths if not bool(torch.isfinite(torch.tensor(float(s))))]
    if wrong or not len(strengths):
        raise UsageError(f"strengths have to be finite numbers, at least one; not {strengths}")
