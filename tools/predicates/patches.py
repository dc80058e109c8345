"""How small areas of a picture look: `patch` holds where some area has all of its looks.

A channel of a vision network sees an area and is as active as its strongest place, so that what it
responds to is said of areas: lines of a direction there, colours, light beside dark.

1. A picture is what the target sees, at 128 x 128 pixels. Areas are squares of four sizes around
   32 x 32 places.
2. Lines are the eigen-decomposition of the structure tensor (Bigun and Granlund 1987): how much
   steeper brightness is across a direction than along it; corners are what is steep along both.
3. Light beside dark is the difference of the mean brightness of two halves, or of an area and its
   surroundings.

A measure is a number in 0..1, kept as a byte. Our formulation.
"""

from typing import Literal, NamedTuple

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..data.image_rows import ImageRows
from ..memo import Memo
from ..scenes.palette import COLOURS, nearest_colours
from .images import OfPixels, check_measure

_SIDE, GRID = 128, 32
SIZES: dict[str, int] = {"tiny": 8, "small": 16, "medium": 32, "large": 64}
"""Sides of areas in pixels of 128."""
Size = Literal["tiny", "small", "medium", "large"]


class Words(NamedTuple):
    """How a measure is said where it is high, and where it is low; empty: that is no look."""

    high: str
    low: str = ""


MEASURES: dict[str, Words] = {
    "brightness": Words("bright", "dark"),
    "contrast": Words("strong contrast", "weak contrast"),
    "colourfulness": Words("vivid colour", "dull colour"),
    "edges": Words("fine detail", "a plain surface"),
    "vertical lines": Words("vertical lines"),
    "horizontal lines": Words("horizontal lines"),
    "rising lines": Words("lines rising to the right"),
    "falling lines": Words("lines falling to the right"),
    "corners": Words("corners or crossing lines"),
    "light above": Words("light above dark", "dark above light"),
    "light left": Words("light left of dark", "dark left of light"),
    "light inside": Words("a light spot", "a dark spot"),
    "warmth": Words("warm colour"),
    "coolness": Words("cool colour"),
    **{colour: Words(colour) for colour in COLOURS},
}
_EDGE = 16.0  # of brightness, from a pixel to the next
_STEEP, _STEP = 48.0, 128.0  # of brightness, that count as 1
_kept = Memo()
_MOST = 2048  # pictures whose measures are kept, some 110 kB each


class LocalLook(BaseModel, frozen=True):
    """How an area looks: degree 0 at the measure `low`, 1 at `high`; low above high: little."""

    model_config = ConfigDict(extra="forbid")
    measure: str
    low: float = Field(ge=0, le=1, allow_inf_nan=False)
    high: float = Field(ge=0, le=1, allow_inf_nan=False)

    @model_validator(mode="after")
    def _known(self) -> "LocalLook":
        check_measure(self, MEASURES, "areas have no measure")
        return self

    def degrees(self, x: np.ndarray) -> np.ndarray:
        """Of measures `[..., measure]`: float32 `[...]` in 0..1."""
        mine = x[..., list(MEASURES).index(self.measure)]
        return np.clip((mine - self.low) / (self.high - self.low), 0, 1).astype(np.float32)

    def noun(self) -> str:
        """`dark above light`."""
        words = MEASURES[self.measure]
        return words.high if self.high > self.low else words.low or f"little {words.high}"


class Patch(OfPixels, frozen=True):
    """Somewhere in the picture an area with all of these looks. Sizes are 1/16, 1/8, 1/4, 1/2 of
    the side. Measures: brightness, contrast, colourfulness, edges, vertical lines, horizontal
    lines, rising lines, falling lines, corners, light above, light left, light inside (.5 where
    both sides are as light), warmth (red over blue), coolness, or a colour (its share)."""

    kind: Literal["patch"] = "patch"
    looks: tuple[LocalLook, ...] = Field(min_length=1, max_length=8)
    size: Size = "small"

    def degrees(self, rows: ImageRows) -> np.ndarray:
        i = list(SIZES).index(self.size)
        return np.array([self.at(local_measures(rows, k)[i]).max() for k in range(len(rows))])

    def at(self, x: np.ndarray) -> np.ndarray:
        """Of the measures of areas of its size, `[..., measure]`: float32 `[...]` in 0..1."""
        return np.min([look.degrees(x) for look in self.looks], axis=0)

    def noun(self) -> str:
        return ", ".join(look.noun() for look in self.looks)

    def english(self) -> str:
        ranges = (f"{one.measure} from {one.low:.2g} to {one.high:.2g}" for one in self.looks)
        return f"a {self.size} area with {self.noun()} ({', '.join(ranges)})"


def local_measures(rows: ImageRows, row: int) -> np.ndarray:
    """The measures of one picture in 0..1, float32 `[size, y, x, measure]`."""
    key = (rows.pictures[row].key, rows.target.image.size)
    kept = _kept.once(key, lambda: _measured(rows.seen(row)), most=_MOST)
    return kept.astype(np.float32) / 255


def _measured(seen: np.ndarray) -> np.ndarray:
    """Of one picture, uint8 `[height, width, 3]`: uint8 `[size, y, x, measure]`."""
    image = Image.fromarray(seen).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    x = np.array(image).astype(np.float32)
    light = x.mean(-1)  # [height, width]
    down, across = np.gradient(light)
    colour = nearest_colours(x)
    maps = np.stack(
        [
            light,
            light**2,
            x.max(-1) - x.min(-1),
            np.maximum(x[..., 0] - x[..., 2], 0),
            np.maximum(x[..., 2] - x[..., 0], 0),
            np.hypot(down, across) > _EDGE,
            across**2,
            down**2,
            across * down,
            *(colour == i for i in range(len(COLOURS))),
        ]
    ).astype(np.float32)  # [map, height, width]
    sums = np.pad(maps.cumsum(1).cumsum(2), ((0, 0), (1, 0), (1, 0)))
    values = np.stack([_of_size(sums, side) for side in SIZES.values()])
    return (255 * values.clip(0, 1)).round().astype(np.uint8)


def _of_size(sums: np.ndarray, side: int) -> np.ndarray:
    """The measures of areas of one size, `[y, x, measure]`.

    Args:
        sums: `[map, height + 1, width + 1]`: sums of maps above and left of a pixel.
        side: Of an area, in pixels; what lies outside the picture does not count.
    """
    half, quarter = side // 2, side // 4
    whole = _means(sums, -half, half, -half, half)  # [map, y, x]
    light, squares, vivid, warm, cool, edges, across, down, both = whole[:9]
    turned = np.hypot(across - down, 2 * both) / 2
    corner = (across + down) / 2 - turned
    upright = np.sqrt(np.maximum(across - down, 0)), np.sqrt(np.maximum(down - across, 0))
    slanted = np.sqrt(np.maximum(2 * both, 0)), np.sqrt(np.maximum(-2 * both, 0))
    steps = (
        _means(sums[:1], -half, 0, -half, half) - _means(sums[:1], 0, half, -half, half),
        _means(sums[:1], -half, half, -half, 0) - _means(sums[:1], -half, half, 0, half),
        _means(sums[:1], -quarter, quarter, -quarter, quarter) - light,
    )
    values = [
        light / 255,
        np.sqrt(np.maximum(squares - light**2, 0)) / _STEP,
        vivid / 255,
        edges,
        *(one / _STEEP for one in (*upright, *slanted, np.sqrt(np.maximum(corner, 0)))),
        *(0.5 + one[0] / (2 * _STEP) for one in steps),
        warm / 255,
        cool / 255,
        *whole[9:],
    ]
    return np.stack(values, -1)


def _means(sums: np.ndarray, top: int, bottom: int, left: int, right: int) -> np.ndarray:
    """Means of maps over boxes around the places of the grid, `[map, y, x]`."""
    centre = ((np.arange(GRID) + 0.5) * _SIDE / GRID).astype(int)
    ends = [np.clip(centre + by, 0, _SIDE) for by in (top, bottom, left, right)]
    y0, y1 = (np.minimum(v, _SIDE - (i == 0)) for i, v in enumerate(ends[:2]))
    x0, x1 = (np.minimum(v, _SIDE - (i == 0)) for i, v in enumerate(ends[2:]))
    total = (
        sums[:, y1][:, :, x1]
        - sums[:, y0][:, :, x1]
        - sums[:, y1][:, :, x0]
        + sums[:, y0][:, :, x0]
    )
    return total / np.maximum(np.outer(y1 - y0, x1 - x0), 1)
