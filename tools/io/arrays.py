"""Arrays in `.npz` files: written whole, and read where they are sound."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .files import write_whole

Arrays = Mapping[str, Any]
"""numpy arrays by name."""


def load_arrays(path: Path) -> dict[str, Any] | None:
    """The arrays of a file; None where it is absent or damaged."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None


def save_arrays(path: Path, arrays: Arrays) -> None:
    """Writes a file whole or not at all.

    Raises:
        OSError: if it cannot be written.
    """
    raw = io.BytesIO()
    np.savez(raw, **arrays)
    write_whole(path, raw.getvalue())
