"""Special tokens as places, at every door: a classifier whose unit is active at `[CLS]` alone."""

import random
from pathlib import Path

import pytest
from neuroscribe.tasks.labelling.folder import RunFolder
from neuroscribe.tasks.labelling.results import read_run
from neuroscribe.tasks.mcp.shared import open_shared, settings_of
from neuroscribe.tasks.web.opening import open_door

FILE = Path(__file__).parents[2] / "support" / "cls_target.py"
TARGET, DATA = f"{FILE}:load", f"{FILE}:texts:600"


@pytest.fixture(params=["count", "skip"])
def special(request):
    return request.param


def test_a_label_is_of_the_places_that_count_and_matter(special, shown, tmp_path):
    run = str(tmp_path / "run")
    given = ["--units", "units/0-1", "--data", DATA, "--special", special, "--controls", "none"]
    shown("label", TARGET, *given, "--out", run)
    first, second = (one.record for one in read_run(RunFolder(run)).units)
    if special == "skip":  # no place is left that the answer is read at: all are scored
        assert (first["status"], second["label"]) == ("dead", "'b'")
        assert "out_of_reach" not in second["scores"]
        return
    assert "[CLS]" in first["label"] or "'a'" in first["label"]
    assert first["scores"]["correlation"]["value"] > 0.8
    assert second["status"] == "dead"
    assert "from which units reaches the output" in second["reason"]
    left_out = first["scores"]["out_of_reach"]
    said = "scores leave out {places:,} of {of:,} held-out places".format(**left_out)
    assert left_out["of"] - left_out["places"] == first["scores"]["documents"]
    assert said in shown("show", run, "units/0")
    assert said in (tmp_path / "run" / "report.html").read_text()
    assert "units/1" in shown("find", run, "--similar-to", "units/0"), "the run knows its factory"
    assert settings_of(Path(run), length=None, images=None).target == TARGET


def test_the_browser_and_mcp_take_it(special):
    door = open_door(None, target=TARGET, data=DATA, special=special)
    settings = settings_of(None, target=TARGET, data=DATA, special=special, length=64, images=None)
    for windows in (door.bench.bench.windows["explore"], open_shared(settings).explore):
        around = windows.attended.sum(1) - windows.counted.sum(1)
        assert (around == (2 if special == "skip" else 0)).all()


def test_two_sets_of_texts_are_told_apart_where_it_counts(special, document, tmp_path):
    draw = random.Random(0)
    for name, letters in (("many.txt", "aaab"), ("few.txt", "abcc")):
        texts = {"".join(draw.choice(letters) for _ in range(12)) for _ in range(40)}
        (tmp_path / name).write_text("\n".join(sorted(texts)))
    sides = ["--active", str(tmp_path / "many.txt"), "--silent", str(tmp_path / "few.txt")]
    result = document("find", TARGET, *sides, "--special", special)
    found = [hit["unit"] for hit in result["found"]]
    assert result["sites"] == ["units"], "what cannot be written to is left out"
    assert found[:1] == (["units/0"] if special == "count" else [])


def test_a_run_says_itself_which_places_count(refused, finished_run):
    assert "goes with --active" in refused("find", str(finished_run), "x", "--special", "count")
