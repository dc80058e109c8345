"""Controls: an effect beside the same effect of units and directions that nobody chose.

1. Matched units: of the same site, nearest in firing rate and in |a| * ||w_out|| at the places
   touched (a their values there, w_out what one of them writes), 20 sets of them.
2. Random directions: what the change adds to the residual stream, at each place as long, in a
   direction drawn at random; 20 of them.
3. The percentile of the effect's size among them, and p = (1 + as large) / (1 + controls).
4. Ranking all units of a site: to first order, a random direction in the place of what a unit
   writes, with the unit's own values c_p, has an effect that is normal around 0 with variance
   |sum_p c_p g_p|^2 |w|^2 / d (g_p the gradient at the residual stream). How far real random
   directions depart from that widens it; Student's t gives every unit's p, and Benjamini and
   Hochberg (1995) turn the p of all into false-discovery rates. [ours]
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..activations.unit_stats import nearest
from ..errors import UsageError
from ..models import Unit
from ..residual.weights import write_norms
from ..statistics.permutation import false_discovery_rate, p_value, percentile
from .gradients import gradients
from .runner import Runner
from .sweep import Sweep

LIMIT = 20
"""Controls of each kind."""


class Control(NamedTuple):
    """One effect beside those of its controls."""

    effect: float
    controls: list[float]
    percentile: float
    """Share of controls whose size is below, ties half, in percent."""
    p: float
    """(1 + controls at least as large) / (1 + controls)."""


def against(effect: float, controls: Sequence[float]) -> Control:
    """Where the size of an effect stands; without controls at 50, p = 1."""
    sizes, own = np.abs(np.asarray(controls, float)), abs(effect)
    return Control(
        float(effect), [float(c) for c in controls], percentile(own, sizes), p_value(own, sizes)
    )


def control_sets(drawn: Sequence[Sequence[Unit]]) -> list[tuple[Unit, ...]]:
    """Sets of one control for each unit, no unit twice in one.

    Args:
        drawn: For each unit its controls, nearest first.
    """
    rolled = [
        list(units[i % max(1, len(units)) :]) + list(units[: i % max(1, len(units))])
        for i, units in enumerate(drawn)
    ]
    sets = [tuple(one) for one in zip(*rolled, strict=False)]
    return [one for one in sets if len(set(one)) == len(one)]


def matched_sets(
    runners: Sequence[Runner],
    units: Sequence[Unit],
    places: Sequence[Sequence[int] | None],
    *,
    rates: dict[str, np.ndarray] | None = None,
    limit: int = LIMIT,
    seed: int = 0,
) -> list[tuple[Unit, ...]]:
    """Sets of units that match the chosen ones, each set as large.

    Args:
        runners: One for each prompt.
        units: The chosen units.
        places: The places touched, by prompt; None: all.
        rates: Firing rates by site, `[unit]`, over a text; None: over the prompts themselves.
        limit: How many sets, where the site has enough units.
        seed: Which of equally near units.
    """
    traits = {
        site: _traits(runners, site, places, (rates or {}).get(site))
        for site in dict.fromkeys(unit.site for unit in units)
    }
    drawn = []
    rng = np.random.default_rng(seed)
    for unit in units:
        result = traits[unit.site]
        barred = {other.index for other in units if other.site == unit.site}
        alive = [n for n in rng.permutation(result.shape[1]) if n not in barred]
        pool = np.asarray(alive, int)
        if len(pool):
            pool = nearest(result, unit.index, pool)[: limit + len(units)]
        drawn.append([Unit(unit.site, int(index), unit.sign) for index in pool])
    return control_sets(drawn)[:limit]


def random_directions(change: Tensor, n: int = LIMIT, *, seed: int = 0) -> Tensor:
    """`[control, place, d]`: at each place as long as `change` `[place, d]`, one random direction
    for all places of a control."""
    draw = torch.Generator().manual_seed(seed)
    drawn = torch.randn(n, 1, change.shape[-1], generator=draw, dtype=torch.float64)
    drawn = drawn / torch.linalg.vector_norm(drawn, dim=-1, keepdim=True)
    length = torch.linalg.vector_norm(change.cpu().double(), dim=-1)[None, :, None]
    return (drawn * length).to(change)


class SweepRanks(NamedTuple):
    """Units of a sweep with what chance would give."""

    p: np.ndarray
    """`[unit]`: of an effect as large by a random direction as long."""
    q: np.ndarray
    """`[unit]`: false-discovery rate."""
    order: np.ndarray
    """Positions in the sweep, largest effect first."""
    spread: float
    """How much wider the effects of real random directions are than to first order, at least 1."""
    directions: int
    scale: np.ndarray
    """`[unit]`: standard deviation of the effect of a random direction as long."""


def chance(effect: np.ndarray, scale: np.ndarray, directions: int) -> np.ndarray:
    """p of effects `[unit]` whose scale was measured on so many directions: Student's t."""
    from scipy.stats import t as student

    safe = np.where(scale > 0, scale, 1.0)
    return np.where(scale > 0, 2 * student.sf(np.abs(effect) / safe, max(1, directions)), 1.0)


def rank(runner: Runner, swept: Sweep, *, directions: int = 96, seed: int = 0) -> SweepRanks:
    """p and false-discovery rate of every unit of a sweep, from equal-norm random directions.

    Raises:
        UsageError: if what the units write cannot be read off their site.
    """
    known = runner.writes(swept.site)
    if known is None:
        raise UsageError(
            f"units of {swept.site} do not write straight into the residual stream here, so no "
            "random direction of equal length stands beside them; take matched units"
        )
    place = list(swept.places)
    shift = swept.shift.cpu().double()  # [place, unit] or [place, unit, channel]
    weight = known.weight
    norms = torch.ones(shift.shape[1], dtype=torch.float64)
    if shift.ndim > 2:
        shift = torch.linalg.vector_norm(shift, dim=-1)
    elif weight is not None:
        norms = torch.linalg.vector_norm(weight[list(swept.units), 0].cpu().double(), dim=-1)
    profile = (shift * norms).T  # [unit, place]: lengths, with the sign of the value's change
    behind = f"resid.{known.block - 1}"
    slope = gradients(runner.target, runner.prompt, runner.metric, [behind])[behind]
    slope = slope[place].cpu().double()  # [place, d]
    width = slope.shape[1]
    expected = torch.linalg.vector_norm(profile @ slope, dim=1) / width**0.5  # [unit]
    noise = 4 * runner.rounding
    alive = torch.nonzero(expected > 0)[:, 0].numpy()
    heard = torch.nonzero(expected > noise)[:, 0].numpy()  # rounding would widen all others
    effect = swept.effect.numpy()
    order = np.argsort(-np.abs(effect), kind="stable")
    if not alive.size:
        one = np.ones(len(effect))
        return SweepRanks(one, one, order, 1.0, 0, np.zeros(len(effect)))
    picked = np.random.default_rng(seed).choice(heard if heard.size else alive, directions)
    draw = torch.Generator().manual_seed(seed)
    along = torch.randn(directions, 1, width, generator=draw, dtype=torch.float64)
    along = along / torch.linalg.vector_norm(along, dim=-1, keepdim=True)
    first = swept.places[0]
    changes = torch.zeros(directions, runner.prompt.places - first, width, dtype=torch.float64)
    changes[:, [p - first for p in place]] = profile[picked][:, :, None] * along
    after = runner.from_changes(known.block, first, changes.to(runner.state(known.block)))
    each = (after - runner.before) / torch.hypot(expected[picked], torch.tensor(noise))
    spread = max(1.0, float(each.square().mean().sqrt()))
    scale = np.hypot((expected * spread).numpy(), noise)
    p = chance(effect, scale, directions)
    return SweepRanks(p, false_discovery_rate(p), order, spread, directions, scale)


def _traits(
    runners: Sequence[Runner],
    site: str,
    places: Sequence[Sequence[int] | None],
    rate: np.ndarray | None,
) -> np.ndarray:
    """`[trait, unit]`: log of the root mean square of |a| * ||w_out||, and the firing rate."""
    there = runners[0].target.site(site)
    norms = write_norms(runners[0].target, site).cpu().double()
    square, touched, fired, seen = torch.zeros(there.units, dtype=torch.float64), 0, 0.0, 0
    for runner, i in zip(runners, places, strict=True):
        scalar = there.scalar(runner.values(site)[None])[0].cpu().double()  # [place, unit]
        here = scalar if i is None else scalar[list(i)]
        square = square + here.square().sum(0)
        touched += len(here)
        fired = fired + (scalar > 0).cpu().double().sum(0)
        seen += len(scalar)
    size = (square / max(1, touched)).sqrt() * norms
    rates = np.asarray(fired) / max(1, seen) if rate is None else rate
    return np.stack([np.log(np.maximum(size.numpy(), 1e-12)), rates])
