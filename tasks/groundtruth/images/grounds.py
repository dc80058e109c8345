"""The backgrounds of both hands, as the reader of pixels knows them."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from ....tools.scenes import backgrounds, palette, textures
from ....tools.scenes.scene import TEXTURES, Texture
from ....tools.statistics.association import correlation
from . import second_renderer
from .segments import Cut, Ground

_FLAT = ("street", "snow")
"""Settings whose light and dark tones mix to the greys and whites of things."""
_PERIODS = {"scenes": textures.PLAIN_PERIOD, "own": second_renderer.PERIOD}
_MARKS: dict[str, Callable[..., np.ndarray]] = {
    "scenes": textures.inked,
    "own": second_renderer.marks,
}


@lru_cache(maxsize=1)
def grounds() -> tuple[Ground, ...]:
    """Every background of both hands."""
    result = []
    for colour in palette.COLOURS:
        flat, tone = backgrounds.plain_tones(colour)
        result += _plain("scenes", colour, flat, tone)
    for name, tints in backgrounds.TINTS.items():
        if name == "night":  # the last are the stars, which are specks
            tints = tints[:-1]
        result.append(Ground("scenes", name, "", False, tints, name in _FLAT))
    for colour in second_renderer.SHADES:
        result += _plain("own", colour, *second_renderer.tones(colour))
    result += [
        Ground("own", name, "", False, tints) for name, tints in second_renderer.GROUNDS.items()
    ]
    return tuple(result)


def texture_of(pixels: np.ndarray, cut: Cut) -> Texture:
    """The texture of the background that is seen."""
    ground = cut.ground
    if not ground.textured or cut.behind.sum() < 40:
        return "plain"
    flat, tone = (np.array(rgb, np.float32) for rgb in ground.tones)
    along = tone - flat
    share = (pixels.astype(np.float32) - flat) @ along / float(along @ along)  # [y, x]
    seen = share[cut.behind]
    fits: dict[Texture, float] = {
        texture: correlation(seen, marks[cut.behind])
        for texture, marks in _patterns(ground.hand, *pixels.shape[:2]).items()
    }
    return max(fits, key=lambda texture: fits[texture])


@lru_cache(maxsize=8)
def _patterns(hand: str, high: int, wide: int) -> dict[Texture, np.ndarray]:
    """How much of each pixel is marked, by texture."""
    y, x = (np.arange(4 * size) + 0.5 for size in (high, wide))
    result: dict[Texture, np.ndarray] = {}
    for texture in TEXTURES[1:]:
        on = _MARKS[hand](texture, x / (4 * wide), y / (4 * high), _PERIODS[hand])
        result[texture] = on.reshape(high, 4, wide, 4).mean((1, 3))
    return result


def _plain(
    hand: str, colour: str, flat: tuple[int, int, int], tone: tuple[int, int, int]
) -> list[Ground]:
    return [
        Ground(hand, "plain", colour, False, (flat,)),
        Ground(hand, "plain", colour, True, (flat, tone)),
    ]
