"""Where in a picture a unit is active: its map over space, and the region around its peak.

A map has the site's own grid, `[height, width]` places; it is enlarged to what the target sees. The
active region of a picture is where the map is at least half of its own maximum there.
"""

from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from ..data.image_rows import ImageRows
from ..data.pictures import Picture
from ..data.scene_pictures import SIDE
from ..data.windows import batches
from ..lab import Lab
from ..memo import Memo
from ..models import Unit

LEVEL = 0.5
"""Share of a picture's maximum from which a place belongs to the active region."""
_PICTURES = 32
_KEPT = 64


class Region(NamedTuple):
    """The active region of one picture, in pixels of what the target sees."""

    mask: np.ndarray
    """bool `[height, width]`."""
    weight: np.ndarray
    """float32 `[height, width]`: the activation there, from 0 to 1 of the picture's maximum."""


def maps(lab: Lab, rows: ImageRows, unit: Unit) -> np.ndarray | None:
    """The unit over space, with its sign: float32 `[image, height, width]`; None without space."""
    site = lab.target.site(unit.site)
    if site.grid is None or site.grid == (1, 1):
        return None
    height, width = site.grid
    out = np.zeros((len(rows), height, width), np.float32)
    for at, part in batches(rows, _PICTURES):
        values = lab.trace(part, [unit.site], output=False).values[unit.site]
        scalar = site.over_space(values[:, :, [unit.index]])[..., 0]  # [image, place]
        signed = unit.sign * scalar[:, -height * width :].float().cpu().numpy()
        out[at : at + len(part)] = signed.reshape(-1, height, width)
    return np.nan_to_num(out, nan=0.0, posinf=0.0, neginf=0.0)


def map_of(lab: Lab, rows: ImageRows, unit: Unit) -> np.ndarray | None:
    """The map on the first of `rows` alone; the last few are kept, for edits of one picture."""

    def first() -> np.ndarray | None:
        values = maps(lab, rows.rows([0]), unit)
        return None if values is None else values[0]

    kept: Memo = lab.memo.once(("maps",), Memo)
    return kept.once((unit, rows.pictures[0].key), first, most=_KEPT)


def enlarged(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map `[h, w]` at another size, float32 `[height, width]`, linear between places."""
    given = torch.from_numpy(np.ascontiguousarray(values, np.float32))[None, None]
    large = torch.nn.functional.interpolate(given, size=size, mode="bilinear", align_corners=False)
    return large[0, 0].numpy()


def region(values: np.ndarray, size: tuple[int, int], *, level: float = LEVEL) -> Region | None:
    """The active region of a map `[h, w]`; None where it is nowhere above zero.

    Args:
        values: The map.
        size: Height and width of what the target sees.
        level: Share of the maximum from which a place is active.
    """
    peak = float(values.max())
    if peak <= 0:
        return None
    large = enlarged(np.maximum(values, 0) / peak, size)
    large /= max(float(large.max()), 1e-9)
    return Region(large >= level, large)


def whereabouts(lab: Lab, picture: Picture) -> np.ndarray:
    """Which point of a picture each seen pixel comes from: `[height, width, (x, y)]` in 0..1.

    A picture of the same size whose red and green are the coordinates is shown to the target.
    """
    if picture.seen is not None:
        height, width = lab.target.image.size  # type: ignore[union-attr]
        return np.stack(np.meshgrid(_ramp(width), _ramp(height)), -1)
    known = picture.recipe or {}
    if "scene" in known:
        width = height = int(str(known.get("side", SIDE)))
    else:
        width, height = picture.load().size
    key = ("whereabouts", width, height)
    if key not in lab.memo:
        x, y = np.meshgrid(_ramp(width), _ramp(height))
        ramp = np.stack([255 * x, 255 * y, 0 * x], -1).round().astype(np.uint8)
        seen = lab.target.image.see(Image.fromarray(ramp))  # type: ignore[union-attr]
        lab.memo[key] = seen[..., :2].astype(np.float32) / 255
    return lab.memo[key]


def _ramp(size: int) -> np.ndarray:
    return ((np.arange(size) + 0.5) / size).astype(np.float32)
