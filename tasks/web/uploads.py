"""Files that browsers uploaded: whose they are, and how many are kept.

A picture comes as a file of the server's upload folder, and a request names it by its path. So it
is known here which browser uploaded which path; a path that a browser did not upload is refused.
"""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

LARGEST = 32 << 20
"""Bytes of one upload: a picture of 20 megapixels, hardly compressed."""
_MOST = 100  # files
_MOST_BYTES = 512 << 20  # of all files


@cache
def own_folder() -> str:
    """A folder for uploads that nobody else writes to; removed when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="neuroscribe-uploads-")
    _KEPT.append(folder)
    return str(Path(folder.name).resolve())


_KEPT: list[Any] = []


class Uploads:
    """What was uploaded to one server; beyond a limit the oldest files are removed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owners: dict[str, set[str]] = {}
        """By path, the oldest first."""
        self._sizes: dict[str, int] = {}

    def add(self, browser: str, paths: Iterable[str]) -> None:
        """Notes what a browser uploaded."""
        with self._lock:
            for path in paths:
                owners = self._owners.pop(path, set())
                self._owners[path] = {*owners, browser}
                with contextlib.suppress(OSError):
                    self._sizes[path] = os.stat(path).st_size
            while self._owners and (
                len(self._owners) > _MOST or sum(self._sizes.values()) > _MOST_BYTES
            ):
                self._remove(next(iter(self._owners)))

    def owns(self, browser: str, path: str) -> bool:
        """Whether a browser uploaded what lies there."""
        with self._lock:
            return browser in self._owners.get(path, ())

    def _remove(self, path: str) -> None:
        del self._owners[path]
        self._sizes.pop(path, None)
        with contextlib.suppress(OSError):
            os.unlink(path)


def named_files(value: Any) -> Iterable[str]:
    """The paths of files that a request names, wherever they stand in it."""
    if isinstance(value, dict):
        path = value.get("path")
        if path is not None:
            yield path if isinstance(path, str) else ""
        for item in value.values():
            yield from named_files(item)
    elif isinstance(value, list):
        for item in value:
            yield from named_files(item)
