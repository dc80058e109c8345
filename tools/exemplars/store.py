"""The index on disk: a header, arrays with one row a unit, and the token windows.

    index.json     what was indexed, and a checksum for every 256 rows of every array
    top.npy        [unit, sign, k] int64   keys of the largest values, best first (`topk`)
    sums.npy       [unit, 2, 2]    int64   sum and sum of squares, fixed point (`moments`)
    fired.npy      [unit, sign]    int64   places where the unit is active
    sample.npy     [unit, sampled] float32 values at the sampled places
    places.npy     [sampled]       int64   positions of the sampled places
    windows/       the token windows

Units of all sites stand one after another, in the order of the header's sites. Arrays are
memory-mapped, and rows are checked the first time they are read.
"""

import errno
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import numpy as np

from ..errors import UsageError
from ..io.files import write_whole
from ..io.shapes import check

ROWS = 256
"""Units under one checksum."""
FORMAT = 1
HEADER = "index.json"
SAME = {
    "fingerprint": "another model",
    "windows": "another corpus or window length",
    "sites": "other sites",
    "k": "another k",
    "sample": "another number of samples",
    "rows": "another division into blocks",
}
"""What indexes that belong together share, and what it means where they do not."""
ARRAYS = ("top", "sums", "fired", "sample", "places")
ENTRIES = ("entries.npy", "entry_values.npy")
"""Of sparse sites: keys and values of what is not 0 at the sampled places."""


class _Site(TypedDict):
    name: str
    units: int
    floor: NotRequired[float | None]
    gated: NotRequired[bool]
    signs: NotRequired[list[int]]
    code: NotRequired[str]
    sparse: NotRequired[bool]


class Header(TypedDict):
    """`index.json`."""

    format: int
    target: str
    fingerprint: NotRequired[str]
    corpus: NotRequired[str | None]
    windows: NotRequired[str]
    sites: list[_Site]
    k: int
    count: int
    checks: dict[str, list[int]]


def write_header(folder: Path, header: Mapping[str, Any]) -> None:
    """Writes the header last and whole: with it the index is complete."""
    checks = {name: checksums(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in ARRAYS}
    if any(site.get("sparse") for site in header["sites"]):
        checks |= {name: [zlib.crc32(np.load(folder / name).data)] for name in ENTRIES}
    write_whole(folder / HEADER, json.dumps({**header, "checks": checks}).encode())


def read_header(folder: Path) -> dict[str, Any]:
    """The header of a complete index.

    Raises:
        UsageError: if there is none, or it cannot be read.
    """
    path = folder / HEADER
    if not path.exists():
        unfinished = (folder / "work.json").exists()
        raise UsageError(
            f"the index in {folder} is not finished; run the same command again to go on"
            if unfinished
            else f"there is no index in {folder}; make one with: neuroscribe index TARGET "
            f"--data SPEC --out {folder}"
        )
    try:
        header = json.loads(path.read_bytes())
        if header["format"] != FORMAT:
            raise UsageError(f"the index in {folder} has another format; build it again")
        check(header, Header, str(path))
        for name in ARRAYS:
            header["checks"][name]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise damaged(folder, HEADER) from error
    return header


def open_array(folder: Path, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A memory-mapped array of the index, of the expected shape."""
    try:
        array = np.load(folder / f"{name}.npy", mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise damaged(folder, f"{name}.npy") from error
    if array.shape != shape:
        raise damaged(folder, f"{name}.npy")
    return array


def checksums(array: np.ndarray) -> list[int]:
    """One CRC-32 for every `ROWS` rows."""
    return [
        zlib.crc32(np.ascontiguousarray(array[start : start + ROWS]).data)
        for start in range(0, len(array), ROWS)
    ]


def damaged(folder: Path, name: str) -> UsageError:
    """The error for a file that is not what was written."""
    return UsageError(
        f"the index in {folder} is damaged ({name}); delete the folder and build it again"
    )


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """Turns a full or forbidden disk into one clear line."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UsageError(
                f"the disk that holds {folder} is full; free some space and run the same command "
                "again: what was done is kept"
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise UsageError(f"cannot write to {folder}: {error.strerror}") from error
        raise


def reserved(path: Path, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """A new memory-mapped `.npy` file with its space on the disk taken beforehand.

    Writing to a mapped file on a full disk kills the process; taking the space first raises.
    """
    array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    size = path.stat().st_size
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, max(size, 1))
    return array
