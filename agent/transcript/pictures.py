"""Pictures of a transcript: where their files lie, and how a page holds them.

Files lie in a folder beside the transcript that has its name. A page names no file: it holds
smaller copies, so many and so large at most. Only a file's own name is taken from the record, and
only what Pillow can read is shown, so that a record from elsewhere brings no other file onto a
page.
"""

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import NamedTuple

from PIL import Image

MOST_PICTURES = 40
"""Pictures of one page."""
MOST_BYTES = 6 * 2**20
"""Of all pictures of one page."""
_WIDTH = 720
_MOST_PIXELS = 32_000_000


def folder_of(transcript: Path) -> Path:
    """Where the pictures of a transcript lie."""
    return transcript.with_suffix("")


class Shown(NamedTuple):
    """One picture on a page."""

    name: str
    url: str
    """A data URL; empty where it is not shown."""
    note: str
    """Why it is not shown."""


@dataclass
class Album:
    """The pictures of one page, as they are asked for."""

    transcript: Path
    _left: int = MOST_PICTURES
    _bytes: int = MOST_BYTES
    _kept: dict[str, Shown] = field(default_factory=dict)

    def show(self, paths: Iterable[str]) -> list[Shown]:
        """Copies of these files for the page."""
        return [self._one(PurePath(path.replace("\\", "/")).name) for path in paths]

    def _one(self, name: str) -> Shown:
        if name not in self._kept:
            self._kept[name] = self._read(name)
        return self._kept[name]

    def _read(self, name: str) -> Shown:
        if self._left <= 0 or self._bytes <= 0:
            return Shown(name, "", "left out to keep the page small")
        path = folder_of(self.transcript) / name
        try:
            with Image.open(path, formats=("JPEG", "PNG")) as image:
                if image.width * image.height > _MOST_PIXELS:
                    return Shown(name, "", "too large to show")
                small = image.convert("RGB")
        except (OSError, ValueError, Image.DecompressionBombError):
            return Shown(name, "", "the file is not there or is no picture")
        small.thumbnail((_WIDTH, 2 * _WIDTH))
        data = io.BytesIO()
        small.save(data, "JPEG", quality=82)
        self._left -= 1
        self._bytes -= data.tell()
        return Shown(
            name, f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}", ""
        )
