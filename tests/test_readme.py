"""Every `neuroscribe` command of the README runs as it stands there, one after the other."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
CHECKED_ELSEWHERE = ("make demo", "make test", "make check", "make bench", "pip install")
"""Commands of blocks that CI or other tests run."""


def commands() -> list[str]:
    """The lines of the README's `sh` blocks, continued lines joined, comments dropped."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.split(" #")[0].strip()
            if line and not line.startswith("#"):
                found.append(line)
    return found


def test_every_command_is_ours_or_checked_elsewhere():
    for line in commands():
        assert line.startswith(("neuroscribe ", *CHECKED_ELSEWHERE)), line


def test_every_picture_is_there():
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (ROOT / name).is_file(), name


@pytest.mark.slow
@pytest.mark.readme
def test_every_command_runs(tmp_path, answering_endpoint):
    """In one folder and in order; the endpoint of the README is a real server on loopback."""
    for name in ("transcripts", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "my_texts.txt").write_text(
        "\n\n".join(f"The {word} was old. Nobody knew why." * 40 for word in ("house", "boat") * 30)
    )
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for line in commands():
        if line.startswith(CHECKED_ELSEWHERE):
            continue
        line = line.replace("http://127.0.0.1:8000/v1", answering_endpoint)
        done = subprocess.run(
            shlex.split(line), cwd=tmp_path, env={**os.environ, "PATH": path},
            capture_output=True, text=True, timeout=600, check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr[-2000:]}"
        assert "Traceback" not in done.stderr
