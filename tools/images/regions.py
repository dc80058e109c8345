"""Regions of a picture, as JSON, and the pixels that they are.

    {"box": [0.1, 0.2, 0.5, 0.6]}             left, top, right, bottom, in shares of the picture
    {"unit": "conv.3/7", "level": 0.5}        where a unit is at least so much of its maximum here
    {"colour": "red"}                         where the nearest colour of the palette is this
    {"thing": "the red cat"}                  what things of the drawn scene cover, exactly
    {"not": REGION}                           everything else

`"grow": 0.03` widens a region by that share of the side. `"shift": [0.25, 0.5]` moves it down and
right, around the edges: as large, somewhere else.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image
from scipy.ndimage import maximum_filter

from ..data.image_rows import ImageRows
from ..errors import UsageError
from ..lab import Lab
from ..scenes.drawing import mask
from ..scenes.edits import chosen_things
from ..scenes.palette import index_of, nearest_colours
from ..scenes.scene import Scene
from .maps import LEVEL, map_of, region

_FORMS = '{"box": [0, 0, 0.5, 0.5]}, {"unit": "..."}, {"colour": "red"}, {"thing": "cat"}'


def mask_of(lab: Lab, rows: ImageRows, given: Any) -> np.ndarray:
    """bool `[height, width]` of the first of `rows`, as the target sees it.

    Raises:
        UsageError: if it is no region, or covers nothing.
    """
    if not isinstance(given, Mapping):
        raise UsageError(f"a region is one of {_FORMS}, not {given!r}"[:200])
    if "not" in given:
        area = ~mask_of(lab, rows, given["not"])
    elif "box" in given:
        area = _box(given["box"], rows.seen(0).shape[:2])
    elif "unit" in given:
        area = _active(lab, rows, given)
    elif "colour" in given:
        area = nearest_colours(rows.seen(0)) == index_of(str(given["colour"]))
    elif "thing" in given:
        area = _things(lab, rows, given["thing"])
    else:
        raise UsageError(f"a region is one of {_FORMS}")
    if "grow" in given:
        radius = round(min(0.5, abs(float(given["grow"]))) * min(area.shape))
        area = np.asarray(maximum_filter(area, 2 * radius + 1), bool)
    if "shift" in given:
        down, right = (float(v) for v in given["shift"])
        height, width = len(area), len(area[0])
        area = np.roll(area, (round(down * height), round(right * width)), (0, 1))
    if not area.any():
        raise UsageError(f"the region {dict(given)} covers nothing in this picture"[:200])
    return area


def thing_mask(lab: Lab, scene: Scene, at: int) -> np.ndarray:
    """Where one thing of a scene is seen, as the target sees it: bool `[height, width]`."""
    shown = np.repeat(mask(scene, at)[..., None], 3, -1).astype(np.uint8) * 255
    return lab.target.image.see(Image.fromarray(shown))[..., 0] > 127  # type: ignore[union-attr]


def bounds(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a mask in pixels, the last two behind it."""
    ys, xs = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    return int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1


def box_of(mask: np.ndarray, digits: int) -> list[float]:
    """The bounding box of a mask in shares of the picture, as a region's `box`."""
    height, width = mask.shape
    sizes = (width, height, width, height)
    return [round(at / size, digits) for at, size in zip(bounds(mask), sizes, strict=True)]


def _box(given: Any, size: tuple[int, ...]) -> np.ndarray:
    try:
        left, top, right, bottom = (min(1.0, max(0.0, float(v))) for v in given)
    except (TypeError, ValueError):
        raise UsageError("a box is [left, top, right, bottom], each from 0 to 1") from None
    height, width = size[:2]
    area = np.zeros((height, width), bool)
    rows = slice(round(top * height), max(round(bottom * height), round(top * height) + 1))
    area[rows, round(left * width) : max(round(right * width), round(left * width) + 1)] = True
    return area


def _active(lab: Lab, rows: ImageRows, given: Mapping[str, Any]) -> np.ndarray:
    unit = lab.target.unit(str(given["unit"]))
    values = map_of(lab, rows, unit)
    if values is None:
        raise UsageError(f"{unit} has no map over the picture, so it marks no region")
    active = region(values, rows.seen(0).shape[:2], level=float(given.get("level", LEVEL)))
    if active is None:
        raise UsageError(f"{unit} is nowhere above 0 in this picture, so it marks no region")
    return active.mask


def _things(lab: Lab, rows: ImageRows, which: Any) -> np.ndarray:
    scene = rows.pictures[0].scene
    if scene is None:
        raise UsageError("only drawn scenes have things by name; take a box, a unit or a colour")
    chosen = chosen_things(scene, which)
    return np.any([thing_mask(lab, scene, at) for at in chosen], axis=0)
