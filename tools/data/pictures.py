"""Pictures and image corpora: documents whose content is a picture.

A corpus of pictures is a `Corpus`: each picture is a document whose text is a hash of its content
(of its scene, where it is drawn), so that hashing, splitting and limiting work as for text.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from ..scenes.scene import Scene
from .corpus import Corpus, Document


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture, which is read or drawn when it is needed."""

    id: str
    """File name within its folder, or a number."""
    key: str
    """Hash of its content."""
    load: Callable[[], Image.Image]
    """Gives it in RGB."""
    scene: Scene | None = None
    """What is in it, where that is known exactly."""
    label: str | None = None
    """A class that comes with the data; planners see it only where a report says so."""
    recipe: dict[str, object] | None = None
    """How it was made, as JSON: replay makes it again from that."""
    seen: Callable[[], np.ndarray] | None = None
    """Where it was made of what a target sees: uint8 `[height, width, 3]`, seen as it is."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What the data say of it, by name: see `fields.py`."""


class ImageCorpus(Corpus):
    """A named list of pictures."""

    least = 1
    enough = "more pictures"

    def __init__(
        self,
        name: str,
        pictures: Iterable[Picture],
        *,
        skipped: Sequence[tuple[str, str]] = (),
        notes: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.pictures: Sequence[Picture] = tuple(pictures)
        self.skipped = tuple(skipped)
        """Files that could not be used, each with the reason."""
        self.notes = tuple(notes)
        """Pictures that are shown otherwise than they are, each with what was done."""
        super().__init__(name, (Document(item.id, item.key, item.fields) for item in self.pictures))

    def _size(self) -> str:
        return f"{len(self):,} pictures"

    def _part(self, name: str, documents: Sequence[Document]) -> "ImageCorpus":
        keys = {document.text for document in documents}
        return ImageCorpus(name, [picture for picture in self.pictures if picture.key in keys])


def skipped_lines(corpus: Any) -> list[str]:
    """What was left out of a corpus or is read otherwise than it stands, for a person."""
    lines: list[str] = list(getattr(corpus, "remarks", ()))
    for word in ("skipped", "notes"):
        result = getattr(corpus, word, ())
        verb = "skipped" if word == "skipped" else "changed"
        lines += [f"{verb} {file}: {why}" for file, why in result[:5]]
        if len(result) > 5:
            lines[-1] += f" ({len(result)} {verb} in all)"
    return lines
