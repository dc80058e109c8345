"""Files read whole and written whole.

What is read may be named by anybody: a pipe or a device would keep a reader waiting, or never end.
What is written is there whole or not at all, however the process that writes it ends.
"""

import errno
import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path

MOST_BYTES = 2 << 30
"""Of a file that is read into memory whole: more than any corpus or run that fits there."""
_UNFINISHED = re.compile(r"\..+\.\d+\.[0-9a-f]{8}")
"""The names of what `write_whole` has not yet moved to its place."""


def read_whole(path: Path, most: int = MOST_BYTES) -> bytes:
    """The bytes of an ordinary file.

    Raises:
        OSError: if it cannot be read, is a pipe, device or folder, or is too large.
    """
    with open(path, "rb", opener=_unblocked) as file:
        mode = os.fstat(file.fileno())
        if stat.S_ISDIR(mode.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode.st_mode):
            raise OSError(errno.EINVAL, "a pipe or device, not an ordinary file", str(path))
        if mode.st_size > most:
            raise OSError(errno.EFBIG, f"more than {most >> 20} MiB; give a part", str(path))
        return file.read(most + 1)


def ends_with(path: Path, end: bytes) -> bool:
    """Whether a file is there and its last bytes, without white space, are these."""
    try:
        with open(path, "rb", opener=_unblocked) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - len(end) - 64))
            return file.read(len(end) + 64).rstrip().endswith(end)
    except OSError:
        return False


def _unblocked(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # opening a pipe would wait for a writer


def write_whole(path: Path, content: bytes | str, *, errors: str = "replace") -> None:
    """Writes a file beside its place and moves it there.

    Args:
        path: The file; what it held before stays until the new content is complete. What is no
            ordinary file, such as `/dev/stdout`, is written to where it is.
        content: Text is written as UTF-8.
        errors: What becomes of characters that have no UTF-8, as in `str.encode`.

    Raises:
        OSError: if it cannot be written; the file is then as before.
    """
    raw = content.encode("utf-8", errors) if isinstance(content, str) else content
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        path.write_bytes(raw)
        return
    fresh = path.with_name(f".{path.name[:100]}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with fresh.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise


def drop_unfinished(folder: Path) -> None:
    """Deletes what `write_whole` left in a folder where its process was killed.

    The caller holds the folder's lock: a write of another process would be deleted too.
    """
    for path in folder.glob(".*"):
        if _UNFINISHED.fullmatch(path.name):
            path.unlink(missing_ok=True)
