"""Token windows on disk: arrays as `.npy` files, texts and words as JSON, all with a checksum.

Image rows are kept as a list of pictures: what identifies each, and how those are made that were
drawn. Pixels are not kept: the pictures of a corpus are found again in it by their keys, and drawn
ones are made again from their recipes.

Only the texts that windows come from are written; the others are left empty, so that document
numbers stay as they are.
"""

import hashlib
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import UsageError
from .image_rows import ImageRows
from .windows import TokenWindows

_ARRAYS = ("ids", "attended", "counted", "word", "ordinal", "start", "end", "document")
_OPTIONAL = ("read", "inner")
_FILE = "windows.json"
_PICTURES = "pictures.json"


class KeptPicture(NamedTuple):
    """What is kept of one picture."""

    id: str
    key: str
    recipe: dict[str, Any] | None


@dataclass(frozen=True)
class PictureList:
    """Pictures without their pixels, in the order of the rows that they were."""

    pictures: tuple[KeptPicture, ...]
    hash: str

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def ids(self) -> np.ndarray:
        """int32 `[image, 1]` zeros, as of image rows."""
        return np.zeros((len(self), 1), np.int32)


Kept = TokenWindows | PictureList


def windows_hash(windows: TokenWindows | ImageRows | PictureList) -> str:
    """Identifies the tokens, what counts, and the text behind each window; kept on the windows.

    Of pictures: which they are and how the target sees them.
    """
    if isinstance(windows, PictureList):
        return windows.hash
    if isinstance(windows, ImageRows):
        return list_of(windows).hash
    kept = windows.__dict__.get("_hash")
    if kept is None:
        digest = hashlib.sha256(repr(windows.ids.shape).encode())
        for array in (windows.ids.astype(np.int32), windows.attended, windows.counted):
            digest.update(np.ascontiguousarray(array).tobytes())
        for number in np.unique(windows.document):
            digest.update(hashlib.sha256(windows.texts[int(number)].encode()).digest())
        digest.update(windows.start.astype(np.int32).tobytes())
        kept = windows.__dict__["_hash"] = digest.hexdigest()[:16]
    return kept


def save_windows(windows: TokenWindows | ImageRows | PictureList, folder: Path) -> None:
    """Writes windows to a folder; the last file written makes it valid."""
    if isinstance(windows, (ImageRows, PictureList)):
        save_pictures(windows, folder)
        return
    folder.mkdir(parents=True, exist_ok=True)
    checks: dict[str, int] = {}
    there = [name for name in _OPTIONAL if getattr(windows, name) is not None]
    for name in (*_ARRAYS, *there):
        np.save(folder / f"{name}.npy", getattr(windows, name))
        checks[name] = zlib.crc32((folder / f"{name}.npy").read_bytes())
    used = set(windows.document.tolist())
    texts = {
        "words": windows.words,
        "vocabulary": windows.vocabulary,
        "told": windows.told,
        "texts": [text if i in used else "" for i, text in enumerate(windows.texts)],
    }
    raw = json.dumps(texts, ensure_ascii=False).encode()
    (folder / "texts.json").write_bytes(raw)
    checks["texts"] = zlib.crc32(raw)
    header = {"hash": windows_hash(windows), "checks": checks}
    (folder / _FILE).write_text(json.dumps(header))


def load_windows(folder: Path) -> Kept:
    """The windows of a folder, or its list of pictures.

    Raises:
        UsageError: if a file is missing or damaged.
    """
    if (folder / _PICTURES).exists():
        return load_pictures(folder)
    try:
        header = json.loads((folder / _FILE).read_text())
        raw = (folder / "texts.json").read_bytes()
        names = [*_ARRAYS, *(name for name in _OPTIONAL if name in header["checks"])]
        found = {name: zlib.crc32((folder / f"{name}.npy").read_bytes()) for name in names}
        wrong = [name for name in names if found[name] != header["checks"][name]]
        if wrong or zlib.crc32(raw) != header["checks"]["texts"]:
            raise ValueError(f"{', '.join(wrong) or 'texts'}: checksum")
        arrays = {name: np.load(folder / f"{name}.npy") for name in names}
        texts = json.loads(raw)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"the token windows in {folder} are damaged ({error}); "
            "delete the folder and run the same command again"
        ) from error
    windows = TokenWindows(
        **arrays,
        words=tuple(texts["words"]),
        vocabulary=tuple(texts["vocabulary"]),
        texts=tuple(texts["texts"]),
        told=texts.get("told"),
    )
    windows.__dict__["_hash"] = header["hash"]
    return windows


def list_of(rows: ImageRows) -> PictureList:
    """What is kept of image rows; the hash tells the pictures and how the target sees them."""
    image = rows.target.image
    digest = hashlib.sha256(f"{image.size} {image.description}".encode())
    for picture in rows.pictures:
        digest.update(picture.key.encode())
    kept = tuple(KeptPicture(p.id, p.key, p.recipe) for p in rows.pictures)
    return PictureList(kept, digest.hexdigest()[:16])


def save_pictures(pictures: ImageRows | PictureList, folder: Path) -> None:
    """Writes a list of pictures to a folder."""
    kept = pictures if isinstance(pictures, PictureList) else list_of(pictures)
    folder.mkdir(parents=True, exist_ok=True)
    inner = json.dumps([item._asdict() for item in kept.pictures], ensure_ascii=False)
    check = hashlib.sha256(inner.encode()).hexdigest()
    whole = {"hash": kept.hash, "check": check, "pictures": inner}
    (folder / _PICTURES).write_text(json.dumps(whole), encoding="utf-8")


def load_pictures(folder: Path) -> PictureList:
    """The list of a folder.

    Raises:
        UsageError: if it is missing or damaged.
    """
    try:
        whole = json.loads((folder / _PICTURES).read_text(encoding="utf-8"))
        inner = whole["pictures"]
        if hashlib.sha256(inner.encode()).hexdigest() != whole["check"]:
            raise ValueError("checksum")
        kept = tuple(KeptPicture(**item) for item in json.loads(inner))
        return PictureList(kept, str(whole["hash"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"the list of pictures in {folder} is damaged ({error}); "
            "delete the folder and run the same command again"
        ) from error
