"""A detector of scenes in pixels, for pictures whose scene is not known. Our formulation.

1. The background is found, and with it the pixels that are not of it (`ground.py`).
2. Connected regions of those are things, or several that touch.
3. The outline of a region shortlists names; each is compared, in the colours that occur there and
   in every texture, with the pixels in the region's bounding square.
4. A region that no single thing explains is divided by colour, and its parts are tried in turn.

It knows the things, the palette and the settings of this package and nothing else. On 200 fresh
scenes of the grammar (seed 9001; `tests/support/scene_accuracy.py`), F1 of the facts that atoms
speak of, with 95% intervals over scenes:

    side         224                64
    object       .99 (.98-1.00)     .96 (.94-.98)
    colour       1.00 (.99-1.00)    .96 (.94-.97)
    texture      1.00 (1.00-1.00)   .97 (.96-.98)
    size         .99 (.98-1.00)     .97 (.96-.99)
    place        .99 (.99-1.00)     .98 (.97-.99)
    all of one   .98 (.96-.99)      .90 (.87-.93)
    number       .98 (.96-1.00)     .96 (.93-.98)
    background   1.00 (1.00-1.00)   1.00 (1.00-1.00)
    relation     .98 (.95-1.00)     .90 (.82-.96)

Where things hide up to three tenths of each other's squares it is worse (object .79 at 224, on 40
scenes of two to four large things). Of 240 photos of ImageNet on which nothing was set, it gave
234 back as `unknown` and empty, and saw things that are not there in 5.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from ..scenes.fitting import CAP, SMALLEST, Box, Fit, fit, square
from ..scenes.ground import UNKNOWN, ground_of
from ..scenes.palette import COLOURS, nearest_colours
from ..scenes.scene import Scene, Thing
from ..scenes.templates import OUTLINE, silhouettes
from ..scenes.things import NAMES

if TYPE_CHECKING:
    from ..data.image_rows import ImageRows, PictureReader
    from .images import ImageAtom

_WRONG = 0.14  # mean difference above which a fit is no thing
_GOOD = 0.12  # below this a fit needs no rival
_CLOSER = 3  # parts of a region that are looked at closely
_MOST = 24


def detect(pixels: np.ndarray) -> Scene:
    """What a picture shows: uint8 `[height, width, 3]`.

    A picture that is not drawn by scenes has the background `unknown` and mostly no things.
    """
    if min(pixels.shape[:2]) < 8:
        return Scene(background=UNKNOWN)
    ground = ground_of(pixels)
    regions = labelled(ground.other)
    result: list[Fit] = []
    for i, where in enumerate(ndimage.find_objects(regions)[:200], 1):
        region = np.zeros(regions.shape, bool)
        region[where] = np.asarray(ndimage.binary_fill_holes(regions[where] == i))
        result += _explained(pixels, region)
    things = sorted(result, key=lambda fit: -fit.wrong)[-_MOST:]
    return Scene(
        background=ground.background,
        colour=ground.colour,
        texture=ground.texture,
        things=tuple(fit.thing for fit in things),
    )


def _explained(pixels: np.ndarray, region: np.ndarray, *, depth: int = 4) -> list[Fit]:
    """The things that make up one region: one, or several that touch."""
    box = square(region)
    side = max(pixels.shape[:2])
    if box is None or box.side < SMALLEST * side * 0.8:
        return []
    whole = fit(pixels, region, box)
    if whole is not None and whole.wrong < _GOOD:
        return [whole]
    parts = _divided(pixels, region, depth) if depth else []
    alone = [whole] if whole is not None and whole.wrong < _WRONG else []
    if len(parts) < 2 and (not alone or not parts or parts[0].wrong >= alone[0].wrong):
        return alone or parts
    if not alone or _missed(parts, region, side) < _missed(alone, region, side):
        return parts
    return alone


def _divided(pixels: np.ndarray, region: np.ndarray, depth: int) -> list[Fit]:
    """The part that is explained best, and then what is left."""
    side = max(pixels.shape[:2])
    tried: list[tuple[float, int, np.ndarray, Box]] = []
    for part in _parts(pixels, region):
        box = square(part)
        if box is not None and box.side >= SMALLEST * side * 0.9:
            result = fit(pixels, part, box, hidden=region & ~part, quick=True)
            if result is not None:
                tried.append((result.wrong, len(tried), part, box))
    best: Fit | None = None
    for _, _, part, box in sorted(tried)[:_CLOSER]:
        result = fit(pixels, part, box, hidden=region & ~part)
        if result is not None and (best is None or result.wrong < best.wrong):
            best = result
    if best is None or best.wrong >= _WRONG:
        return []
    taken = _covered(best.thing, region.shape, grow=1)
    things = [best]
    regions = labelled(region & ~taken)
    for i, where in enumerate(ndimage.find_objects(regions), 1):
        rest = np.zeros(region.shape, bool)
        rest[where] = regions[where] == i
        if rest.sum() > (SMALLEST * side) ** 2 / 2:
            things += _explained(pixels, rest, depth=depth - 1)
    return things


def _parts(pixels: np.ndarray, region: np.ndarray) -> list[np.ndarray]:
    """Parts of a region that may be one thing each: by colour, and where the region is thin."""
    side = max(region.shape)
    least = (SMALLEST * side) ** 2 / 2
    result: list[np.ndarray] = []
    names = nearest_colours(pixels)
    reach = max(1, round(0.02 * side))
    for colour in range(len(COLOURS)):
        of_colour = region & (names == colour)
        if of_colour.sum() < least / 2:
            continue
        closed = ndimage.binary_closing(np.pad(of_colour, reach), iterations=reach)
        result += _pieces(
            closed[reach:-reach, reach:-reach] & region, region, least, max(1, reach // 2)
        )
    for thin in (1, 2, 4, 7):
        width = max(1, round(thin * side / 224))
        core = ndimage.binary_erosion(region, iterations=width)
        pieces = _pieces(core, region, least, width)
        if len(pieces) > 1:
            result += pieces
    return result


def _pieces(core: np.ndarray, region: np.ndarray, least: float, grow: int) -> list[np.ndarray]:
    """Connected pieces of a core, grown again within the region."""
    labels = labelled(core)
    result = []
    for i, where in enumerate(ndimage.find_objects(labels), 1):
        piece = labels == i
        if piece[where].sum() >= least / 2:
            grown = ndimage.binary_dilation(piece, iterations=grow) & region
            result.append(np.asarray(ndimage.binary_fill_holes(grown)))
    return result


def _missed(fits: list[Fit], region: np.ndarray, side: int) -> float:
    """How badly things explain a region: what they get wrong, and what they leave over."""
    left = region.copy()
    total = 0.0
    for result in fits:
        mine = _covered(result.thing, region.shape, grow=1)
        total += result.wrong * float(mine.sum())
        left &= ~mine
    return total + CAP * float(left.sum()) + 0.01 * len(fits) * (SMALLEST * side) ** 2


def _covered(thing: Thing, shape: tuple[int, ...], *, grow: int) -> np.ndarray:
    """The pixels of a thing with its holes, and so many around: bool `[y, x]`."""
    side = max(shape)
    grid = silhouettes()[NAMES.index(thing.name)].reshape(OUTLINE, OUTLINE)
    ys = ((np.arange(shape[0]) + 0.5) / side - thing.y) / thing.size + 0.5
    xs = ((np.arange(shape[1]) + 0.5) / side - thing.x) / thing.size + 0.5
    y, x = np.floor(ys * OUTLINE).astype(int), np.floor(xs * OUTLINE).astype(int)
    inside = ((y >= 0) & (y < OUTLINE))[:, None] & ((x >= 0) & (x < OUTLINE))[None, :]
    result = grid[y.clip(0, OUTLINE - 1)][:, x.clip(0, OUTLINE - 1)] & inside
    return np.asarray(ndimage.binary_dilation(result, iterations=grow))


def labelled(mask: np.ndarray) -> np.ndarray:
    """Connected regions, numbered from 1."""
    labels = np.zeros(mask.shape, np.int32)
    ndimage.label(mask, np.ones((3, 3), int), output=labels)
    return labels


class Detector:
    """Reads image atoms from pixels; every picture is looked at once."""

    name = "detector"

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Scene] = {}

    def scenes(self, rows: "ImageRows") -> list[Scene]:
        """What each picture shows, as the target sees it."""
        return [self._scene(rows, i) for i in range(len(rows))]

    def degrees(self, atom: "ImageAtom", rows: "ImageRows") -> np.ndarray:
        """Whether an atom holds in the scene that is found: float32 `[image]` of 0 and 1."""
        return np.array([atom.holds(scene) for scene in self.scenes(rows)], np.float32)

    def _scene(self, rows: "ImageRows", at: int) -> Scene:
        sight = rows.target.image
        key = rows.pictures[at].key, f"{sight.size} {sight.description}"
        if key not in self._found:
            self._found[key] = detect(rows.seen(at))
        return self._found[key]


@lru_cache(maxsize=1)
def detector() -> "PictureReader":
    """The project's detector, which keeps what it found."""
    return Detector()
