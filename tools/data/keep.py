"""Token windows on disk: arrays as `.npy` files, texts and words as JSON, all with a checksum.

Image rows are kept as a list of pictures (`keep_pictures.py`).

Only the texts that windows come from are written; the others are left empty, so that document
numbers stay as they are.
"""

import hashlib
import json
import zlib
from pathlib import Path

import numpy as np

from ..errors import UsageError
from .image_rows import ImageRows
from .keep_pictures import FILE as _PICTURES
from .keep_pictures import PictureList, list_of, load_pictures, save_pictures
from .windows import TokenWindows

Kept = TokenWindows | PictureList
_ARRAYS = ("ids", "attended", "counted", "word", "ordinal", "start", "end", "document")
_FILE = "windows.json"


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
    for name in _arrays(windows.read is not None):
        np.save(folder / f"{name}.npy", getattr(windows, name))
        checks[name] = zlib.crc32((folder / f"{name}.npy").read_bytes())
    used = set(windows.document.tolist())
    texts = {
        "words": windows.words,
        "vocabulary": windows.vocabulary,
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
        names = _arrays("read" in header["checks"])
        wrong = [name for name in names if not _sound(folder / f"{name}.npy", header, name)]
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
    )
    windows.__dict__["_hash"] = header["hash"]
    return windows


def _arrays(causal: bool) -> tuple[str, ...]:
    return (*_ARRAYS, "read") if causal else _ARRAYS


def _sound(path: Path, header: dict[str, dict[str, int]], name: str) -> bool:
    return zlib.crc32(path.read_bytes()) == header["checks"][name]
