"""What stands before a background: the background is recognised, and what is left falls apart.

Our formulation, for drawn pictures of a few known tones.

1. A background is known by its tones. Every colour of the picture is compared with the mixtures of
   two tones of each background; the background that explains most of the picture is it.
2. Pixels that no mixture explains are things; so is what they enclose. Specks are left out.
3. Pixels that touch are one thing.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

RGB = tuple[int, int, int]
NEAR = 12.0
"""Distance in RGB up to which a mixture of tones explains a colour."""
_PURE = 6.0  # the same for one tone, where tones mix at edges alone
_STRICT = 9.0  # the same while backgrounds are compared
_COMMON, _TRIED = 24, 6
"""Backgrounds are compared on the commonest colours first, and the best of them on all."""
_SPECK = 14
"""Pixels that a thing has at least."""
_TEXTURED, _SETTING = 0.06, 0.1
"""So much more a ground with a texture, or a setting, has to explain than a simple one."""


class Ground(NamedTuple):
    """A background that may be behind things."""

    hand: str
    """Who draws it so."""
    name: str
    """`plain`, or the name of a setting."""
    colour: str
    """Of a plain background; empty for a setting."""
    textured: bool
    tones: tuple[RGB, ...]
    """Any two of them may mix at a pixel."""
    flat: bool = False
    """They mix at edges alone: what is a mixture, but far from any tone and near a thing, belongs
    to the thing. So a grey thing before light and dark greys is not torn."""


class Segment(NamedTuple):
    """One connected piece before the background."""

    top: int
    left: int
    mask: np.ndarray
    """bool `[height, width]` of its box, what it encloses filled."""

    @property
    def box(self) -> tuple[slice, slice]:
        """Where it is in the picture."""
        high, wide = self.mask.shape
        return slice(self.top, self.top + high), slice(self.left, self.left + wide)

    @property
    def area(self) -> int:
        """Its pixels."""
        return int(self.mask.sum())


class Cut(NamedTuple):
    """A picture taken apart."""

    ground: Ground
    behind: np.ndarray
    """bool `[height, width]`: where the background is seen."""
    segments: list[Segment]


class Cutter:
    """Takes pictures apart, given what may be behind."""

    def __init__(self, grounds: Sequence[Ground]) -> None:
        self.grounds = tuple(grounds)
        self._lines = [_lines(ground.tones) for ground in grounds]
        self._all = tuple(np.concatenate(part) for part in zip(*self._lines, strict=True))
        counts = [len(start) for start, _ in self._lines]
        self._first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        self._asked = np.array(
            [
                _TEXTURED if ground.textured else _SETTING if ground.name != "plain" else 0.0
                for ground in self.grounds
            ]
        )

    def __call__(self, pixels: np.ndarray) -> Cut:
        """Takes one picture apart, uint8 `[height, width, 3]`."""
        colours, where = _different(pixels)
        counts = np.bincount(where.ravel(), minlength=len(colours))
        best, score = 0, -np.inf
        for at in self._likely(colours, counts):
            share = (counts * (_distance(colours, self._lines[at]) < _STRICT)).sum() / where.size
            if share - self._asked[at] > score:
                best, score = int(at), float(share - self._asked[at])
        mixed = (_distance(colours, self._lines[best]) < NEAR)[where]
        front = ~mixed
        if self.grounds[best].flat:
            pure = (_distance(colours, _points(self.grounds[best].tones)) < _PURE)[where]
            front |= mixed & ~_wider(pure) & _wider(front, 2)
        return Cut(self.grounds[best], ~front, pieces(front))

    def _likely(self, colours: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """The backgrounds that explain the commonest colours best."""
        common = np.argsort(-counts)[:_COMMON]
        far = _distances(colours[common], self._all)  # [colour, line]
        near = np.minimum.reduceat(far, self._first, axis=1) < _STRICT  # [colour, ground]
        return np.argsort(-(counts[common] @ near) / counts.sum() + self._asked)[:_TRIED]


def pieces(front: np.ndarray) -> list[Segment]:
    """The connected pieces of a mask that are no specks, largest first."""
    labels = labelled(front, np.ones((3, 3)))
    result = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        mask = labels[box] == number
        if mask.sum() >= _SPECK:
            filled = np.asarray(ndimage.binary_fill_holes(mask))
            result.append(Segment(box[0].start, box[1].start, filled))
    return sorted(result, key=lambda piece: -piece.area)


def _wider(mask: np.ndarray, by: int = 1) -> np.ndarray:
    """A mask with so many pixels more all around."""
    return np.asarray(ndimage.binary_dilation(mask, np.ones((3, 3)), by), bool)


def labelled(mask: np.ndarray, neighbours: np.ndarray | None = None) -> np.ndarray:
    """Each connected piece of a mask with its number from 1 on, 0 elsewhere."""
    result: Any = ndimage.label(mask, neighbours)
    return result[0]


def halves(piece: Segment) -> list[Segment]:
    """A piece that is several things, cut where it is narrowest; itself if it does not come apart.

    It is worn away from outside until it falls into parts of some size; every pixel then belongs to
    the part that is nearest.
    """
    core = np.pad(piece.mask, 1)
    for _ in range(max(piece.mask.shape) // 3):
        core = ndimage.binary_erosion(core)
        labels = labelled(core)
        counts = int(labels.max())
        if not counts:
            break
        sizes = ndimage.sum_labels(core, labels, range(1, counts + 1))
        large = [at + 1 for at, size in enumerate(sizes) if size >= _SPECK / 2]
        if len(large) > 1:
            seeds = np.where(np.isin(labels, large), labels, 0)
            near: Any = ndimage.distance_transform_edt(
                seeds == 0, return_distances=False, return_indices=True
            )
            owner = seeds[tuple(near)][1:-1, 1:-1] * piece.mask
            out = []
            for number in large:
                rows, columns = np.nonzero(owner == number)
                top, left = int(rows.min()), int(columns.min())
                mask = owner[top : rows.max() + 1, left : columns.max() + 1] == number
                out.append(Segment(piece.top + top, piece.left + left, mask))
            return out
    return [piece]


def _lines(tones: Sequence[RGB]) -> tuple[np.ndarray, np.ndarray]:
    """Starts and directions of the lines between any two tones, `[line, 3]` each."""
    points = np.array(tones, np.float32)
    pairs = [(a, b) for at, a in enumerate(points) for b in points[at + 1 :]] or [(points[0],) * 2]
    start, end = (np.array(side, np.float32) for side in zip(*pairs, strict=True))
    return start, end - start


def _points(tones: Sequence[RGB]) -> tuple[np.ndarray, np.ndarray]:
    """The tones themselves, as lines without a length."""
    start = np.array(tones, np.float32)
    return start, np.zeros_like(start)


def _distance(colours: np.ndarray, lines: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """How far each colour `[colour, 3]` is from the nearest line, `[colour]`."""
    return _distances(colours, lines).min(1)


def _distances(colours: np.ndarray, lines: tuple[np.ndarray, ...]) -> np.ndarray:
    """How far each colour is from each line, `[colour, line]`."""
    start, along = lines
    away = colours[:, None] - start  # [colour, line, 3]
    length = np.maximum((along**2).sum(1), 1e-6)
    share = np.clip(np.einsum("cld,ld->cl", away, along) / length, 0, 1)
    away -= share[..., None] * along
    return np.sqrt(np.einsum("cld,cld->cl", away, away))


def _different(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The colours of a picture, coarsely, and which of them each pixel has."""
    coarse = pixels.astype(np.int64) >> 1  # [height, width, 3]
    code = (coarse[..., 0] << 14) | (coarse[..., 1] << 7) | coarse[..., 2]
    result, where = np.unique(code, return_inverse=True)
    rgb = np.stack([result >> 14, (result >> 7) & 127, result & 127], 1) * 2 + 1
    return rgb.astype(np.float32), where.reshape(code.shape)
