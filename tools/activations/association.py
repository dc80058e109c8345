"""Correlates every unit of many sites with predictors in one pass, from streaming moments.

Kept are sums alone: of each unit, of its square, and of its product with each predictor. So memory
grows with units, and not with units times tokens. Every site is reduced as it arises in the
forward pass.

An observation is a place of a text; or a whole row, where `by_row`: a picture or a text, with the
unit's peak in it. At places the two signs of a unit give opposite correlations; peaks of the two
signs are different things, and both are measured.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..data.image_rows import ImageRows
from ..data.windows import TokenWindows, batches
from ..errors import UsageError
from ..lab import Lab
from ..models import Site
from .records import Rows

SIGNS = (1, -1)
_PLACES = 2048  # of one forward pass over texts
_PICTURES = 32
_FLAT = 1e-12  # variance over mean square under which a unit is constant


class _Sums:
    """Moments of the units of one site; arrays are `[sign, unit]` or `[sign, predictor, unit]`."""

    def __init__(self, signs: int, predictors: int, units: int) -> None:
        self.one = torch.zeros(signs, units, dtype=torch.float64)
        self.square = torch.zeros(signs, units, dtype=torch.float64)
        self.product = torch.zeros(signs, predictors, units, dtype=torch.float64)

    def add(self, values: Tensor, predictors: Tensor) -> None:
        """Adds `[sign, observation, unit]` beside `[predictor, observation]`."""
        values = values.cpu() if values.device.type == "mps" else values  # no float64 there
        values = values.to(torch.float64).nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
        self.one += values.sum(1).cpu()
        self.square += values.square().sum(1).cpu()
        self.product += (predictors.to(values.device) @ values).cpu()


def associations(
    lab: Lab, rows: Rows, degrees: np.ndarray, sites: Sequence[str], *, by_row: bool = False
) -> dict[str, np.ndarray]:
    """Pearson's correlation of every unit with every predictor: `[predictor, sign, unit]` by site.

    Args:
        lab: The lab.
        rows: What is read, once.
        degrees: `[predictor, row, place]` in 0..1; of the first place alone where `by_row`.
        sites: Whose units.
        by_row: Whether a whole row is one observation.
    """
    peaks = by_row or isinstance(rows, ImageRows)
    sums: dict[str, _Sums] = {}
    seen: list[Tensor] = []
    step = _PICTURES
    if isinstance(rows, TokenWindows):
        step = max(1, _PLACES // max(1, rows.ids.shape[1]))
    for at, part in batches(rows, step):
        counted = torch.as_tensor(part.counted)
        here = torch.as_tensor(degrees[:, at : at + step]).to(
            torch.float64
        )  # [predictor, row, place]
        here = here[:, :, 0] if peaks else here[:, counted]
        seen.append(here)

        def take(
            name: str, values: Tensor, part: Rows = part, mask: Tensor = counted, p: Tensor = here
        ) -> None:
            site = lab.target.sites[name]
            observed = _observed(site, values, mask.to(values.device), part, peaks)
            if name not in sums:
                sums[name] = _Sums(len(observed), len(p), site.units)
            sums[name].add(observed, p)

        lab.trace(part, list(sites), output=False, take=take)
    predictors = torch.cat(seen, 1)  # [predictor, observation]
    return {name: _correlation(one, predictors) for name, one in sums.items()}


def _observed(site: Site, values: Tensor, mask: Tensor, rows: Rows, peaks: bool) -> Tensor:
    """The site's units at each observation: `[sign, observation, unit]`."""
    if isinstance(rows, ImageRows):
        scalar = site.over_space(values).float()  # [picture, place, unit]
        return torch.stack([(sign * scalar).amax(1) for sign in SIGNS])
    scalar = site.scalar(values).float()  # [window, place, unit]
    if scalar.shape[:2] != mask.shape:
        raise UsageError(
            f"site {site.name} has one value a text and not one a token, so that it cannot be "
            "compared with places"
        )
    if not peaks:
        return scalar[mask][None]
    hidden = ~mask[..., None]
    return torch.stack([(sign * scalar).masked_fill(hidden, -torch.inf).amax(1) for sign in SIGNS])


def _correlation(sums: _Sums, predictors: Tensor) -> np.ndarray:
    """`[predictor, sign, unit]`; 0 where a unit or a predictor is constant."""
    n = predictors.shape[1]
    mean = sums.one / n
    variance = sums.square / n - mean.square()  # [sign, unit]
    spread = predictors.var(1, correction=0)  # [predictor]
    share = predictors.mean(1)
    together = sums.product / n - share[None, :, None] * mean[:, None]
    scale = (variance.clamp_min(0)[:, None] * spread[None, :, None]).sqrt()
    flat = variance <= _FLAT * sums.square / n + torch.finfo(torch.float64).tiny
    sound = (scale > 0) & ~flat[:, None]
    r = torch.where(sound, together / scale.clamp_min(1e-300), 0.0)  # [sign, predictor, unit]
    both = torch.cat([r, -r]) if len(r) == 1 else r
    return both.transpose(0, 1).numpy()
