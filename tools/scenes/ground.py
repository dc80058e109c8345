"""The background of a picture, found from its pixels, and the pixels that are not background.

1. Each plain colour and each setting has its tints. The background with tints that most pixels
   are near to is taken; where that is less than half of them or so, it is `unknown`.
2. A pixel away from all its tints is not background, unless it is a blend of two or three of them,
   as pixels at borders are. What the dark edge of a thing encloses is of the thing all the same.
3. The texture of a plain background is the one whose marks lie where the second tone does, at any
   shift and at two scales.
"""

from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from .backgrounds import SETTINGS, TINTS, plain_tones
from .palette import COLOURS
from .scene import TEXTURES, Texture
from .textures import PLAIN_PERIOD, inked

UNKNOWN = "unknown"
"""The background of a picture that is none of the drawn ones."""
NEAR = 15.0
"""A pixel is of a tint up to this distance."""
_FAR = 170.0  # tints that are farther apart meet only in dots, such as stars: no blends of them
_LEAST = 0.45
_PRESENT = 0.05  # share of the pixels that a tint of a setting has at least, if it is there
_INKED = 0.06  # share of the ground that a texture marks at least
_SPAN = 64  # pixels of a side on which textures are compared


class Ground(NamedTuple):
    """What is behind the things."""

    background: str
    colour: str
    texture: Texture
    covered: float
    """Share of the pixels that are of it."""
    other: np.ndarray
    """bool `[y, x]`: the pixels that are not."""


def ground_of(pixels: np.ndarray) -> Ground:
    """The background of a picture: uint8 `[height, width, 3]`."""
    step = max(1, min(pixels.shape[:2]) // 96)
    few = pixels[::step, ::step].reshape(-1, 3).astype(np.float32)
    shares = [
        _share(few, tints, drawn=i >= len(COLOURS)) for i, (tints, _) in enumerate(_candidates())
    ]
    best = int(np.argmax(shares))
    if shares[best] < _LEAST:
        nothing = np.zeros(pixels.shape[:2], bool)
        return Ground(UNKNOWN, "white", "plain", shares[best], nothing)
    name, colour = _candidates()[best][1]
    flat = pixels.reshape(-1, 3).astype(np.float32)
    texture: Texture = "plain"
    tints = _candidates()[best][0]
    if name == "plain":
        texture = _texture(pixels, tints)
        if texture == "plain":
            tints = tints[:1]
    apart = _near(flat, tints) >= NEAR  # [pixel]
    other = apart.copy()
    other[apart] = _distance(flat[apart], tints) >= NEAR
    apart, other = apart.reshape(pixels.shape[:2]), other.reshape(pixels.shape[:2])
    if name == "plain":  # a thing may have a colour between the two tones: blends are thin
        thick = np.asarray(ndimage.binary_opening(apart, np.ones((3, 3), bool)))
        other = np.logical_or(other, thick)
    return Ground(name, colour, texture, shares[best], other)


@lru_cache(maxsize=1)
def _candidates() -> list[tuple[np.ndarray, tuple[str, str]]]:
    """Every background: its tints `[tint, 3]`, its name and colour."""
    plain = [(np.array(plain_tones(colour), np.float32), ("plain", colour)) for colour in COLOURS]
    drawn = [(np.array(TINTS[name], np.float32), (name, "white")) for name in SETTINGS]
    return plain + drawn


def _share(pixels: np.ndarray, tints: np.ndarray, *, drawn: bool) -> float:
    """Share of the pixels that are near a tint; 0 for a setting of which only one tint is there."""
    apart = ((pixels[:, None] - tints) ** 2).sum(-1)  # [pixel, tint]
    near = apart.min(1) < NEAR**2
    each = np.bincount(apart.argmin(1)[near], minlength=len(tints)) / len(pixels)
    return float(near.mean()) if not drawn or (each > _PRESENT).sum() > 1 else 0.0


def _near(pixels: np.ndarray, tints: np.ndarray) -> np.ndarray:
    """Distance to the nearest tint: `[pixel]`."""
    least = np.full(len(pixels), np.inf, np.float32)
    for tint in tints:
        least = np.minimum(least, ((pixels - tint) ** 2).sum(-1))
    return np.sqrt(least)


def _distance(pixels: np.ndarray, tints: np.ndarray) -> np.ndarray:
    """Distance to the nearest blend of two or three tints: `[pixel]`."""
    least = _near(pixels, tints) ** 2
    for one, other in combinations(tints, 2):
        along = other - one
        if along @ along > _FAR**2:
            continue
        share = ((pixels - one) @ along / (along @ along)).clip(0, 1)
        least = np.minimum(least, ((pixels - one - share[:, None] * along) ** 2).sum(-1))
    for one, *others in combinations(tints, 3):
        edges = np.stack([other - one for other in others])  # [2, 3]
        spread = (edges**2).sum(1)
        if spread.max() > _FAR**2 or np.linalg.det(edges @ edges.T) < 1e-3 * spread.prod():
            continue  # far apart, or three in a line
        shares = (pixels - one) @ np.linalg.pinv(edges)  # [pixel, 2]
        inside = (shares >= 0).all(-1) & (shares.sum(-1) <= 1)
        apart = ((pixels - one - shares @ edges) ** 2).sum(-1)
        least = np.where(inside, np.minimum(least, apart), least)
    return np.sqrt(least)


def _texture(pixels: np.ndarray, tints: np.ndarray) -> Texture:
    """Which marks the second tone makes."""
    height, width = pixels.shape[:2]
    ys = (np.arange(_SPAN) + 0.5) / _SPAN
    few = pixels[(ys * height).astype(int)][:, (ys * width).astype(int)].astype(np.float32)
    first, second = (((few - tint) ** 2).sum(-1) for tint in tints)  # [y, x]
    known = np.minimum(first, second) < NEAR**2
    marked = second < first
    if not known.any() or (marked & known).sum() < _INKED * known.sum():
        return "plain"
    sign = np.where(known, np.where(marked, 1.0, -1.0), 0.0).reshape(-1)  # [cell]
    sign -= np.where(known.reshape(-1), sign.sum() / known.sum(), 0.0)
    best = _patterns() @ sign  # [texture and shift]
    return TEXTURES[1 + int(np.argmax(best)) // (len(best) // 3)]


@lru_cache(maxsize=1)
def _patterns() -> np.ndarray:
    """Marks of each texture at many shifts and two scales, standardised: `[pattern, cell]`."""
    at = (np.arange(_SPAN) + 0.5) / _SPAN
    result = []
    for texture in TEXTURES[1:]:
        for scale in (1.0, 256 / 227):
            wide = PLAIN_PERIOD * scale
            for down in range(8):
                for right in range(8):
                    dx, dy = right / 8 * 2 * wide, down / 8 * 2 * wide
                    marks = inked(texture, at + dx, at + dy, wide).reshape(-1).astype(np.float32)
                    result.append((marks - marks.mean()) / marks.std())
    return np.stack(result)
