"""Pictures that an image model made: kept as files beside the evidence, known by their pixels."""

from pathlib import Path
from typing import Any

from PIL import Image

from ..data.image_files import key_of
from ..errors import UsageError
from ..lab import Lab

LARGEST = 2048
"""Pixels a side of a picture that a model may give; larger ones are made smaller."""


def folder_of(lab: Lab) -> Path:
    """Where a lab keeps pictures.

    Raises:
        UsageError: if it has no such folder.
    """
    if lab.evidence.folder is None:
        raise UsageError("pictures of an image model are kept in a folder, and this lab has none")
    return lab.evidence.folder


def kept(lab: Lab, picture: Image.Image) -> dict[str, Any]:
    """Writes a picture into the lab's folder: its file name and the hash of its pixels."""
    folder = folder_of(lab)
    picture = picture.convert("RGB")
    picture.thumbnail((LARGEST, LARGEST))
    known = key_of(picture)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{known[:16]}.png"
    if not path.exists():
        picture.save(path, "PNG")
    return {"file": path.name, "sha256": known}


def opened(folder: Path, file: str, known: str) -> Image.Image:
    """A kept picture; only the file's own name is used, so that it can lie nowhere else.

    Raises:
        UsageError: if it cannot be read, or is another picture than `known`.
    """
    path = folder / Path(file).name
    try:
        with Image.open(path) as image:
            picture = image.convert("RGB")
    except (OSError, Image.DecompressionBombError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    if key_of(picture) != known:
        raise UsageError(f"{path} is not the picture that was recorded")
    return picture
