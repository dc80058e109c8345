"""Labelling channels of a vision model: run folder, pictures, a replay, who reads photos."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from neuroscribe.agent.transcript import render, replay
from neuroscribe.tasks.labelling.label import run_labels
from neuroscribe.tasks.labelling.settings import Settings
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.scenes.drawing import draw
from neuroscribe.tools.scenes.grammar import scenes

TARGET = f"{Path(__file__).parents[2] / 'support' / 'colour_target.py'}:load"


def settings(**more: Any) -> Settings:
    given = {"data": "builtin:scenes:120", "controls": "none", "steps": 24, **more}
    return Settings(target=TARGET, units="act/0", **given)


def test_a_channel_is_labelled_and_its_transcript_replayed(tmp_path):
    run = run_labels(settings(), tmp_path / "run")
    assert not run.failed
    (unit,) = run.units
    assert "red" in unit.record["label"]
    test = unit.record["effect_scores"]["test"]  # two more channels are read by the head
    assert all(test[name]["p"] <= 3 / 40 for name in ("necessity", "sufficiency"))
    assert "raises 'class 0'" in unit.record["effect"]["words"]
    assert {"survey", "exemplars", "draw"} <= {item["tool"] for item in unit.record["evidence"]}
    assert not any(item["error"] for item in unit.record["evidence"])
    assert set(unit.record["scores"]["lookups"]) == {"colours", "grid"}
    path = tmp_path / "run" / unit.record["transcript"]
    assert list(path.with_suffix("").glob("*.jpg"))
    page = render(path, tmp_path / "page.html").read_text()
    assert 'class="sheet" src="data:image/jpeg' in page
    report = (tmp_path / "run" / "report.html").read_text()
    assert "picture by picture" in report
    text = re.sub("<(script|style|pre).*?</\\1>", "", page + report, flags=re.S)
    of_text = "token identity|token by token|tokens through|image_url|documents"
    assert re.findall(of_text, text) == []
    again = replay(path, target=TARGET)
    assert again.differing == ()
    assert again.checked > 4
    assert "reader" not in json.loads(path.read_text().splitlines()[0])


def test_what_cannot_read_or_draw_is_said_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    for given, said in (
        (settings(reader="clip"), "there is no reader 'clip'"),
        (settings(images=("openai:gpt-image-1",)), "OPENAI_API_KEY"),
        (Settings("pictures", "conv.3/5", "builtin:stories"), "takes pictures"),
        (Settings("pictures", "conv.3/5", "builtin:scenes:40"), "20 are needed"),
    ):
        with pytest.raises(UsageError, match=said):
            run_labels(given, tmp_path / "run")
    kept = settings(reader="detector", images=("openai:m",))
    assert Settings.from_dict(json.loads(json.dumps(kept.as_dict()))) == kept


def test_files_that_are_left_out_are_said_and_counted(tmp_path, verb):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for at, scene in enumerate(scenes(200, seed=5)):
        draw(scene, 48).save(folder / f"{at}.png")
    (folder / "notes.txt").write_text("not a picture")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    given = ("--units", "act/0", "--data", str(folder), "--steps", "4", "--controls", "none")
    code, _, told = verb("label", TARGET, *given, "--out", str(tmp_path / "run"))
    assert code == 0
    assert "skipped notes.txt: it is no picture by its name" in told
    assert "skipped broken.jpg: it is no picture" in told
    assert json.loads((tmp_path / "run" / "run.json").read_text())["corpus"]["skipped"] == 2
    page = (tmp_path / "run" / "report.html").read_text()
    assert "files left out" in page
    assert "<dt>tokens" not in page
