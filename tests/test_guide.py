"""The guide on own models: its files are written, its commands run, its outputs are real."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs" / "your-own-model.md"
BLOCKS = re.findall(r"^```(python|sh|text)\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def test_the_readers_python_is_short():
    for kind, body in BLOCKS:
        if kind == "python" and not body.startswith("# train_"):
            lines = [line for line in body.splitlines() if line.strip() and line[0] != "#"]
            assert len(lines) <= 25, body


def _masked(text: str) -> str:
    """Without line breaks and numbers, which differ a little between platforms."""
    return re.sub(r"\d[\d.e,-]*", "#", " ".join(text.split()))


@pytest.mark.slow
@pytest.mark.readme
def test_every_block_runs_and_says_what_stands_there(tmp_path):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "NEUROSCRIBE_HOME": str(tmp_path / "home"), "COLUMNS": "80"}
    said = ""
    for kind, body in BLOCKS:
        if kind == "python":
            name = body.split(maxsplit=2)[1]
            (tmp_path / name).write_text(body)
        elif kind == "sh":
            done = subprocess.run(
                ["bash", "-ec", body], cwd=tmp_path, env=env, capture_output=True, text=True,
                timeout=300, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{body}\n{done.stderr[-2000:]}"
            said = done.stdout
        else:
            assert _masked(body) in _masked(said), said
