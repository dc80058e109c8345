"""The second renderer: draws scenes with own drawings, other shades and other grounds.

A scene says the same here as elsewhere; the picture of it looks different. Things have an outline
in a darker shade of their own colour, textures are bars, rings of a lattice and diamonds, and each
setting is put together in another way.
"""

import math
import random
import tomllib
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ....tools.errors import UsageError, nearest
from ....tools.scenes.drawing import CODES, Tile, put
from ....tools.scenes.pictograms import pictograms
from ....tools.scenes.scene import Scene, Texture, Thing
from ....tools.scenes.shapes import Drawing, curve, fitted

RGB = tuple[int, int, int]
OWN: dict[str, Drawing] = {
    name: fitted(drawing)
    for name, drawing in pictograms(Path(__file__).with_name("drawings.json"))["own"].items()
}
"""Drawings by name, each filling the unit square in its longer direction. The names are known
elsewhere, the shapes are not: a cat is a cat's face here, a tree a palm, a star has four points."""
_COLOURS = tomllib.loads(Path(__file__).with_name("colours.toml").read_text(encoding="utf-8"))
SHADES: dict[str, RGB] = {name: tuple(rgb) for name, rgb in _COLOURS["shades"].items()}
"""Colours of things and plain grounds."""
GROUNDS: dict[str, tuple[RGB, ...]] = {
    name: tuple(map(tuple, tints)) for name, tints in _COLOURS["grounds"].items()
}
"""What a setting is drawn in."""
LOOKALIKES: dict[str, tuple[str, ...]] = {
    name: tuple(others) for name, others in _COLOURS["lookalikes"].items()
}
"""Colours that a colour is easily taken for."""
SIDE = 224
_SAMPLES = 3
PERIOD = 0.13
"""Of the texture of a plain ground, as a share of the side."""


def draw(scene: Scene, side: int = SIDE) -> Image.Image:
    """The picture of a scene, in RGB.

    Raises:
        UsageError: if this hand does not know a name or colour of it.
    """
    out = _ground(scene.background, scene.colour, scene.texture, scene.seed, side).copy()
    for thing in scene.things:
        _put(out, thing, side)
    return Image.fromarray(np.rint(out).astype(np.uint8))


def shade(name: str) -> RGB:
    """The colour of this name.

    Raises:
        UsageError: if there is none.
    """
    if name not in SHADES:
        raise UsageError(f"no colour '{name}'; nearest: {nearest(name, SHADES)}")
    return SHADES[name]


def mixed(one: RGB, other: RGB, share: float) -> RGB:
    """`one` with a share of `other` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def tones(colour: str) -> tuple[RGB, RGB]:
    """A plain ground of a colour, and its texture's tone."""
    return shade(colour), mixed(shade(colour), _mark(colour), 0.3)


def marks(texture: Texture, x: np.ndarray, y: np.ndarray, period: float) -> np.ndarray:
    """bool `[y, x]`: where a texture has its marks."""
    u, v = x[None] / period, y[:, None] / period  # [1, x], [y, 1]
    if texture == "striped":
        return np.broadcast_to(u % 1 < 0.4, (len(y), len(x)))
    if texture == "checked":
        return (np.floor(u + v) + np.floor(u - v)) % 2 == 0
    if texture == "dotted":
        return ((u % 1 - 0.5) ** 2 + (v % 1 - 0.5) ** 2) < 0.3**2
    return np.zeros((len(y), len(x)), bool)


def _mark(colour: str) -> RGB:
    """The tone of marks on a colour."""
    red, green, blue = shade(colour)
    bright = 0.3 * red + 0.6 * green + 0.1 * blue > 130
    return mixed(shade(colour), (30, 20, 40) if bright else (255, 252, 240), 0.75)


@lru_cache(maxsize=64)
def _ground(name: str, colour: str, texture: Texture, seed: int, side: int) -> np.ndarray:
    """float32 `[side, side, 3]`."""
    large = side * 2
    if name == "plain":
        flat, tone = tones(colour)
        at = (np.arange(large) + 0.5) / large
        picture = np.empty((large, large, 3), np.float32)
        picture[:] = flat
        picture[marks(texture, at, at, PERIOD)] = tone
    elif name in GROUNDS:
        picture = np.asarray(_setting(name, seed, large), np.float32)
    else:
        raise UsageError(f"no background '{name}'; nearest: {nearest(name, ['plain', *GROUNDS])}")
    return picture.reshape(side, 2, side, 2, 3).mean((1, 3))


def _setting(name: str, seed: int, side: int) -> Image.Image:
    first, second, third = GROUNDS[name]
    dice = random.Random(f"{name}/{seed}/own")
    image = Image.new("RGB", (side, side), first)
    pen = ImageDraw.Draw(image)

    def shape(points: list[tuple[float, float]], colour: RGB) -> None:
        pen.polygon([(x * side, y * side) for x, y in points], colour)

    if name in ("meadow", "snow"):  # patches all over
        for _ in range(26):
            x, y, wide = dice.random(), dice.random(), dice.uniform(0.03, 0.09)
            around = [(x + wide * math.cos(t), y + wide * 0.5 * math.sin(t)) for t in _turn()]
            shape(around, second if dice.random() < 0.7 else third)
    elif name in ("sea", "desert"):  # waves or dunes from side to side
        for at, tone in enumerate((second, third, second, third)):
            level = 0.22 + 0.2 * at
            line = [(x / 6, level + dice.uniform(-0.03, 0.03)) for x in range(-1, 8)]
            shape([*curve(*line), (1.2, 1.1), (-0.2, 1.1)], tone)
    elif name == "night":  # bands and a horizon of roofs
        pen.rectangle((0, side * 0.45, side, side), second)
        x = -0.05
        while x < 1:
            wide = dice.uniform(0.08, 0.16)
            pen.rectangle(
                (x * side, side * dice.uniform(0.72, 0.88), (x + wide) * side, side), third
            )
            x += wide
    else:  # trunks from top to bottom
        for at in range(9):
            x, thick = (at + dice.uniform(0.1, 0.9)) / 9, dice.uniform(0.02, 0.05)
            shape(
                [(x - thick, 0), (x + thick, 0), (x + thick, 1), (x - thick, 1)],
                (second, third)[at % 2],
            )
    return image


def _turn() -> list[float]:
    return [2 * math.pi * at / 20 for at in range(20)]


def _put(pixels: np.ndarray, thing: Thing, side: int) -> None:
    """Lays one thing over pixels, float32 `[side, side, 3]`."""
    if thing.name not in OWN:
        raise UsageError(f"no own drawing of '{thing.name}'; nearest: {nearest(thing.name, OWN)}")
    left = math.floor((thing.x - thing.size / 2) * side) - 1
    top = math.floor((thing.y - thing.size / 2) * side) - 1
    wide = math.ceil(thing.size * side) + 3
    canvas = Image.new("L", (wide * _SAMPLES, wide * _SAMPLES))
    pen = ImageDraw.Draw(canvas)
    scale = thing.size * side * _SAMPLES
    x = ((thing.x - thing.size / 2) * side - left) * _SAMPLES
    y = ((thing.y - thing.size / 2) * side - top) * _SAMPLES
    line = max(1, round(0.035 * scale))
    for part in OWN[thing.name]:  # first the outline of everything, then what is inside it
        if part.role != "hole":
            outline = [(x + px * scale, y + py * scale) for px, py in part.points]
            pen.polygon(outline, 5)
            pen.line([*outline, outline[0]], 5, line)
    for part in OWN[thing.name]:
        pen.polygon([(x + px * scale, y + py * scale) for px, py in part.points], CODES[part.role])
    codes = np.asarray(canvas)
    body = shade(thing.colour)
    at = (np.arange(wide * _SAMPLES) + 0.5) / _SAMPLES
    on = marks(
        thing.texture,
        (at + left) / side - thing.x,
        (at + top) / side - thing.y,
        0.02 + 0.11 * thing.size,
    )
    codes = np.where(on & (codes == CODES["body"]), CODES["ink"], codes)
    table = np.array(
        [
            (0, 0, 0),
            body,
            _mark(thing.colour),
            mixed((70, 58, 66), body, 0.15),
            mixed((250, 244, 228), body, 0.15),
            mixed(body, (0, 0, 0), 0.5) if thing.colour != "black" else (96, 92, 110),
        ],
        np.float32,
    )
    cells = (wide, _SAMPLES, wide, _SAMPLES)
    colour = table[codes].reshape(*cells, 3).mean((1, 3))
    put(pixels, Tile(left, top, colour, (codes > 0).reshape(cells).mean((1, 3))))
