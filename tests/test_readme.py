"""Every `neuroscribe` command of the README runs as it stands there, one after the other."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from endpoint import answers, endpoint, says
from neuroscribe.tools.data.stories import stories

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


THAT = {"kind": "words", "words": ["that"]}
MIND = [
    says(("survey", {}), ("exemplars", {"kind": "top"})),
    says(
        ("hypothesise", {"statement": "the word that", "predictor": THAT}),
        ("hypothesise", {"statement": "digits", "predictor": {"kind": "shape", "shape": "digits"}}),
    ),
    says(("test_hypotheses", {}), ("separate", {})),
    says(
        (
            "conclude",
            {
                "label": "the word 'that'",
                "components": [{"words": "that", "predictor": "H1", "evidence": ["E5"]}],
                "confidence": 0.3,
            },
        )
    ),
    answers('{"label": "that", "words": ["that"]}'),
]
"""What the endpoint of the README answers: an investigation, then a one-shot description."""


@pytest.mark.slow
@pytest.mark.readme
def test_every_command_runs(tmp_path):
    """In one folder and in order; the endpoint of the README is a real server on loopback."""
    with endpoint(*MIND) as server:
        _run_all(tmp_path, server.url)


def _run_all(tmp_path: Path, url: str) -> None:
    (tmp_path / "my_texts.txt").write_text("\n\n".join(stories(400)))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for line in commands():
        if line.startswith(CHECKED_ELSEWHERE):
            continue
        line = line.replace("http://127.0.0.1:8000/v1", url)
        done = subprocess.run(
            shlex.split(line),
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr[-2000:]}"
        assert "Traceback" not in done.stderr
