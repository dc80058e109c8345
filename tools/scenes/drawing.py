"""Draws scenes: the same scene gives the same pixels, at any side.

A thing is drawn four times larger in a tile of its own, its body in its colour and texture, with a
thin dark edge, and then averaged down onto the background.
"""

import math
from functools import lru_cache, reduce
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw
from pydantic import ValidationError
from scipy import ndimage

from ..errors import UsageError
from .backgrounds import plain_tones, setting
from .palette import RGB, dark, edge, ink, light, rgb
from .scene import Scene, Texture, Thing
from .textures import PLAIN_PERIOD, inked, period
from .things import drawing_of

SIDE = 224
"""Pixels of a side, where nothing else is asked for."""
LARGEST = 2048
_SAMPLES = 4
CODES = {"hole": 0, "body": 1, "ink": 2, "dark": 3, "light": 4}


class Tile(NamedTuple):
    """One thing on a transparent ground."""

    left: int
    """Pixel of the picture at which its first column is; may be outside."""
    top: int
    colour: np.ndarray
    """float32 `[height, width, 3]`: 0..255, times alpha."""
    alpha: np.ndarray
    """float32 `[height, width]`: 0..1."""


def draw(scene: Scene, side: int = SIDE) -> Image.Image:
    """The picture of a scene, in RGB.

    Raises:
        UsageError: if a name or colour is unknown, or the side is out of range.
    """
    return Image.fromarray(render(scene, side))


def render(scene: Scene, side: int = SIDE) -> np.ndarray:
    """The pixels of a scene: uint8 `[side, side, 3]`."""
    if not 1 <= side <= LARGEST:
        raise UsageError(f"a picture has 1 to {LARGEST} pixels a side, not {side}")
    ground = background(scene.background, scene.colour, scene.texture, scene.seed, side)
    out = ground.astype(np.float32)  # [y, x, 3]
    for thing in scene.things:
        put(out, tile(thing, side))
    return np.rint(out).astype(np.uint8)


def mask(scene: Scene, index: int, side: int = SIDE) -> np.ndarray:
    """Where one thing of a scene is seen: bool `[side, side]`.

    Raises:
        UsageError: if the scene has no such thing.
    """
    if not 0 <= index < len(scene.things):
        raise UsageError(f"the scene has {len(scene.things)} things, numbered from 0; not {index}")
    visible = np.zeros((side, side), np.float32)
    for i, thing in enumerate(scene.things[index:]):
        result = tile(thing, side)
        (ys, xs), (inner_ys, inner_xs) = _within(result, side)
        alpha = result.alpha[inner_ys, inner_xs]
        visible[ys, xs] = alpha if i == 0 else visible[ys, xs] * (1 - alpha)
    return visible > 0.5


@lru_cache(maxsize=128)
def background(name: str, colour: str, texture: Texture, seed: int, side: int) -> np.ndarray:
    """A background without things: uint8 `[side, side, 3]`; not to be written to."""
    if name == "plain":
        ground, tone = plain_tones(colour)
        out = np.empty((side * 2, side * 2, 3), np.uint16)
        out[:] = ground
        at = (np.arange(side * 2) + 0.5) / (side * 2)
        out[inked(texture, at, at, PLAIN_PERIOD)] = tone
        out = out.reshape(side, 2, side, 2, 3).mean((1, 3)).round().astype(np.uint8)
    else:
        out = setting(name, seed, side)
    out.setflags(write=False)
    return out


def tile(thing: Thing, side: int) -> Tile:
    """One thing by itself, as large as in a picture of this side."""
    left = math.floor((thing.x - thing.size / 2) * side) - 1
    top = math.floor((thing.y - thing.size / 2) * side) - 1
    wide = math.ceil(thing.size * side) + 3
    x = ((thing.x - thing.size / 2) * side - left) * _SAMPLES - 0.5
    y = ((thing.y - thing.size / 2) * side - top) * _SAMPLES - 0.5
    scale = thing.size * side * _SAMPLES
    parts = roles(thing.name, wide * _SAMPLES, scale=scale, x=x, y=y)
    colour = _painted(thing, side, parts, left, top)
    return Tile(left, top, _averaged(colour), _averaged((parts > 0).astype(np.float32)))


def _averaged(samples: np.ndarray) -> np.ndarray:
    """The mean of the samples of each pixel: float32 `[y, x, ...]` from whole numbers.

    Sums of slices: several times as fast as a mean over two axes, and as exact.
    """
    rows = reduce(np.add, [samples[i::_SAMPLES] for i in range(_SAMPLES)])
    whole = reduce(np.add, [rows[:, i::_SAMPLES] for i in range(_SAMPLES)])
    return whole / np.float32(_SAMPLES**2)


def roles(name: str, pixels: int, *, scale: float, x: float, y: float) -> np.ndarray:
    """Which role each sample of a square canvas has, uint8 `[y, x]`; 0 is outside the thing.

    Args:
        name: Of the thing.
        pixels: Samples of a side of the canvas.
        scale: Samples of a side of the thing's square.
        x: Where the square begins.
        y: Where the square begins.
    """
    canvas = Image.new("L", (pixels, pixels))
    pen = ImageDraw.Draw(canvas)
    for part in drawing_of(name):
        pen.polygon([(x + px * scale, y + py * scale) for px, py in part.points], CODES[part.role])
    return np.asarray(canvas)


def rim(inside: np.ndarray, size: float, samples: float) -> np.ndarray:
    """The thin edge of a thing, bool `[y, x]`: where the outside is near.

    Args:
        inside: bool `[y, x]`: samples of the thing.
        size: Of the thing, as a share of the picture's side.
        samples: Of the picture's side.
    """
    window = 2 * max(1, round((0.003 + 0.014 * size) * samples)) + 1
    deep = ndimage.minimum_filter(inside.view(np.uint8), window, mode="constant")
    return inside & (np.asarray(deep) == 0)


def _painted(thing: Thing, side: int, parts: np.ndarray, left: int, top: int) -> np.ndarray:
    """The samples of a tile in colour, black outside the thing: `[y, x, 3]`."""
    body, neutral = rgb(thing.colour), ink(thing.colour)
    tones: list[RGB] = [(0, 0, 0), body, neutral, dark(thing.colour), light(thing.colour)]
    if thing.texture != "plain":
        at = (np.arange(parts.shape[0]) + 0.5) / _SAMPLES
        marks = inked(
            thing.texture,
            (at + left) / side - thing.x,
            (at + top) / side - thing.y,
            period(thing.size),
        )
        parts = np.where(marks & (parts == CODES["body"]), CODES["ink"], parts)
    out = np.array(tones, np.float32)[parts]
    out[rim(parts > 0, thing.size, side * _SAMPLES)] = edge(thing.colour)
    return out


def put(pixels: np.ndarray, piece: Tile) -> None:
    """Lays a tile over pixels, float32 `[side, side, 3]`, in place."""
    (ys, xs), (inner_ys, inner_xs) = _within(piece, len(pixels))
    alpha = piece.alpha[inner_ys, inner_xs, None]
    pixels[ys, xs] = pixels[ys, xs] * (1 - alpha) + piece.colour[inner_ys, inner_xs]


def _within(piece: Tile, side: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The part of a picture that a tile covers, and the part of the tile that does."""
    high, wide = piece.alpha.shape
    top, left = max(0, piece.top), max(0, piece.left)
    bottom, right = max(top, min(side, piece.top + high)), max(left, min(side, piece.left + wide))
    outer = slice(top, bottom), slice(left, right)
    inner = (
        slice(top - piece.top, bottom - piece.top),
        slice(left - piece.left, right - piece.left),
    )
    return outer, inner


def scene_of(given: Any) -> Scene:
    """A scene from JSON, with an error that says what is wrong in one line."""
    if isinstance(given, Scene):
        return given
    try:
        return Scene.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "scene"
        raise UsageError(f"the scene cannot be read: {where}: {first['msg']}") from None


def drawable(given: Any) -> Scene:
    """A scene from JSON whose names and colours can be drawn.

    Raises:
        UsageError: if it cannot be read or drawn.
    """
    scene = scene_of(given)
    render(scene, 16)
    return scene
