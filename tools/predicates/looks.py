"""What a photograph shows and how it looks: classes by a second network, measures of its pixels.

A measure is a number in 0..1 of a part of what the target sees, at 128 x 128 pixels: brightness,
contrast, colourfulness, edges, smoothness, the share of edges in a direction or of a colour.
Our formulation.
"""

from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
from PIL import Image
from pydantic import Field, model_validator

from ..data.image_rows import ImageRows
from ..english.inflection import with_article
from ..models.imagenet import class_groups
from ..scenes.palette import COLOURS, nearest_colours
from .features import once
from .images import OfPixels, check_measure
from .network_reader import network_of, probabilities

At = Literal["all", "top", "bottom", "left", "right", "middle", "border"]
PARTS: tuple[At, ...] = ("all", "top", "bottom", "left", "right", "middle", "border")
_IN_WORDS = {"all": "", "middle": " in the middle", "border": " around the border"}
_TEXTURES = {  # a measure, in words where it is high and where it is low
    "brightness": ("brightness", "darkness"),
    "contrast": ("strong contrast", "weak contrast"),
    "colourfulness": ("vivid colours", "dull colours"),
    "edges": ("fine detail", "little detail"),
    "smoothness": ("plain surfaces", "few plain surfaces"),
    "vertical lines": ("vertical lines", "few vertical lines"),
    "horizontal lines": ("horizontal lines", "few horizontal lines"),
    "diagonal lines": ("diagonal lines", "few diagonal lines"),
}
MEASURES: tuple[str, ...] = (*_TEXTURES, *COLOURS)
_SIDE = 128
_EDGE, _PLAIN = 16.0, 3.0
"""Change of brightness (0..255) from a pixel to the next, above which there is an edge, and under
which a surface is plain."""


class PictureClass(OfPixels, frozen=True):
    """How probably the picture shows one of these classes or groups (dogs, vehicles, musical
    instruments), by the network that reads the pictures; only where a reader is named."""

    kind: Literal["class"] = "class"
    names: tuple[str, ...] = Field(min_length=1, max_length=200)
    name: str | None = None
    """What they have in common."""
    network: str | None = None
    """Whose classes they are; None: the reader of the pictures."""
    listed: ClassVar[str] = "names"

    def degrees(self, rows: ImageRows) -> np.ndarray:
        return probabilities(network_of(rows, self.network), self.names, rows)

    def noun(self) -> str:
        groups = class_groups()
        words = (name if name.lower() in groups else with_article(name) for name in self.names)
        return self.name or " or ".join(words)

    def english(self) -> str:
        return f"{self.noun()} (as '{self.network}' sees it)" if self.network else self.noun()


class Look(OfPixels, frozen=True):
    """How a part of the picture looks, from 0 at the measure `low` to 1 at `high`; low above high:
    little of it. Measures: brightness, contrast, colourfulness, edges, smoothness, vertical lines,
    horizontal lines, diagonal lines, or a colour (its share)."""

    kind: Literal["look"] = "look"
    measure: str
    at: At = "all"
    low: float = Field(ge=0, le=1, allow_inf_nan=False)
    high: float = Field(ge=0, le=1, allow_inf_nan=False)

    @model_validator(mode="after")
    def _known(self) -> "Look":
        check_measure(self, MEASURES, "there is no measure")
        return self

    def degrees(self, rows: ImageRows) -> np.ndarray:
        x = measures(rows)[:, PARTS.index(self.at), MEASURES.index(self.measure)]
        return np.clip((x - self.low) / (self.high - self.low), 0, 1)

    def noun(self) -> str:
        much = self.high > self.low
        high, low = _TEXTURES.get(self.measure, (f"much {self.measure}", f"little {self.measure}"))
        return (high if much else low) + _IN_WORDS.get(self.at, f" at the {self.at}")

    def english(self) -> str:
        return f"{self.noun()} ({self.measure} from {self.low:.2g} to {self.high:.2g})"


def measures(rows: ImageRows) -> np.ndarray:
    """All measures of pictures, float32 `[image, part, measure]`; computed once."""

    def made() -> np.ndarray:
        out = np.zeros((len(rows), len(PARTS), len(MEASURES)), np.float32)
        for i in range(len(rows)):
            out[i] = _measured(rows.seen(i))
        return out

    return once(("looks", rows.texts, rows.target.image.size), made)


def _measured(seen: np.ndarray) -> np.ndarray:
    """The measures of one picture, uint8 `[height, width, 3]`: `[part, measure]`."""
    small = np.array(Image.fromarray(seen).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR))
    x = small.astype(np.float32)
    light = x.mean(-1)  # [height, width]
    down, across = np.gradient(light)
    steep = np.hypot(down, across)
    turn = np.degrees(np.arctan2(down, across)) % 180  # 0: brightness changes from left to right
    energy = np.square(steep)
    lines = (
        np.minimum(turn, 180 - turn) < 15,
        np.abs(turn - 90) < 15,
        np.minimum(np.abs(turn - 45), np.abs(turn - 135)) < 15,
    )
    colour = nearest_colours(small)
    out = np.zeros((len(PARTS), len(MEASURES)))
    for i, mask in enumerate(_masks()):
        whole = float(energy[mask].sum()) + 1e-6
        out[i] = [
            light[mask].mean() / 255,
            light[mask].std() / 128,
            (x.max(-1) - x.min(-1))[mask].mean() / 255,
            (steep[mask] > _EDGE).mean(),
            (steep[mask] < _PLAIN).mean(),
            *(energy[mask & line].sum() / whole for line in lines),
            *np.bincount(colour[mask], minlength=len(COLOURS)) / mask.sum(),
        ]
    return out.clip(0, 1)


@lru_cache(maxsize=1)
def _masks() -> np.ndarray:
    """bool `[part, height, width]`: thirds at the edges, the middle half, the outer tenth."""
    y, x = np.mgrid[:_SIDE, :_SIDE] / (_SIDE - 1)
    middle = (abs(y - 0.5) < 0.25) & (abs(x - 0.5) < 0.25)
    border = (abs(y - 0.5) > 0.4) | (abs(x - 0.5) > 0.4)
    sides = (y < 1 / 3, y > 2 / 3, x < 1 / 3, x > 2 / 3)
    return np.array([np.ones_like(border), *sides, middle, border])
