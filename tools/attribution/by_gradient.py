"""Any metric of any network, shared out over the units of its sites by gradients.

1. `integrated`: h . mean of dM/dh while all that a site holds goes from 0 to its values together
   (Sundararajan et al. 2017). On each part of the way the shares must sum to what the metric
   gains; parts where eight Gauss-Legendre points do not are halved (a ReLU bends there), and what
   is missing in the end is said. `taylor`: dM/dh . h, the first-order term.
2. A unit's share is the sum over places. Shares of one site add up; those of sites that lie behind
   one another are of the same whole, and do not.
3. Control: the best units of a group of sites zeroed together, beside random units of these sites.

Nothing has to be known of the network's build; where a language model's blocks add up, `attribute`
says exactly what this says by gradients.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..errors import UsageError
from ..interventions.gradients import slopes_of
from ..interventions.runner import Runner
from ..metrics.metric import Metric
from ..metrics.prompt import Prompt
from ..models import Intervention, Target, Unit, scale, zero
from .control import DRAWS, Drop, random_sets, with_others
from .sources import Layout, Spot

Method = Literal["integrated", "taylor"]
CLOSE = 1e-4
"""How far the shares of a site may miss the whole, of the metric's change or of 1."""
_POINTS = 8
_DEPTH = 12  # halvings
_BEST = 10
_KINDS = ("head", "mlp")  # of units of blocks: `mlp.0`, `mlp.1` are one group


class UnitShare(NamedTuple):
    """One unit and its share in a metric."""

    unit: Unit
    value: float
    activation: float
    """At the place of its largest share; of a head the length."""
    place: int
    """Where its share is largest; of a picture by pixel."""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**self._asdict(), "unit": str(self.unit)}


class SiteShares(NamedTuple):
    """What the units of one site add to a metric."""

    site: str
    shares: Tensor
    """`[place, unit]` float64."""
    held: Tensor
    """What it holds, `[place, unit]`; of a head the length."""
    without: float
    """The metric with the site at 0."""
    gap: float | None
    """By how much the shares miss the metric less `without`; None: they need not meet it."""


@dataclass(frozen=True)
class Group:
    """Sites of a kind (`mlp.0`, `mlp.1`, ...), or one site."""

    name: str
    sites: tuple[SiteShares, ...]
    units: tuple[UnitShare, ...]
    """The highest shares."""
    opposing: tuple[UnitShare, ...]
    """The lowest, lowest first."""
    control: Drop


@dataclass(frozen=True)
class Shares:
    """What `share_out` found."""

    metric: str
    before: float
    method: Method
    groups: tuple[Group, ...]
    notes: tuple[str, ...]


def share_out(
    target: Target,
    prompt: Prompt,
    metric: Metric,
    *,
    sites: Sequence[str] | None = None,
    method: Method = "integrated",
    top: int = 20,
    draws: int = DRAWS,
    seed: int = 0,
) -> Shares:
    """Shares of all units of some sites.

    Args:
        target: Any network.
        prompt: Its input.
        metric: What is shared out.
        sites: Which; None: neurons and heads, in a network without them every module and what the
            first takes.
        method: See the module's docstring.
        top: Units of a group to list at each end.
        draws: Random sets of the control.
        seed: Of the control.

    Raises:
        UsageError: for an unknown site, or a metric that none of the sites reaches.
    """
    runner = Runner(target, prompt, metric)
    names = list(dict.fromkeys(sites)) if sites else default_sites(target)
    found = [site_shares(runner, target.site(name).name, method) for name in names]
    found = found if sites else different(found)
    reached = [each for each in found if _moves(each, runner.before)]
    if not reached:
        raise UsageError(
            f"the metric '{metric.name}' is {runner.before:.4g} here and does not depend on "
            f"{', '.join(names[:6])}: its gradient is 0 everywhere; name sites before what it "
            "reads, another input (a ReLU may be off), or check that no rounding lies between"
        )
    grouped: dict[str, list[SiteShares]] = {}
    for each in reached:
        grouped.setdefault(group_of(each.site), []).append(each)
    groups = [_made(runner, name, of, top, draws, seed) for name, of in grouped.items()]
    notes = list(runner.notes)
    idle = [each.site for each in found if each not in reached]
    if idle:
        notes.append(f"the metric does not depend on {', '.join(idle)}")
    worst = max(reached, key=lambda each: each.gap or 0.0)
    if (worst.gap or 0.0) > CLOSE * max(1.0, abs(runner.before - worst.without)):
        notes.append(
            f"the shares of {worst.site} miss the whole by {worst.gap:.2g}: the metric jumps on "
            "the way from 0"
        )
    return Shares(metric.name, runner.before, method, tuple(groups), tuple(notes))


def default_sites(target: Target) -> list[str]:
    """Neurons and heads; in a network without them every module, and what the first takes."""
    blocks = [name for name in target.sites if group_of(name) != name]
    if blocks:
        return blocks
    names = list(target.sites)
    modules = dict(target.network.named_modules())
    try:
        first = next(name for name in names if name in modules)
        return [target.site(f"{first}:in").name, *names]
    except (StopIteration, UsageError):  # tokens, of which there are no halves
        return names


def different(found: Sequence[SiteShares]) -> list[SiteShares]:
    """Without sites whose units share as those of one before them (an activation, a reshaping)."""
    out: list[SiteShares] = []
    for each in found:
        sums = each.shares.sum(0)
        others = (one.shares.sum(0) for one in out)
        if not any(
            len(one) == len(sums) and torch.allclose(one, sums, atol=1e-9) for one in others
        ):
            out.append(each)
    return out


def site_shares(runner: Runner, site: str, method: Method) -> SiteShares:
    """The share of each unit of a site at each place."""
    held = runner.values(site)  # [place, unit] or [place, unit, channel]
    if not bool(held.isfinite().all()):
        raise UsageError(f"site {site} holds NaN or infinity on this input")
    without = float(runner.measure([[zero(site, None)]])[0])
    gap = None
    if method == "taylor":
        shares = _product(held, _slopes(runner, site, [1.0])[0])
    else:
        shares, gap = _integrated(runner, site, held, without)
    scalar = runner.target.site(site).scalar(held[None])[0]
    return SiteShares(site, shares, scalar.cpu().double(), without, gap)


def _integrated(runner: Runner, site: str, held: Tensor, without: float) -> tuple[Tensor, float]:
    """Shares `[place, unit]`, and by how much they miss the whole."""
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
    tolerance = CLOSE * max(1.0, abs(runner.before - without)) / 20
    total, missing = torch.zeros(held.shape[:2], dtype=torch.float64), 0.0
    parts = [(0.0, 1.0, without, runner.before)]
    while parts:
        start, end, low, high = parts.pop()
        points = start + (end - start) * (nodes + 1) / 2
        slopes = _slopes(runner, site, points.tolist())  # [point, place, unit, ...]
        mean = torch.einsum("p,p...->...", torch.as_tensor(weights / 2), slopes)
        shares = _product(held, mean) * (end - start)
        missed = float(shares.sum()) - (high - low)
        if abs(missed) > tolerance and end - start > 2**-_DEPTH:
            half = (start + end) / 2
            middle = float(runner.measure([[scale(site, None, half)]])[0])
            parts += [(start, half, low, middle), (half, end, middle, high)]
            continue
        total, missing = total + shares, missing + missed
    return total, abs(missing)


def _slopes(runner: Runner, site: str, factors: Sequence[float]) -> Tensor:
    """dM/dh where the site holds so many times its values, float64 `[factor, place, unit, ...]`."""
    changes: list[Intervention] = [
        scale(site, None, factor).at(rows=[row]) for row, factor in enumerate(factors)
    ]
    rows = runner.prompt.repeated(len(factors))
    slopes = slopes_of(runner.target, rows, [site], runner.metric, changes=changes)
    return slopes[site].cpu().double()


def _product(held: Tensor, slope: Tensor) -> Tensor:
    product = held.cpu().double() * slope
    return product.sum(-1) if product.ndim > 2 else product


def _moves(each: SiteShares, before: float) -> bool:
    return bool(each.shares.any()) or each.without != before


def group_of(site: str) -> str:
    """`mlp` of `mlp.3`; any other site is a group by itself."""
    kind, _, block = site.partition(".")
    return kind if block.isdigit() and kind in _KINDS else site


def _made(
    runner: Runner, name: str, sites: Sequence[SiteShares], top: int, draws: int, seed: int
) -> Group:
    layout = layout_of(sites)
    values = torch.cat([each.shares.sum(0) for each in sites])
    order = values.argsort(descending=True, stable=True).tolist()

    def share(i: int) -> UnitShare:
        spot = layout.spot(i)
        each = sites[spot.block]
        place = int(each.shares[:, spot.index].abs().argmax())
        unit = Unit(each.site, spot.index)
        return UnitShare(unit, float(values[i]), float(each.held[place, spot.index]), place)

    return Group(
        name,
        tuple(sites),
        tuple(share(i) for i in order[:top] if values[i] > 0),
        tuple(share(i) for i in order[::-1][:top] if values[i] < 0),
        zeroed_best(runner, sites, values, draws=draws, seed=seed),
    )


def layout_of(sites: Sequence[SiteShares]) -> Layout:
    """Units of several sites in one row of numbers; a spot's block is the number of its site."""
    return Layout("mlp", tuple((each.shares.shape[1],) for each in sites))


def zeroed_best(
    runner: Runner, sites: Sequence[SiteShares], values: Tensor, *, draws: int, seed: int
) -> Drop:
    """The fall of the metric with the best units zeroed at all places, beside random units.

    Args:
        runner: Of the metric.
        sites: Where the units are.
        values: `[unit]`, by which they are the best, in the order of `layout_of`.
        draws: Random sets, at most.
        seed: Of the sets.
    """
    layout = layout_of(sites)
    n = max(1, min(_BEST, len(values) // 4))  # so that there are other sets to draw
    order = values.argsort(descending=True, stable=True)[:n].tolist()
    best = with_others(layout, [layout.spot(i) for i in order if values[i] > 0])
    sets = [best, *random_sets(layout, best, draws, np.random.default_rng(seed))]
    drops = (runner.before - runner.measure([_zeroed(sites, one) for one in sets])).tolist()
    names = tuple(str(Unit(sites[spot.block].site, spot.index)) for spot in best)
    return Drop(names, drops[0], tuple(drops[1:]))


def _zeroed(sites: Sequence[SiteShares], spots: Sequence[Spot]) -> list[Intervention]:
    """Units zeroed at all places."""
    chosen: dict[str, list[int]] = {}
    for spot in spots:
        chosen.setdefault(sites[spot.block].site, []).append(spot.index)
    return [zero(site, units) for site, units in chosen.items()]
