"""Files that are there whole or not at all, however the process that writes them ends."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


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
