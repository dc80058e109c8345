"""Image corpora from files: a folder of pictures, looked through with its sub-folders.

Every file is decoded once, so that what cannot be used is known beforehand: it is listed in
`corpus.skipped` with the reason. The key of a picture is a hash of its pixels, so that two copies
of a picture, whatever their names and formats, fall into the same split.
"""

import hashlib
import os
import re
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from PIL import Image

from ..errors import UsageError
from .decoding import Decoded, decode
from .pictures import ImageCorpus, Picture

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm")
)
MOST = 20_000
"""Pictures of one corpus; of more, those with the lowest hashes of their names are taken."""
_WORDNET = re.compile(r"n\d{8}_(?P<name>.+)")
_SHOWN = 3  # reasons in an error message


def read_images(path: Path, *, name: str | None = None) -> ImageCorpus:
    """The pictures of a folder and its sub-folders, or of one file.

    Raises:
        UsageError: if there is no picture that can be used.
    """
    files = sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
    skipped = [
        (printable_name(file, path), "it is no picture by its name")
        for file in files
        if path.is_dir() and file.suffix.lower() not in SUFFIXES
    ]
    chosen = [file for file in files if file.suffix.lower() in SUFFIXES or file == path]
    if len(chosen) > MOST:
        order = sorted(
            chosen, key=lambda file: hashlib.sha256(printable_name(file, path).encode()).digest()
        )
        skipped += [
            (printable_name(file, path), f"beyond {MOST:,} pictures") for file in order[MOST:]
        ]
        chosen = sorted(order[:MOST])
    result = look_through(
        [(printable_name(file, path), file, _label(file, path)) for file in chosen]
    )
    corpus = collected(name or str(path), result, skipped)
    if not corpus.pictures:
        raise UsageError(f"{path} holds no picture that can be used{_reasons(corpus.skipped)}")
    return corpus


def has_images(path: Path) -> bool:
    """Whether a path is a picture, or a folder with one somewhere in it, by the names alone."""
    if path.is_dir():
        return any(item.suffix.lower() in SUFFIXES for item in path.rglob("*"))
    return path.suffix.lower() in SUFFIXES


class DecodedFile:
    """What became of one file."""

    def __init__(self, id: str, source: Path | bytes, label: str | None) -> None:
        self.picture: Picture | None = None
        self.id = id
        self.why = ""
        self.notes: tuple[str, ...] = ()
        try:
            decoded = decode(source)
        except UsageError as error:
            self.why = str(error)
            return
        self.notes = decoded.notes
        self.picture = Picture(id, key_of(decoded.picture), partial(_load, id, source), label=label)


def look_through(files: Sequence[tuple[str, Path | bytes, str | None]]) -> list[DecodedFile]:
    """Decodes files, each once, several at a time.

    Args:
        files: Name, source and label of each.
    """
    with warnings.catch_warnings(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore")  # of Pillow: sizes and odd notes, which are checked here
        return list(pool.map(lambda file: DecodedFile(*file), files))


def collected(
    name: str, files: Sequence[DecodedFile], skipped: Sequence[tuple[str, str]] = ()
) -> ImageCorpus:
    """A corpus of what could be used."""
    return ImageCorpus(
        name,
        [item.picture for item in files if item.picture is not None],
        skipped=[*skipped, *((item.id, item.why) for item in files if item.picture is None)],
        notes=[(item.id, note) for item in files for note in item.notes],
    )


def key_of(picture: Image.Image) -> str:
    """A hash of the size and the pixels, whatever file they lie in."""
    digest = hashlib.sha256(f"{picture.size}".encode())
    digest.update(picture.tobytes())
    return digest.hexdigest()


def printable_name(file: Path, folder: Path) -> str:
    """A file's name within its folder, without characters that a terminal would obey."""
    name = str(file.relative_to(folder)) if file != folder else file.name
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _load(id: str, source: Path | bytes) -> Image.Image:
    try:
        result: Decoded = decode(source)
    except UsageError as error:
        raise UsageError(f"picture {id} cannot be read any more: {error}") from error
    return result.picture


def _label(file: Path, folder: Path) -> str | None:
    """The sub-folder's name, or what follows a WordNet number in the file's own."""
    if file == folder:
        return None
    inner = file.relative_to(folder).parts[:-1]
    named = _WORDNET.fullmatch(file.stem)
    if inner:
        return printable_name(Path(inner[0]), Path("."))
    return named["name"].replace("_", " ") if named and named["name"].isprintable() else None


def _reasons(skipped: Sequence[tuple[str, str]]) -> str:
    if not skipped:
        return ": it is empty"
    first = "; ".join(f"{name}: {why}" for name, why in skipped[:_SHOWN])
    more = f"; and {len(skipped) - _SHOWN} more" if len(skipped) > _SHOWN else ""
    return f" ({first}{more})"
