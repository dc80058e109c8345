"""The person's data folder, and what is kept there between runs because it is dear to compute.

Kept are arrays by kind: states of readers, activations of units. A file is named by a hash of
everything that decides its arrays, so that nothing kept is ever out of date. A file that cannot be
read is computed again, and one that cannot be written is not kept.
"""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .arrays import Arrays, load_arrays, save_arrays


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


def kept(kind: str, decides: str, make: Callable[[], Arrays]) -> Arrays:
    """The arrays of what decides them; made, and kept, where there are none."""
    arrays = load_kept(kind, decides)
    if arrays is None:
        arrays = make()
        keep(kind, decides, arrays)
    return arrays


def load_kept(kind: str, decides: str) -> Arrays | None:
    """The arrays that are kept; None where there are none, or none that can be read."""
    return load_arrays(_file(kind, decides))


def keep(kind: str, decides: str, arrays: Arrays) -> None:
    """Keeps arrays, if the folder can be written.

    Args:
        kind: What they are, a name of letters.
        decides: Everything that decides them, as text.
        arrays: By name.
    """
    file = _file(kind, decides)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        save_arrays(file, arrays)


def _file(kind: str, decides: str) -> Path:
    return cache_folder() / kind / f"{hashlib.sha256(decides.encode()).hexdigest()[:32]}.npz"


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
