"""Backgrounds: plain ones in a colour and texture, and drawn settings such as a meadow or the sea.

Each setting is drawn in tints of its own, none of them a colour of the palette, so that a thing of
any colour shows on it. The accidents (where blades of grass, waves and stars are) come from a seed.
"""

import random
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from ..errors import UsageError, nearest
from .palette import RGB, blend, ink, rgb
from .shapes import Point, arc, curve

_SAMPLES = 2  # drawn so many times larger


class _Canvas:
    """Draws shares of the side onto pixels."""

    def __init__(self, side: int) -> None:
        self.pixels = side * _SAMPLES
        self.image = Image.new("RGB", (self.pixels, self.pixels))
        self._draw = ImageDraw.Draw(self.image)

    def polygon(self, points: list[Point], colour: RGB) -> None:
        scaled = [(x * self.pixels, y * self.pixels) for x, y in points]
        self._draw.polygon(scaled, fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: RGB) -> None:
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def ellipse(self, x: float, y: float, wide: float, high: float, colour: RGB) -> None:
        self.polygon(arc(x, y, wide, high, 0, 360, steps=24), colour)

    def ripple(self, x: float, y: float, wide: float, high: float, low: float, colour: RGB) -> None:
        """A lens that is bent upwards, from one height to another."""
        upper = curve((x, y), (x + wide / 2, y - high), (x + wide, y))
        lower = curve((x + wide, y), (x + wide / 2, y - low), (x, y))
        self.polygon([*upper, *lower], colour)

    def ground(self, points: list[Point], colour: RGB) -> None:
        """What is below a line from the left to the right edge."""
        self.polygon([*curve(*points), (1.01, 1.01), (-0.01, 1.01)], colour)


TINTS: dict[str, tuple[RGB, ...]] = {
    "meadow": ((204, 228, 244), (158, 200, 120), (128, 176, 92), (178, 214, 138)),
    "sea": ((214, 230, 240), (92, 148, 184), (128, 178, 206), (74, 128, 166)),
    "sky": ((132, 184, 232), (156, 200, 238), (180, 214, 242), (204, 228, 246), (232, 240, 248)),
    "desert": ((248, 232, 206), (228, 198, 146), (210, 176, 122), (238, 212, 166)),
    "snow": ((196, 208, 224), (232, 237, 244), (218, 226, 238), (244, 247, 251)),
    "night": ((30, 34, 74), (39, 44, 88), (48, 54, 102), (20, 24, 50), (236, 232, 196)),
    "forest": ((172, 196, 168), (112, 142, 104), (84, 112, 84), (104, 92, 74), (140, 128, 96)),
    "room": ((238, 224, 204), (228, 212, 188), (190, 152, 116), (168, 130, 96), (252, 244, 232)),
    "street": ((206, 216, 226), (178, 170, 166), (158, 148, 146), (116, 118, 124), (196, 198, 200)),
}
"""What a setting is drawn in, by name; the first is the farthest away."""
SETTINGS: tuple[str, ...] = tuple(TINTS)
BACKGROUNDS: tuple[str, ...] = ("plain", *SETTINGS)


def _horizon(dice: random.Random, level: float, swing: float) -> list[Point]:
    """A line of low hills from left to right."""
    return [(x, level + dice.uniform(-swing, swing)) for x in (-0.02, 0.22, 0.5, 0.78, 1.02)]


def _meadow(canvas: _Canvas, dice: random.Random) -> None:
    sky, grass, blade, glint = TINTS["meadow"]
    level = dice.uniform(0.3, 0.42)
    canvas.box(0, 0, 1, 1, sky)
    canvas.ground(_horizon(dice, level, 0.03), glint)
    canvas.ground(_horizon(dice, level + 0.1, 0.03), grass)
    for _ in range(130):
        x, y = dice.random(), dice.uniform(level + 0.12, 1)
        high = 0.02 + 0.03 * (y - level)
        lean = dice.uniform(-0.012, 0.012)
        canvas.polygon([(x - 0.004, y), (x + lean, y - high), (x + 0.004, y)], blade)


def _sea(canvas: _Canvas, dice: random.Random) -> None:
    sky, water, crest, deep = TINTS["sea"]
    level = dice.uniform(0.26, 0.36)
    canvas.box(0, 0, 1, 1, sky)
    canvas.box(0, level, 1, 1, water)
    canvas.box(0, level, 1, level + 0.012, deep)
    y = level + 0.05
    while y < 1:
        x = dice.uniform(-0.2, 0)
        while x < 1:
            wide = dice.uniform(0.08, 0.16)
            tone = crest if dice.random() < 0.7 else deep
            canvas.ripple(x, y, wide, 0.016, 0.006, tone)
            x += wide + dice.uniform(0.03, 0.14)
        y += 0.05 + 0.03 * (y - level)


def _sky(canvas: _Canvas, dice: random.Random) -> None:
    *blues, white = TINTS["sky"]
    for i, tone in enumerate(blues):
        canvas.box(0, i / len(blues), 1, 1, tone)
    for _ in range(5):
        x, y, wide = dice.random(), dice.random(), dice.uniform(0.06, 0.12)
        for dx, dy, share in ((-1, 0.1, 0.6), (0, -0.12, 0.8), (0.9, 0.08, 0.65)):
            canvas.ellipse(
                x + dx * wide, y + dy * wide, wide * share * 1.2, wide * share * 0.5, white
            )


def _desert(canvas: _Canvas, dice: random.Random) -> None:
    sky, sand, shade, glint = TINTS["desert"]
    level = dice.uniform(0.34, 0.44)
    canvas.box(0, 0, 1, 1, sky)
    canvas.ground(_horizon(dice, level, 0.05), shade)
    canvas.ground(_horizon(dice, level + 0.1, 0.05), sand)
    canvas.ground(_horizon(dice, level + 0.36, 0.05), glint)
    for _ in range(16):
        x, y, wide = dice.random(), dice.uniform(level + 0.2, 0.98), dice.uniform(0.06, 0.14)
        canvas.ripple(x, y, wide, 0.014, 0.004, shade)


def _snow(canvas: _Canvas, dice: random.Random) -> None:
    sky, ground, shade, flake = TINTS["snow"]
    level = dice.uniform(0.36, 0.48)
    canvas.box(0, 0, 1, 1, sky)
    canvas.ground(_horizon(dice, level, 0.04), shade)
    canvas.ground(_horizon(dice, level + 0.14, 0.04), ground)
    for _ in range(70):
        radius = dice.uniform(0.005, 0.011)
        canvas.ellipse(dice.random(), dice.random(), radius, radius, flake)


def _night(canvas: _Canvas, dice: random.Random) -> None:
    dark, dim, pale, ground, star = TINTS["night"]
    canvas.box(0, 0, 1, 1, dark)
    canvas.box(0, 0.5, 1, 1, dim)
    canvas.box(0, 0.66, 1, 1, pale)
    for _ in range(45):
        radius = dice.uniform(0.003, 0.007)
        canvas.ellipse(dice.random(), dice.uniform(0, 0.7), radius, radius, star)
    canvas.ground(_horizon(dice, 0.84, 0.03), ground)


def _forest(canvas: _Canvas, dice: random.Random) -> None:
    air, leaf, deep, trunk, ground = TINTS["forest"]
    level = 0.72
    canvas.box(0, 0, 1, 1, air)
    for tone, number, thick in ((leaf, 13, 0.022), (deep, 9, 0.036)):
        for i in range(number):
            x = (i + dice.uniform(0.1, 0.9)) / number
            foot = level + dice.uniform(0.02, 0.08) + thick
            canvas.box(x - thick / 2, 0, x + thick / 2, foot, tone if tone is leaf else trunk)
            for step in range(4):
                y = dice.uniform(0.02, 0.06) + step * 0.1
                half = thick * (1.6 + 0.5 * step)
                canvas.polygon([(x, y - 0.07), (x + half, y + 0.1), (x - half, y + 0.1)], tone)
    canvas.ground(_horizon(dice, level + 0.06, 0.02), ground)
    for _ in range(50):
        x, y = dice.random(), dice.uniform(level + 0.12, 1)
        canvas.polygon([(x - 0.006, y), (x, y - 0.03), (x + 0.006, y)], leaf)


def _room(canvas: _Canvas, dice: random.Random) -> None:
    wall, stripe, floor, joint, board = TINTS["room"]
    level = dice.uniform(0.64, 0.74)
    canvas.box(0, 0, 1, 1, wall)
    start = dice.uniform(0, 0.1)
    for i in range(-1, 11):
        canvas.box(start + i * 0.1, 0, start + i * 0.1 + 0.04, level, stripe)
    canvas.box(0, level, 1, 1, floor)
    canvas.box(0, level - 0.03, 1, level, board)
    vanish = dice.uniform(0.3, 0.7)
    for i in range(-4, 15):
        x = vanish + (i - 5 + 0.5) * 0.22
        top = vanish + (x - vanish) * 0.55
        canvas.polygon([(top, level), (top + 0.004, level), (x + 0.008, 1), (x, 1)], joint)


def _street(canvas: _Canvas, dice: random.Random) -> None:
    sky, front, shade, road, line = TINTS["street"]
    level = dice.uniform(0.6, 0.68)
    canvas.box(0, 0, 1, 1, sky)
    x, at = dice.uniform(-0.12, 0), 0
    while x < 1:
        wide, top = dice.uniform(0.16, 0.26), dice.uniform(0.08, 0.3)
        canvas.box(x, top, x + wide, level, front if at % 2 else shade)
        for row in range(4):
            for column in range(3):
                left, y = x + wide * (0.14 + 0.28 * column), top + 0.05 + row * 0.11
                if y + 0.06 < level:
                    canvas.box(left, y, left + wide * 0.16, y + 0.06, sky)
        x, at = x + wide, at + 1
    canvas.box(0, level, 1, 1, line)
    canvas.box(0, level + 0.06, 1, 1, road)
    start = dice.uniform(-0.2, 0)
    for dash in range(6):
        left = start + dash * 0.24
        canvas.box(left, level + 0.18, left + 0.13, level + 0.2, line)


_DRAW: dict[str, Callable[[_Canvas, random.Random], None]] = {
    "meadow": _meadow,
    "sea": _sea,
    "sky": _sky,
    "desert": _desert,
    "snow": _snow,
    "night": _night,
    "forest": _forest,
    "room": _room,
    "street": _street,
}


def setting(name: str, seed: int, side: int) -> np.ndarray:
    """A drawn setting: uint8 `[side, side, 3]`.

    Raises:
        UsageError: if there is no such setting.
    """
    if name not in _DRAW:
        raise UsageError(f"no background '{name}'; nearest: {nearest(name, BACKGROUNDS)}")
    canvas = _Canvas(side)
    _DRAW[name](canvas, random.Random(f"{name}/{seed}"))
    return np.asarray(canvas.image.reduce(_SAMPLES), np.uint8)


def plain_tones(colour: str) -> tuple[RGB, RGB]:
    """The ground of a plain background of this colour, and the tone of its texture."""
    return rgb(colour), blend(rgb(colour), ink(colour), 0.3)
