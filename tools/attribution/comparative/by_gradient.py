"""Which units make any metric differ between two runs: two inputs, or two checkpoints.

1. In each run the metric is shared out over the units by integrated gradients (`by_gradient.py`).
2. A unit's value is its share in the base less its share in the other run, in the manner of CNA
   (Yu & Ananiadou 2024) with these shares in the place of Imp [ours].
3. Control: the best units zeroed in the base, beside random units of the same sites.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

from ...errors import UsageError
from ...interventions.runner import Runner
from ...models import Unit
from ..by_gradient import SiteShares, site_shares
from ..control import DRAWS, Drop
from ..shares import default_sites, different, group_of, layout_of, zeroed_best


class ShareDifference(NamedTuple):
    """One unit."""

    unit: Unit
    value: float
    """Its share in the base less that in the other run."""
    base: float
    other: float


@dataclass(frozen=True)
class DifferenceGroup:
    """Sites of a kind, or one site."""

    name: str
    of: int
    """Units."""
    units: tuple[ShareDifference, ...]
    """Highest values first."""
    opposing: tuple[ShareDifference, ...]
    """Lowest first."""
    control: Drop


@dataclass(frozen=True)
class ShareComparison:
    """What makes the metric differ."""

    metric: str
    base: float
    other: float
    groups: tuple[DifferenceGroup, ...]
    notes: tuple[str, ...]


def compare_shares(
    base: Runner,
    other: Runner,
    *,
    sites: Sequence[str] | None = None,
    top: int = 10,
    draws: int = DRAWS,
    seed: int = 0,
) -> ShareComparison:
    """Compares two runs of one metric.

    Args:
        base: A network, an input and a metric.
        other: The same with another input, or another checkpoint.
        sites: Which; None: see `default_sites`.
        top: Units of a group to list at each end.
        draws: Random sets of the control.
        seed: Of the control.

    Raises:
        UsageError: where the networks are not built alike, or nothing differs.
    """
    if abs(base.before - other.before) < 1e-9:
        raise UsageError(
            f"the metric is {base.before:.6g} in both runs: there is no difference to explain"
        )
    names = [base.target.site(name).name for name in sites or default_sites(base.target)]
    first = [site_shares(base, name, "integrated") for name in names]
    first = first if sites else different(first)
    second = [site_shares(other, each.site, "integrated") for each in first]
    for one, two in zip(first, second, strict=True):
        if one.shares.shape[1] != two.shares.shape[1]:
            raise UsageError(f"the two networks have different numbers of units at {one.site}")
    pairs: dict[str, list[tuple[SiteShares, SiteShares]]] = {}
    for pair in zip(first, second, strict=True):
        pairs.setdefault(group_of(pair[0].site), []).append(pair)
    groups = [_made(base, name, of, top, draws, seed) for name, of in pairs.items()]
    notes = tuple(dict.fromkeys([*base.notes, *other.notes]))
    return ShareComparison(base.metric.name, base.before, other.before, tuple(groups), notes)


def _made(
    runner: Runner,
    name: str,
    pairs: Sequence[tuple[SiteShares, SiteShares]],
    top: int,
    draws: int,
    seed: int,
) -> DifferenceGroup:
    sites = [one for one, _ in pairs]
    layout = layout_of(sites)
    both = [torch.cat([pair[side].shares.sum(0) for pair in pairs]) for side in (0, 1)]  # [unit]
    values = both[0] - both[1]
    order = values.argsort(descending=True, stable=True).tolist()

    def row(i: int) -> ShareDifference:
        spot = layout.spot(i)
        unit = Unit(sites[spot.block].site, spot.index)
        return ShareDifference(unit, float(values[i]), float(both[0][i]), float(both[1][i]))

    return DifferenceGroup(
        name,
        len(values),
        tuple(row(i) for i in order[:top] if values[i] > 0),
        tuple(row(i) for i in order[::-1][:top] if values[i] < 0),
        zeroed_best(runner, sites, values, draws=draws, seed=seed),
    )
