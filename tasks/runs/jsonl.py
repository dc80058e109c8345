"""Records as lines of JSON that survive a kill: whole lines, on the disk before work goes on."""

import json
from pathlib import Path
from typing import Any

from .disk import append_line


def read_records_of(path: Path) -> list[dict[str, Any]]:
    """The whole records of one file; a torn last line is left out, and that unit done again."""
    records = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:
                continue
    return records


def heal(path: Path) -> None:
    """Takes a torn last line away."""
    if path.exists():
        raw = path.read_bytes()
        path.write_bytes(raw[: raw.rfind(b"\n") + 1])


def append(path: Path, record: dict[str, Any]) -> None:
    """Adds one line and forces it to the disk."""
    append_line(path, json.dumps(record, default=_plain).encode() + b"\n")


def _plain(value: Any) -> Any:
    """NumPy scalars as plain numbers."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")
