"""Where on a picture units are active: maps over space, and masks of the active region.

A map has the site's own grid: pixels of a channel, patches of a transformer (the class token and
registers are left out). It is enlarged, linearly between the centres of its places, to what the
target sees. A place is active where the map is above half of the unit's maximum over its exemplars;
a picture on which the unit is weak has no active region.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ..data.image_rows import ImageRows
from ..errors import UsageError
from ..models import Target, Unit

LEVEL = 0.5
"""Share of the unit's maximum above which a place is active."""
_PICTURES = 32


def maps(target: Target, rows: ImageRows, units: Sequence[Unit]) -> list[np.ndarray]:
    """The units over space, in their own direction: float32 `[image, height, width]` each.

    Raises:
        UsageError: if a unit has no place on the picture, such as a class.
    """
    for unit in units:
        if target.site(unit.site).grid is None:
            raise UsageError(
                f"{unit} has one value a picture and no map; give a unit of a convolution or of a "
                "block of patches"
            )
    grids = [target.sites[unit.site].grid or (1, 1) for unit in units]
    out = [np.zeros((len(rows), *grid), np.float32) for grid in grids]
    names = list(dict.fromkeys(unit.site for unit in units))
    for at in range(0, len(rows), _PICTURES):
        part = slice(at, at + _PICTURES)

        def take(name: str, values: Tensor, part: slice = part) -> None:
            of = [i for i, unit in enumerate(units) if unit.site == name]
            chosen = torch.tensor([units[i].index for i in of], device=values.device)
            scalars = target.sites[name].over_space(values[:, :, chosen])  # [image, place, unit]
            for i, column in zip(of, scalars.float().cpu().numpy().transpose(2, 0, 1), strict=True):
                out[i][part] = units[i].sign * column.reshape(-1, *grids[i])

        target.trace(rows.rows(part), names, output=False, take=take)
    return out


def enlarged(found: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Maps `[image, h, w]` at another size: float32 `[image, height, width]`."""
    raw = torch.from_numpy(np.ascontiguousarray(found, np.float32))[:, None]
    return interpolate(raw, size=size, mode="bilinear", align_corners=False)[:, 0].numpy()


def regions(
    target: Target, rows: ImageRows, unit: Unit, most: float, *, level: float = LEVEL
) -> np.ndarray:
    """Masks of the active region: bool `[image, height, width]`, as the target sees the pictures.

    Args:
        target: The network.
        rows: The pictures.
        unit: The unit.
        most: The unit's maximum over its exemplars (`index.unit(unit).max`).
        level: Share of it above which a place is active.

    Raises:
        UsageError: if the unit has no map.
    """
    (found,) = maps(target, rows, [unit])
    if not most > 0:
        return np.zeros((len(rows), *rows.target.image.size), bool)
    return enlarged(found, rows.target.image.size) > level * most
