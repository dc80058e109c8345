"""Arrays kept in a run folder, so that they are measured once; a folder may be read-only."""

import contextlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np


def load(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file; empty where it is absent or damaged."""
    try:
        with np.load(path, allow_pickle=False) as result:
            return {name: result[name] for name in result.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return {}


def save(path: Path, arrays: Mapping[str, np.ndarray]) -> str | None:
    """Writes a file whole or not at all; why it was not written, or None."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        fresh.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        return f"{path} was not written ({error.strerror}): the next search measures again"
    return None
