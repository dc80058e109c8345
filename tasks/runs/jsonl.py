"""Records as lines of JSON that survive a kill: whole lines, on the disk before work goes on."""

import json
import os
from pathlib import Path
from typing import Any


def read_records_of(path: Path) -> list[dict[str, Any]]:
    """The whole records of one file; a torn last line is left out, and that unit done again."""
    found = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
    return found


def heal(path: Path) -> None:
    """Takes a torn last line away."""
    if path.exists():
        raw = path.read_bytes()
        path.write_bytes(raw[: raw.rfind(b"\n") + 1])


def append(path: Path, record: dict[str, Any]) -> None:
    """Adds one line and puts it on the disk."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record, default=_plain) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _plain(value: Any) -> Any:
    """NumPy scalars as plain numbers."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")
