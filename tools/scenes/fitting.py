"""Finds the thing that looks most like the pixels in a square. Our formulation.

1. The outline of the region in the square shortlists names, by the overlap of filled silhouettes.
2. Each is drawn in every texture, in the colour that the pixels ask for, on a grid of about their
   size, and compared with them: the mean absolute difference.
3. The best few are compared again with the square moved and resized by a pixel or less.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image

from .palette import COLOURS, nearest_colours, rgb
from .scene import TEXTURES, Texture, Thing
from .templates import (
    OUTLINE,
    Template,
    grid_for,
    level_of,
    painted,
    silhouettes,
    template,
    tones,
)
from .things import NAMES

SMALLEST = 0.08
"""Share of the side; what is smaller is no thing."""
CAP = 0.4
"""Largest difference that one cell counts."""
_SHORTLIST = 10_000  # cells to compare: more names where there are fewer cells
_FRINGE = 0.7  # pixels by which a region is wider than its thing, for pixels that it half covers
_CLEAR = 0.05  # who is behind by so much is not looked at more closely
_STEPS = (1.0, 0.5)  # pixels by which a square is moved


class Fit(NamedTuple):
    """One thing as it explains a region."""

    thing: Thing
    wrong: float
    """Mean difference from the pixels, 0..1."""


class Box(NamedTuple):
    """A square around a region, in pixels; may reach beyond the picture."""

    left: float
    top: float
    side: float


class _Look(NamedTuple):
    """What is seen in a square, on a grid."""

    seen: np.ndarray
    """float32 `[cell, 3]`."""
    mine: np.ndarray
    """float32 `[cell]`: how much of it is of the region."""
    counts: np.ndarray
    """float32 `[cell]`: how much of it says something about the thing."""
    back: np.ndarray
    """float32 `[3]`: what is behind the thing."""


class _Guess(NamedTuple):
    """What it may be."""

    wrong: float
    name: str
    colour: str
    texture: Texture


def square(region: np.ndarray) -> Box | None:
    """The square around the middle of the bounding box of a region, bool `[y, x]`."""
    ys, xs = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    if not len(ys):
        return None
    top, bottom, left, right = ys[0], ys[-1] + 1, xs[0], xs[-1] + 1
    side = float(max(bottom - top, right - left, 1)) - _FRINGE
    return Box((left + right - side) / 2, (top + bottom - side) / 2, side)


def fit(
    pixels: np.ndarray,
    region: np.ndarray,
    box: Box,
    *,
    hidden: np.ndarray | None = None,
    quick: bool = False,
) -> Fit | None:
    """The thing that looks most like the pixels in a square.

    Args:
        pixels: uint8 `[y, x, 3]`.
        region: Its pixels, bool `[y, x]`.
        box: The square around it.
        hidden: Pixels that say nothing about it, since other things may be there.
        quick: Without the last step.
    """
    side = max(pixels.shape[:2])
    grid = grid_for(box.side)
    first = _look(pixels, region, hidden, box, grid)
    guesses = _guesses(first, _cut(region, box, OUTLINE) > 0.5, box.side / side, grid)
    if not guesses:
        return None
    rivals = [guess for guess in guesses if guess.wrong < guesses[0].wrong + _CLEAR]
    best = guesses[0]
    if not quick:
        rivals = rivals[: 8 if grid <= 16 else 3]
        closer = [_closer(pixels, region, hidden, box, guess, grid) for guess in rivals]
        best, box = min(closer, key=lambda pair: pair[0].wrong)
    thing = Thing(
        name=best.name,
        colour=best.colour,
        texture=best.texture,
        size=round(float(np.clip(box.side / side, SMALLEST, 1)), 4),
        x=round(float(np.clip((box.left + box.side / 2) / side, 0, 1)), 4),
        y=round(float(np.clip((box.top + box.side / 2) / side, 0, 1)), 4),
    )
    return Fit(thing, best.wrong)


def _look(
    pixels: np.ndarray, region: np.ndarray, hidden: np.ndarray | None, box: Box, grid: int
) -> _Look:
    seen, mine = _cut(pixels, box, grid), _cut(region, box, grid)
    counts = np.ones_like(mine) if hidden is None else 1 - _cut(hidden, box, grid)
    counts = counts * _within(box, grid, pixels.shape[:2])
    behind = seen[(mine < 0.1) & (counts > 0.9)]
    back = behind.mean(0) if len(behind) else np.full(3, 200, np.float32)
    return _Look(seen, mine, counts, back)


def _guesses(look: _Look, outline: np.ndarray, size: float, grid: int) -> list[_Guess]:
    """The best guess for each of the names with the most similar outline, best first."""
    shapes = silhouettes()
    similarity = (shapes & outline).sum(1) / np.maximum((shapes | outline).sum(1), 1)
    labels = nearest_colours(look.seen)
    result: list[_Guess] = []
    for at in np.argsort(-similarity)[: max(8, _SHORTLIST // grid**2)]:
        name = NAMES[int(at)]
        each = _each(look, labels, name, size, grid)
        if each:
            result.append(min(each))
    return sorted(result)


def _each(look: _Look, labels: np.ndarray, name: str, size: float, grid: int) -> list[_Guess]:
    """One name in every colour and texture that it may have.

    `labels` are the nearest colours of the cells, int `[cell]`.
    """
    shape = template(name, level_of(size), grid)
    return [
        _judged(look, _Guess(0.0, name, colour, texture), size, grid)
        for colour, texture in _looks(look, labels, shape)
    ]


def _judged(look: _Look, guess: _Guess, size: float, grid: int) -> _Guess:
    """A guess with its difference from the pixels."""
    shape = template(guess.name, level_of(size), grid)
    weight = np.maximum(shape.inside, look.mine) * look.counts
    made = painted(shape, guess.colour, guess.texture, look.back)
    apart = np.minimum(np.abs(made - look.seen).mean(-1) / 255, CAP)
    return guess._replace(wrong=float((apart * weight).sum() / max(float(weight.sum()), 1.0)))


def _closer(
    pixels: np.ndarray,
    region: np.ndarray,
    hidden: np.ndarray | None,
    box: Box,
    guess: _Guess,
    grid: int,
) -> tuple[_Guess, Box]:
    """A guess with the square moved and resized to where it fits best."""
    side = max(pixels.shape[:2])
    for step in _STEPS:
        for resized, right, down in (
            *((-1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1), (1, 0, 0)),
        ):
            wide = box.side + resized * step
            shift = (box.side - wide) / 2
            moved = Box(box.left + shift + right * step, box.top + shift + down * step, wide)
            look = _look(pixels, region, hidden, moved, grid)
            tried = _judged(look, guess, wide / side, grid)
            if tried.wrong < guess.wrong:
                guess, box = tried, moved
    look = _look(pixels, region, hidden, box, grid)
    others = _each(look, nearest_colours(look.seen), guess.name, box.side / side, grid)
    return min([guess, *others]), box


def _looks(look: _Look, labels: np.ndarray, shape: Template) -> set[tuple[str, Texture]]:
    """Colours and textures in which a thing may be: those that explain the pixels best.

    For each texture and each ink, the colour of the body follows from the pixels by least squares;
    the colour that occurs most where the body would be is tried too.
    """
    result: set[tuple[str, Texture]] = set()
    body = shape.cover[0] * look.counts
    cells = labels[body > 0.8 * body.max()]
    if body.max() < 0.1 or not len(cells):
        return result
    often = COLOURS[int(np.bincount(cells, minlength=len(COLOURS)).argmax())]
    result |= {(often, texture) for texture in TEXTURES}
    for inks, names, bodies in _BY_INK:
        rest = shape.cover[1:].T @ inks + (1 - shape.inside[:, None]) * look.back  # [cell, 3]
        for texture, marks in zip(TEXTURES, shape.marks, strict=True):
            share = (shape.cover[0] - marks) * look.counts  # [cell]
            left = look.seen - rest - marks[:, None] * inks[0]
            tone = share @ left / max(float(share @ share), 1e-6)
            result.add((names[int(((tone - bodies) ** 2).sum(-1).argmin())], texture))
    return result


def _by_ink(names: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    """Neutral tones of all roles but the body `[role, 3]`; colours of the body they go with."""
    return tones(names[0])[1:], names, np.array([rgb(name) for name in names], np.float32)


_LIGHT_INK = tuple(name for name in COLOURS if sum(tones(name)[1]) > 400)
_DARK_INK = tuple(name for name in COLOURS if name not in _LIGHT_INK)
_BY_INK = (_by_ink(_LIGHT_INK), _by_ink(_DARK_INK))


def _cut(array: np.ndarray, box: Box, grid: int) -> np.ndarray:
    """Means over the cells of a square, 0 beyond the picture: float32 `[cell]` or `[cell, 3]`."""
    step = max(1, round(box.side / grid))
    source = array.astype(np.uint8) * 255 if array.dtype == bool else array
    extent = (box.left, box.top, box.left + box.side, box.top + box.side)
    cut = Image.fromarray(source).transform(
        (grid * step, grid * step), Image.Transform.EXTENT, extent, Image.Resampling.BILINEAR
    )
    result = np.asarray(cut.reduce(step) if step > 1 else cut, np.float32)
    if array.dtype == bool:
        return result.reshape(-1) / 255
    return result.reshape(-1, 3)


def _within(box: Box, grid: int, shape: tuple[int, ...]) -> np.ndarray:
    """Which cells of a square lie within the picture: float32 `[cell]`."""
    at = np.arange(grid + 1) / grid * box.side
    ys, xs = at + box.top, at + box.left
    rows = (ys[:-1] > -0.5) & (ys[1:] < shape[0] + 0.5)
    columns = (xs[:-1] > -0.5) & (xs[1:] < shape[1] + 0.5)
    return (rows[:, None] & columns[None, :]).astype(np.float32).reshape(-1)
