"""Templates of things for the detector: how much of each cell of a small grid each role covers.

A template is a drawing at one size in the picture, since the edge of a thing and the marks of its
texture are relatively wider on small things.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from .drawing import rim, roles
from .palette import dark, edge, ink, light, rgb
from .scene import TEXTURES, Texture
from .textures import inked, period
from .things import NAMES

FINE = 192
"""Samples of a template's side."""
GRIDS: tuple[int, ...] = (8, 12, 16, 24, 32, 48)
"""Cells of a side at which pictures are compared; all divide `FINE`."""
OUTLINE = 32
"""Cells of a side of the silhouettes by which names are shortlisted."""
_EDGE = 5
_LEVELS = 8  # templates for so many sizes, each so many times the one before
_SMALLEST, _STEP = 0.08, 1.35


class Template(NamedTuple):
    """One thing at one size on one grid."""

    cover: np.ndarray
    """float32 `[role, cell]`: of a plain thing."""
    marks: np.ndarray
    """float32 `[texture, cell]`: how much of a cell is body under ink, by texture."""
    inside: np.ndarray
    """float32 `[cell]`: how much of it the thing covers."""


def grid_for(pixels: float) -> int:
    """The finest grid with cells of about a pixel or more."""
    return max((grid for grid in GRIDS if grid <= pixels * 1.15), default=GRIDS[0])


def level_of(size: float) -> int:
    """The nearest size for which there are templates."""
    return int(np.clip(np.rint(np.log(size / _SMALLEST) / np.log(_STEP)), 0, _LEVELS - 1))


@lru_cache(maxsize=1024)
def template(name: str, level: int, grid: int) -> Template:
    """How a thing of this name covers a grid over its bounding square."""
    result = _roles(name, level)
    cover = np.stack([_reduced(result == code, grid) for code in (1, 2, 3, 4, _EDGE)])
    at = (np.arange(FINE) + 0.5) / FINE - 0.5
    size = _SMALLEST * _STEP**level
    marks = [
        _reduced((result == 1) & inked(texture, at * size, at * size, period(size)), grid)
        for texture in TEXTURES
    ]
    return Template(cover, np.stack(marks), cover.sum(0))


@lru_cache(maxsize=512)
def _roles(name: str, level: int) -> np.ndarray:
    """uint8 `[FINE, FINE]` codes of roles, with the edge."""
    result = roles(name, FINE, scale=FINE, x=-0.5, y=-0.5).copy()
    size = _SMALLEST * _STEP**level
    result[rim(result > 0, size, FINE / size)] = _EDGE
    return result


def _reduced(mask: np.ndarray, grid: int) -> np.ndarray:
    """Share of each cell, float32 `[cell]`."""
    step = FINE // grid
    shape = (grid, step, grid, step)
    return mask.reshape(shape).mean((1, 3), dtype=np.float32).reshape(-1)


@lru_cache(maxsize=64)
def tones(colour: str) -> np.ndarray:
    """The colours of the roles of a thing: float32 `[role, 3]`."""
    result = [rgb(colour), ink(colour), dark(colour), light(colour), edge(colour)]
    return np.array(result, np.float32)


def painted(shape: Template, colour: str, texture: Texture, ground: np.ndarray) -> np.ndarray:
    """What a thing looks like on a ground: float32 `[cell, 3]`.

    Args:
        shape: Template of the thing.
        colour: Of its body.
        texture: Of its body.
        ground: `[3]` or `[cell, 3]`: what is behind.
    """
    tone = tones(colour)
    out = shape.cover.T @ tone + (1 - shape.inside[:, None]) * ground
    if texture != "plain":
        out = out + shape.marks[TEXTURES.index(texture)][:, None] * (tone[1] - tone[0])
    return out


@lru_cache(maxsize=1)
def silhouettes() -> np.ndarray:
    """Every thing, its holes filled: bool `[name, cell]` on the grid `OUTLINE`."""
    result = []
    for name in NAMES:
        filled = ndimage.binary_fill_holes(_roles(name, 3) > 0)
        result.append(_reduced(np.asarray(filled), OUTLINE) > 0.5)
    return np.stack(result)
