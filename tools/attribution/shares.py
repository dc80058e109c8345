"""Any metric of any network, shared out over the units of its sites.

1. Where the blocks add up and the metric is linear in the output, exactly (`by_trace.py`); else
   by gradients (`by_gradient.py`), and why is said.
2. A unit's share is the sum over places. Shares of one site add up. By gradients those of sites
   that lie behind one another are of the same whole, and do not.
3. Control: the best units of a group of sites zeroed together, beside random units of these sites.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..errors import UsageError
from ..interventions.runner import Runner
from ..metrics.metric import Metric
from ..metrics.prompt import Prompt
from ..models import Intervention, Target, Unit, zero
from .by_gradient import CLOSE, SiteShares, site_shares
from .by_trace import Parts, exact_shares
from .control import DRAWS, Drop, random_sets, with_others
from .sources import Layout, Spot

Method = Literal["direct", "integrated", "taylor"]
METHODS: dict[Method, str] = {
    "direct": "the exact trace (of the direct path)",
    "integrated": "integrated gradients from 0",
    "taylor": "gradient times activation",
}
"""In words."""
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
    parts: Parts | None = None
    """What the metric is made of, where it was shared out exactly."""


def share_out(
    target: Target,
    prompt: Prompt,
    metric: Metric,
    *,
    sites: Sequence[str] | None = None,
    method: Method | None = None,
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
        method: `direct`: exactly, by the trace; `integrated` or `taylor` (gradients); None: direct
            where it can be, else integrated.
        top: Units of a group to list at each end.
        draws: Random sets of the control.
        seed: Of the control.

    Raises:
        UsageError: for an unknown site, a metric that none of the sites reaches, or `direct` where
            it cannot be.
    """
    runner = Runner(target, prompt, metric)
    names = list(dict.fromkeys(target.site(name).name for name in sites or default_sites(target)))
    notes = list(runner.notes)
    found: list[SiteShares] = []
    parts = None
    if method in (None, "direct"):
        try:
            found, parts = exact_shares(runner, names)
            method = "direct"
        except UsageError as error:
            if method is not None:
                raise
            notes.append(f"by gradients, not exactly: {error}")
    if method != "direct":
        method = method or "integrated"
        found = [site_shares(runner, name, method) for name in names]
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
    notes += _missing(runner, found, reached)
    return Shares(metric.name, runner.before, method, tuple(groups), tuple(notes), parts)


def _missing(
    runner: Runner, found: Sequence[SiteShares], reached: Sequence[SiteShares]
) -> list[str]:
    """What is said of sites that the metric does not depend on, and of shares that miss the
    whole."""
    notes = []
    idle = [each.site for each in found if each not in reached]
    if idle:
        notes.append(f"the metric does not depend on {', '.join(idle)}")
    worst = max(reached, key=lambda each: each.gap or 0.0)
    if (worst.gap or 0.0) > CLOSE * max(1.0, abs(runner.before - worst.without)):
        notes.append(
            f"the shares of {worst.site} miss the whole by {worst.gap:.2g}: the metric jumps on "
            "the way from 0"
        )
    return notes


def default_sites(target: Target) -> list[str]:
    """Neurons and heads; in a network without them every module, and what the first takes."""
    blocks = [name for name in target.sites if group_of(name) in _KINDS]
    if blocks and (target.probe is None or target.probe.blocks):
        return blocks
    names = list(target.sites)  # heads outside blocks among them
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


def _moves(each: SiteShares, before: float) -> bool:
    return bool(each.shares.any()) or each.without != before


def group_of(site: str) -> str:
    """`mlp` of `mlp.3`; any other site is a group by itself, a module called `mlp` as `mlp:out`."""
    kind, _, block = site.partition(".")
    if kind not in _KINDS or (block and not block.isdigit()):
        return site
    return kind if block else f"{site}:out"


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
