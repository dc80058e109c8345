"""One process at a time: lock files that end with the process that holds them, however it ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import UsageError


def take(path: Path, refusal: str) -> FileLock:
    """Takes a lock file until its `release()`.

    Args:
        path: The file; it holds the id of the process.
        refusal: What is said where another process has it, `{pid}` in the place of its id.

    Raises:
        UsageError: if another process has it.
        OSError: if the file cannot be made.
    """
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        holder = path.read_text(encoding="ascii", errors="replace").strip() or "unknown"
        raise UsageError(refusal.replace("{pid}", holder)) from None
    path.write_text(f"{os.getpid()}\n", encoding="ascii")
    return lock


@contextmanager
def held(path: Path, refusal: str) -> Iterator[None]:
    """Holds a lock file inside a `with`; the arguments are those of `take`."""
    lock = take(path, refusal)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Holds a folder that is being written.

    Raises:
        UsageError: if another process holds it; names its id.
    """
    refusal = f"{folder} is being written by process {{pid}}; wait for it or stop it"
    with held(folder / "owner.lock", refusal):
        yield
