"""The person's data folder, and what is kept there between runs because it is dear to compute.

Kept are arrays by kind and key: states of readers, activations of units. A key is a hash of
everything that decides the arrays, so that nothing kept is ever out of date. A file that cannot be
read is computed again, and one that cannot be written is not kept.
"""

import os
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Arrays = Mapping[str, Any]
"""numpy arrays by name."""


class KeptSize(NamedTuple):
    """How much is kept of one kind."""

    files: int
    bytes: int


def home() -> Path:
    """The person's data folder: `NEUROSCRIBE_HOME`, else `neuroscribe` where such data lie."""
    given = os.environ.get("NEUROSCRIBE_HOME")
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(given or Path(data, "neuroscribe")).expanduser()


def cache_folder() -> Path:
    """Where arrays are kept."""
    return home() / "cache"


def kept(kind: str, key: str, make: Callable[[], Arrays]) -> Arrays:
    """The arrays kept under a key; made, and kept, where there are none."""
    arrays = load_kept(kind, key)
    if arrays is None:
        arrays = make()
        keep(kind, key, arrays)
    return arrays


def load_kept(kind: str, key: str) -> Arrays | None:
    """The arrays kept under a key; None where there are none, or none that can be read."""
    try:
        with np.load(_file(kind, key), allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None


def keep(kind: str, key: str, arrays: Arrays) -> None:
    """Keeps arrays, if the folder can be written.

    Args:
        kind: What they are, a name of letters.
        key: A hash of what decides them.
        arrays: By name.
    """
    file = _file(kind, key)
    part = file.with_name(f"{key}.{os.getpid()}.part.npz")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(part, **arrays)
        part.replace(file)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _file(kind: str, key: str) -> Path:
    return cache_folder() / kind / f"{key}.npz"


def kept_sizes() -> dict[str, KeptSize]:
    """How much is kept, by kind."""
    return {
        folder.name: KeptSize(len(sizes), sum(sizes)) for folder, sizes in _files().items() if sizes
    }


def clear_kept() -> dict[str, KeptSize]:
    """Removes everything that is kept; says what it was."""
    sizes = kept_sizes()
    for folder in _files():
        for file in folder.glob("*.npz"):
            file.unlink(missing_ok=True)
    return sizes


def _files() -> dict[Path, list[int]]:
    folder = cache_folder()
    folders = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    return {path: [file.stat().st_size for file in path.glob("*.npz")] for path in folders}
