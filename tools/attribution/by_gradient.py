"""The share of each unit of a site in a metric, by gradients, on any network.

`integrated`: h . mean of dM/dh while all that a site holds goes from 0 to its values together
(Sundararajan et al. 2017). On each part of the way the shares must sum to what the metric gains;
parts where eight Gauss-Legendre points do not are halved (a ReLU bends there), and what is missing
in the end is said. `taylor`: dM/dh . h, the first-order term. Nothing has to be known of the
network's build.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..errors import UsageError
from ..interventions.gradients import slopes_of
from ..interventions.runner import Runner
from ..models import Intervention, scale, zero

Method = Literal["integrated", "taylor"]
CLOSE = 1e-4
"""How far the shares of a site may miss the whole, of the metric's change or of 1."""
_POINTS = 8
_DEPTH = 12  # halvings


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


def site_shares(runner: Runner, site: str, method: Method) -> SiteShares:
    """The share of each unit of a site at each place."""
    held = runner.values(site)  # [place, unit] or [place, unit, channel]
    if not bool(held.isfinite().all()):
        raise UsageError(f"site {site} holds NaN or infinity on this input")
    without = float(runner.measure([[zero(site, None)]])[0])
    gap = None
    if method == "taylor":
        shares = _product(held, slopes_at(runner, site, [1.0])[0])
    else:
        shares, gap = _integrated(runner, site, held, without)
    scalar = runner.target.site(site).scalar(held[None])[0]
    return SiteShares(site, shares, scalar.cpu().double(), without, gap)


def _integrated(runner: Runner, site: str, held: Tensor, without: float) -> tuple[Tensor, float]:
    """Shares `[place, unit]`, and by how much they miss the whole."""
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
    rounding = 4 * torch.finfo(held.dtype).eps  # of half precision no halving gets below it
    tolerance = max(CLOSE / 20, rounding) * max(1.0, abs(runner.before - without))
    total, missing = torch.zeros(held.shape[:2], dtype=torch.float64), 0.0
    parts = [(0.0, 1.0, without, runner.before)]
    while parts:
        start, end, low, high = parts.pop()
        points = start + (end - start) * (nodes + 1) / 2
        slopes = slopes_at(runner, site, points.tolist())  # [point, place, unit, ...]
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


def slopes_at(runner: Runner, site: str, factors: Sequence[float]) -> Tensor:
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
