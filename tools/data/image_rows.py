"""Image rows: pictures as a target sees them, in the form that measuring and predicates take.

One row is one picture, with one place: a unit's activation on a picture is its maximum over space.
The map over space is kept where it is needed (`images/maps.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..errors import UsageError
from .fields import Span, spread
from .pictures import ImageCorpus, Picture

if TYPE_CHECKING:
    from ..predicates.images import ImageAtom

MEMORY = 768 * 2**20
"""Bytes of decoded pixels that one set of rows keeps; what is beyond is decoded again."""


class PictureReader(Protocol):
    """Says whether image atoms hold in pictures whose scene is not known."""

    name: str
    """For reports: `detector`, `clip:openai/clip-vit-base-patch32`."""

    def degrees(self, atom: "ImageAtom", rows: "ImageRows") -> np.ndarray:
        """float32 `[image]` in 0..1."""
        ...


@dataclass(frozen=True, eq=False)
class ImageRows:
    """Pictures in a row; every array is `[image]` or `[image, 1]`."""

    pictures: tuple[Picture, ...]
    target: Any
    """Whose `image` says what is seen."""
    document: np.ndarray
    """int32 `[image]`: which document of the source the picture is."""
    reader: PictureReader | None = None
    """Reads atoms from pixels where there is no scene; None: the project's detector."""
    by_pixels: bool = False
    """Reads atoms from pixels even where the scene is known."""
    cache: dict[str, np.ndarray] = field(default_factory=dict, repr=False)
    """What was seen, by `key` of the picture; shared by all rows cut from the same source."""

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def ids(self) -> np.ndarray:
        """int32 `[image, 1]` zeros: pictures have no tokens."""
        return np.zeros((len(self), 1), np.int32)

    @property
    def attended(self) -> np.ndarray:
        """bool `[image, 1]`."""
        return np.ones((len(self), 1), bool)

    @property
    def counted(self) -> np.ndarray:
        """bool `[image, 1]`."""
        return np.ones((len(self), 1), bool)

    @property
    def fields(self) -> dict[str, np.ndarray]:
        """The fields of the pictures, `[image, 1]` by name."""
        spans = [Span(i, 0, 1, 1) for i in range(len(self))]
        return spread(self.pictures, spans, (len(self), 1), 0)

    @property
    def texts(self) -> tuple[str, ...]:
        """`[image]`: what identifies each picture."""
        return tuple(picture.key for picture in self.pictures)

    def rows(self, chosen: Any) -> "ImageRows":
        """The pictures at these indices, or under this boolean mask or slice."""
        at = np.arange(len(self))[chosen]
        return replace(
            self,
            pictures=tuple(self.pictures[int(i)] for i in at),
            document=self.document[at],
        )

    def pixels(self) -> np.ndarray:
        """What the target sees: uint8 `[image, height, width, 3]`."""
        if not len(self):
            return np.zeros((0, *self.target.image.size, 3), np.uint8)
        return np.stack([self.seen(i) for i in range(len(self))])

    def seen(self, row: int) -> np.ndarray:
        """What the target sees of one picture: uint8 `[height, width, 3]`."""
        picture = self.pictures[row]
        result = self.cache.get(picture.key)
        if result is None:
            result = picture.seen() if picture.seen else self.target.image.see(picture.load())
            if (len(self.cache) + 1) * result.nbytes <= MEMORY:
                self.cache[picture.key] = result
        return result

    def joined(self, other: "ImageRows") -> "ImageRows":
        """These rows and then the others', whose documents get numbers of their own."""
        start = int(self.document.max(initial=-1)) + 1
        return replace(
            self,
            pictures=(*self.pictures, *other.pictures),
            document=np.concatenate([self.document, other.document + start]),
        )


def image_rows(
    target: Any, source: ImageCorpus | Iterable[Picture], *, reader: PictureReader | None = None
) -> ImageRows:
    """One row a picture.

    Raises:
        UsageError: if the target takes no pictures.
    """
    if getattr(target, "image", None) is None:
        raise UsageError(f"{target.name} takes no pictures; give a vision model")
    pictures = source.pictures if isinstance(source, ImageCorpus) else source
    chosen = tuple(pictures)
    return ImageRows(chosen, target, np.arange(len(chosen), dtype=np.int32), reader)
