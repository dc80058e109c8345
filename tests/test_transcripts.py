"""The recorded investigations of `transcripts/` give the same results when they are run again."""

from pathlib import Path

import pytest
from neuroscribe.agent.transcript import read, render, replay

RECORDED = sorted((Path(__file__).resolve().parents[1] / "transcripts").glob("*.jsonl"))
LONG = {"minilm-mlp.0-11.builtin", "minilm-mlp.4-500.by-hand"}
"""The default tests replay the others; these take a minute each."""


def test_two_language_models_and_two_searches_are_recorded():
    planners = [read(path).header["planner"] for path in RECORDED]
    assert sum(name == "builtin" for name in planners) >= 2
    assert sum("by-hand" in name for name in planners) >= 2


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[pytest.mark.slow] if path.stem in LONG else [], id=path.stem)
        for path in RECORDED
    ],
)
def test_a_recorded_investigation_replays(path, request):
    if read(path).header["target"]["name"] == "minilm":
        request.getfixturevalue("minilm")  # skips without the offline extra
    again = replay(path)
    assert again.same, again.summary
    assert again.checked >= 5
    assert not again.skipped


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_recorded_investigation_concludes_and_renders(path, tmp_path):
    transcript = read(path)
    assert transcript.ended == "concluded"
    assert transcript.conclusion is not None
    cited = {key for part in transcript.conclusion["components"] for key in part["evidence"]}
    assert cited
    assert cited <= set(transcript.evidence)
    page = render(path, tmp_path / "page.html").read_text()
    assert transcript.conclusion["label"].split()[0].strip("'\"") in page
