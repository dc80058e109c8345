"""Files of a run: written whole and forced to the disk before work goes on."""

import errno
import os
from pathlib import Path

from ...tools.errors import UsageError
from ...tools.io.files import write_whole

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class DiskFullError(UsageError):
    """No room for the next record; what was written before is kept."""


def disk_full(error: BaseException, path: Path) -> DiskFullError | None:
    """The one line to say where an error means that the disk is full; None where it does not."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return DiskFullError(
            f"no room left for {path} ({error.strerror}); the labels so far are kept: "
            "make room and run the same command again"
        )
    return None


def append_line(path: Path, line: bytes) -> None:
    """Adds a line and forces it to the disk.

    Raises:
        DiskFullError: if there is no room; the file is as it was before.
    """
    new = not path.exists()
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        before = os.fstat(file).st_size
        try:
            written = 0
            while written < len(line):
                written += os.write(file, line[written:])
            os.fsync(file)
        except OSError as error:
            os.ftruncate(file, before)
            raise disk_full(error, path.parent) or error from error
    finally:
        os.close(file)
    if new:
        _sync(path.parent)


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all, in its folder on the disk.

    Raises:
        DiskFullError: if there is no room; the file is as it was before.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        raise disk_full(error, path.parent) or error from error
    _sync(path.parent)


def _sync(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
