"""What image predicates look at: pictures, with their scenes and every atom's answer kept."""

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.image_rows import ImageRows, PictureReader
from ..errors import UsageError
from ..scenes.scene import Scene

if TYPE_CHECKING:
    from .images import ImageAtom


class ImageView:
    """Image rows, seen by predicates; get one with `view_of`."""

    def __init__(self, rows: ImageRows) -> None:
        self.shape = (len(rows), 1)
        self._rows = weakref.ref(rows)
        self._kept: dict[str, np.ndarray] = {}

    @property
    def rows(self) -> ImageRows:
        """The rows behind the view."""
        result = self._rows()
        assert result is not None, "a view outlived its rows"
        return result

    @property
    def fields(self) -> dict[str, np.ndarray]:
        """What the data say of each picture, `[image, 1]` by name."""
        return self.rows.fields

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise UsageError("this predicate reads text; pictures take object, colour, thing, number")

    def degrees(self, atom: "ImageAtom") -> np.ndarray:
        """float32 `[image, 1]`: from the scene where it is known, else as the reader says."""
        if atom.key not in self._kept:
            self._kept[atom.key] = self._degrees(atom)
        return self._kept[atom.key]

    def _degrees(self, atom: "ImageAtom") -> np.ndarray:
        rows = self.rows
        scenes: list[Scene | None] = [
            None if rows.by_pixels else picture.scene for picture in rows.pictures
        ]
        out = np.zeros(self.shape, np.float32)
        for i, scene in enumerate(scenes):
            if scene is not None:
                out[i, 0] = atom.holds(scene)
        unknown = np.array([scene is None for scene in scenes], bool)
        if unknown.any():
            out[unknown, 0] = reader_of(rows).degrees(atom, rows.rows(unknown))
        return out


def reader_of(rows: ImageRows) -> PictureReader:
    """Who reads these rows where no scene is known: their own reader, or the project's detector."""
    if rows.reader is not None:
        return rows.reader
    from .scene_detector import detector

    return detector()
