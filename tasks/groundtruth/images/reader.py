"""Reads a picture: what is in it, from its pixels alone.

1. `segments.py` finds the background and the pieces before it.
2. `glance.py` says of each piece which thing it is. What is several things is cut where it is
   narrowest and looked at again.
3. A thing's size and place are those of its piece.

It belongs to the truth of planted units. Descriptions are judged on scene graphs, and nothing of it
is known to the predicates or to the detector that planners may use.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from ....tools.scenes.palette import COLOURS
from ....tools.scenes.scene import TEXTURES, Scene, Thing
from .atoms import SETTING
from .glance import NOTHING, SEVERAL, crop, prepared, trained
from .grounds import grounds, texture_of
from .segments import Cutter, Segment, halves

SIDE = 96
"""Pixels of a side that the reader is made for."""
_MOST = 24
_OUTLINE = {"scenes": 1.0, "own": 1.022}
"""How much larger a thing is seen with its outline, by the hand that draws."""
_KEPT = 16384


@dataclass(frozen=True, eq=False)
class Reading:
    """What is read in one picture."""

    scene: Scene
    pieces: tuple[Segment, ...]
    """`[thing]`: where each thing of the scene is."""
    behind: np.ndarray
    """bool `[height, width]`: where the background is seen."""
    draw: bytes
    """A hash of the pixels."""
    _covers: dict[tuple[int, int, int], np.ndarray] = field(default_factory=dict)

    def cover(self, thing: int, size: tuple[int, int]) -> np.ndarray:
        """How much of each place of a map a thing fills, as a share of the most: `[height, width]`.

        Args:
            thing: Its number; `SETTING` for the background.
            size: Height and width of the map.
        """
        high, wide = size
        key = (thing, high, wide)
        if key not in self._covers:
            mask = self.behind
            if thing != SETTING:
                piece = self.pieces[thing]
                mask = np.zeros(self.behind.shape, bool)
                mask[piece.box] = piece.mask
            scaled = Image.fromarray(mask.astype(np.uint8) * 255).resize(
                (wide, high), Image.Resampling.BOX
            )
            share = np.asarray(scaled, np.float32)
            self._covers[key] = share / max(float(share.max()), 1e-6)
        return self._covers[key]


class Seen(NamedTuple):
    """Pictures of one batch, read."""

    readings: list[Reading]

    def uniform(self, seed: int) -> np.ndarray:
        """A number in 0..1 for each picture, by a hash of its pixels: `[image]`."""
        salt = seed.to_bytes(8, "little", signed=True)
        draws = [blake2b(one.draw + salt, digest_size=7).digest() for one in self.readings]
        return np.array([int.from_bytes(draw, "little") / 2**56 for draw in draws])


class Reader:
    """Reads pictures and remembers them."""

    def __init__(self) -> None:
        self._cut = Cutter(grounds())
        self._kept: OrderedDict[bytes, Reading] = OrderedDict()
        self._last: tuple[np.ndarray, Seen] | None = None

    def see(self, pixels: np.ndarray) -> Seen:
        """A batch, read once for all who ask for the same array."""
        if self._last is None or self._last[0] is not pixels:
            self._last = (pixels, Seen(self.read(pixels)))
        return self._last[1]

    def read(self, pixels: np.ndarray) -> list[Reading]:
        """What is in each picture, uint8 `[image, height, width, 3]`."""
        keys = [blake2b(np.ascontiguousarray(one).data, digest_size=16).digest() for one in pixels]
        new = {key: at for at, key in enumerate(keys) if key not in self._kept}
        if new:
            read = self._read([pixels[at] for at in new.values()], list(new))
            self._kept.update(zip(new, read, strict=True))
        result = [self._kept[key] for key in keys]
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return result

    def _read(self, pictures: Sequence[np.ndarray], draws: Sequence[bytes]) -> list[Reading]:
        cuts = [self._cut(pixels) for pixels in pictures]
        pieces = [(at, piece) for at, cut in enumerate(cuts) for piece in cut.segments]
        seen = _look(pictures, pieces)
        again = [
            (at, half)
            for (at, piece), (kind, _, _) in zip(pieces, seen, strict=True)
            if kind == SEVERAL
            for half in halves(piece)
        ]
        told = [
            (at, piece, what)
            for (at, piece), what in zip(pieces + again, seen + _look(pictures, again), strict=True)
            if what[0] not in (SEVERAL, NOTHING)
        ]
        out = []
        for at, (pixels, cut, draw) in enumerate(zip(pictures, cuts, draws, strict=True)):
            mine = [(piece, what) for where, piece, what in told if where == at][:_MOST]
            ground = cut.ground
            scene = Scene(
                background=ground.name,
                colour=ground.colour or "white",
                texture=texture_of(pixels, cut),
                things=tuple(
                    _thing(piece, what, ground.hand, pixels.shape[:2]) for piece, what in mine
                ),
            )
            out.append(Reading(scene, tuple(piece for piece, _ in mine), cut.behind, draw))
        return out


@lru_cache(maxsize=1)
def reader() -> Reader:
    """The reader of this process."""
    return Reader()


def _look(
    pictures: Sequence[np.ndarray], pieces: Sequence[tuple[int, Segment]]
) -> list[tuple[str, str, str]]:
    """Kind, colour and texture of each piece."""
    if not pieces:
        return []
    crops = prepared([crop(pictures[at], piece) for at, piece in pieces])
    with torch.no_grad():
        result = trained().network(crops)
    best = [logits.argmax(1).tolist() for logits in result]
    return [
        (trained().kinds[kind], COLOURS[colour], TEXTURES[texture])
        for kind, colour, texture in zip(*best, strict=True)
    ]


def _thing(piece: Segment, what: tuple[str, str, str], hand: str, size: tuple[int, ...]) -> Thing:
    name, colour, texture = what
    high, wide = piece.mask.shape
    return Thing(
        name=name,
        colour=colour,
        texture=texture,  # type: ignore[arg-type]
        size=min(1.0, max(0.05, (max(high, wide) - 1) / _OUTLINE[hand] / max(size))),
        x=(piece.left + wide / 2) / size[1],
        y=(piece.top + high / 2) / size[0],
    )
