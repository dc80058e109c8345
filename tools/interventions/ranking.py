"""Every unit of a site changed by itself, on one or several prompts, ranked against chance.

1. A sweep on each prompt; a unit's effect is its mean over prompts, with a bootstrap interval.
2. Chance is a random direction as long in the place of what the unit writes (see `controls.rank`).
   Over prompts its standard deviations are averaged, as if one direction did the same on all of
   them, which can only make p larger.
3. p of all units become false-discovery rates q (Benjamini and Hochberg 1995). Where a site does
   not write straight into the residual stream there is neither.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from ..errors import UsageError
from ..models import Unit
from ..statistics.bootstrap import mean_interval
from ..statistics.permutation import false_discovery_rate
from .controls import chance, rank
from .runner import Runner
from .sweep import Where, sweep

FOUND = 0.05
"""q up to which a unit counts as found."""
_STILL = 1e-4


class RankedUnit(NamedTuple):
    """One unit."""

    unit: Unit
    effect: float
    """Mean over prompts of the metric's change."""
    interval: tuple[float, float] | None
    """95%, bootstrapped over prompts; None for one prompt."""
    p: float | None
    q: float | None


class Ranking(NamedTuple):
    """All units of a site, the largest effect first."""

    site: str
    before: float
    """The metric without a change, mean over prompts."""
    units: tuple[RankedUnit, ...]
    found: int | None
    """Units with q up to .05; None where chance is not known."""
    notes: tuple[str, ...]


def ranking(
    runners: Sequence[Runner],
    site: str,
    *,
    value: float | Tensor | None = None,
    where: Where = "all",
    seed: int = 0,
) -> Ranking:
    """Sets each unit to 0, or to a value, and ranks them.

    Args:
        runners: One for each prompt.
        site: The site.
        value: See `sweep`.
        where: All places, or the last.
        seed: Of the random directions and the intervals.

    Raises:
        UsageError: for an unknown site, or an output that is not finite.
    """
    if not runners:
        raise UsageError("name at least one prompt")
    sweeps = [sweep(r, site, where=where, value=value) for r in runners]
    each = np.stack([result.effect.numpy() for result in sweeps])  # [prompt, unit]
    effect = each.mean(0)
    notes = list(dict.fromkeys(note for runner in runners for note in runner.notes))
    p = q = None
    try:
        ranked = [rank(r, s, seed=seed) for r, s in zip(runners, sweeps, strict=True)]
    except UsageError as error:
        notes.append(str(error))
    else:
        spread = np.mean([one.scale for one in ranked], 0)
        p = chance(effect, spread, max(one.directions for one in ranked))
        q = false_discovery_rate(p)
    if float(np.abs(effect).max(initial=0)) < _STILL:
        notes.append(f"no unit moves this metric by {_STILL:g} or more")
    order = np.argsort(-np.abs(effect), kind="stable")
    units = tuple(
        RankedUnit(
            Unit(site, int(sweeps[0].units[i])),
            float(effect[i]),
            mean_interval(each[:, i], seed=seed),
            None if p is None else float(p[i]),
            None if q is None else float(q[i]),
        )
        for i in order
    )
    return Ranking(
        site,
        float(np.mean([runner.before for runner in runners])),
        units,
        None if q is None else int((q <= FOUND).sum()),
        tuple(notes),
    )
