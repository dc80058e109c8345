"""What the tests of studies share: files of prompts."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[[str, Sequence[dict[str, str]]], str]:
    """Writes a file of prompts."""

    def write(name: str, rows: Sequence[dict[str, str]]) -> str:
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(path)

    return write
