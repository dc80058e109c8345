"""The palette: twelve named colours, far enough apart that each pixel has one nearest name."""

import numpy as np

from ..errors import UsageError, nearest

RGB = tuple[int, int, int]

PALETTE: dict[str, RGB] = {
    "red": (212, 36, 40),
    "orange": (247, 132, 24),
    "yellow": (252, 220, 40),
    "green": (38, 142, 62),
    "blue": (36, 84, 208),
    "purple": (128, 52, 172),
    "pink": (248, 146, 190),
    "brown": (122, 74, 36),
    "black": (22, 22, 24),
    "grey": (136, 136, 140),
    "white": (250, 250, 250),
    "cyan": (54, 204, 218),
}
"""Colours of things and of plain backgrounds."""

COLOURS: tuple[str, ...] = tuple(PALETTE)
_TABLE = np.array(list(PALETTE.values()), np.float32)  # [colour, 3]
_DARK: RGB = (46, 46, 48)
_MID: RGB = (150, 150, 152)
_LIGHT: RGB = (240, 240, 238)
_DEEP = ("red", "green", "blue", "purple", "brown", "black")
"""Colours on which a light ink is seen better than a dark one."""


def rgb(name: str) -> RGB:
    """The colour of this name.

    Raises:
        UsageError: if the palette has no such colour.
    """
    if name not in PALETTE:
        raise UsageError(f"no colour '{name}'; nearest: {nearest(name, PALETTE)}")
    return PALETTE[name]


def index_of(name: str) -> int:
    """The index in `COLOURS` of the colour of this name.

    Raises:
        UsageError: if the palette has no such colour.
    """
    rgb(name)
    return COLOURS.index(name)


def ink(name: str) -> RGB:
    """The neutral in which stripes, dots, checks, eyes and lines are drawn on a colour."""
    if name in ("black", "white"):  # so that black on white and white on black stay apart
        return (188, 188, 190) if name == "black" else (84, 84, 88)
    return _LIGHT if name in _DEEP else _DARK


def dark(name: str) -> RGB:
    """Of parts that are dark on any thing, such as wheels."""
    return _MID if name == "black" else _DARK


def light(name: str) -> RGB:
    """Of parts that are light on any thing, such as windows."""
    return _MID if name == "white" else _LIGHT


def edge(name: str) -> RGB:
    """The thin line around a thing, which shows it on any background."""
    return (96, 96, 98) if name == "black" else (58, 58, 60)


def blend(one: RGB, other: RGB, share: float) -> RGB:
    """`one` with this share of `other` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def nearest_colours(pixels: np.ndarray) -> np.ndarray:
    """The index in `COLOURS` of the nearest colour: uint8 or float `[..., 3]` to int `[...]`."""
    result = np.asarray(pixels, np.float32)[..., None, :] - _TABLE  # [..., colour, 3]
    return (result**2 @ _WEIGHT).argmin(-1)


_WEIGHT = np.array([0.9, 1.2, 0.9], np.float32)  # green weighs more in what the eye sees


def nearest_colour(pixel: RGB | np.ndarray) -> str:
    """The name of the colour nearest to one pixel."""
    return COLOURS[int(nearest_colours(np.asarray(pixel)))]
