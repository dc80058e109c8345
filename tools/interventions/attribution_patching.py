"""Attribution patching: patching every unit at every place to first order, the top then exactly.

1. One forward and one backward of the base prompt give d metric / d value at every site.
2. The effect of patching a unit at a place is about (source - base) * gradient, summed over a
   head's channels (Nanda 2023; Syed et al. 2023). It is a straight line through a curve: where
   attention or a norm saturates, it is off, also in sign.
3. So the largest are patched for real, and both numbers are given, with their correlation.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..errors import UsageError
from .change import Part
from .gradients import gradients
from .patching import Pair, patch


class Checked(NamedTuple):
    """One unit at one place."""

    site: str
    unit: int
    place: int
    estimate: float
    """Change of the metric, to first order."""
    exact: float


class Attributed(NamedTuple):
    """What patching would do, and what it did for the top."""

    estimates: dict[str, Tensor]
    """By site, `[place, unit]`: change of the metric to first order; 0 where not aligned."""
    top: list[Checked]
    """The largest estimates, largest exact effect first."""
    agreement: float | None
    """Correlation of estimate and exact effect over the top; None under three."""
    notes: tuple[str, ...]


def attribution_patch(pair: Pair, sites: Sequence[str], *, verify: int = 20) -> Attributed:
    """Estimates the effect of patching each unit at each place, and makes the top exact.

    Args:
        pair: The prompts.
        sites: The sites.
        verify: How many of the largest to patch for real.

    Raises:
        UsageError: for an unknown site, or gradients that are not finite.
    """
    slopes = gradients(pair.target, pair.base.prompt, pair.base.metric, sites)
    pair.base.read(sites)
    pair.source.read(sites)
    here, there = list(pair.alignment.first), list(pair.alignment.second)
    estimates: dict[str, Tensor] = {}
    for site in sites:
        if not bool(slopes[site].isfinite().all()):
            raise UsageError(f"the gradient at {site} is not finite; use 32 bits")
        moved = pair.source.values(site)[there] - pair.base.values(site)[here]
        each = moved.cpu().double() * slopes[site][here].cpu().double()  # [place, unit(, channel)]
        whole = torch.zeros(pair.base.prompt.places, each.shape[1], dtype=torch.float64)
        whole[here] = each.sum(-1) if each.ndim > 2 else each
        estimates[site] = whole.cpu()
    flat = torch.cat([part.flatten() for part in estimates.values()])
    largest = flat.abs().topk(min(verify, flat.numel())).indices.tolist()
    result: list[tuple[str, int, int]] = []
    for index in largest:
        for site, part in estimates.items():
            if index < part.numel():
                result.append((site, index % part.shape[1], index // part.shape[1]))
                break
            index -= part.numel()
    exact = patch(pair, [[Part(site, (unit,), (place,))] for site, unit, place in result])
    change = exact.metric - pair.base.before
    top = [
        Checked(site, unit, place, float(estimates[site][place, unit]), float(value))
        for (site, unit, place), value in zip(result, change, strict=True)
    ]
    agreement = None
    if len(top) > 2:
        both = np.array([[one.estimate, one.exact] for one in top])
        if both.std(0).min() > 0:
            agreement = float(np.corrcoef(both.T)[0, 1])
    return Attributed(
        estimates, sorted(top, key=lambda one: -abs(one.exact)), agreement, pair.notes
    )
