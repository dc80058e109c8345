"""The study of arithmetic: on the shipped adder, on an untrained copy, on bad input."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from neuroscribe.tasks.cli.app import run
from neuroscribe.tasks.organisms import prompts
from neuroscribe.tasks.studies.arithmetic import Options, study
from neuroscribe.tasks.studies.result import Study, write
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.untrained import untrained


@pytest.fixture(scope="module")
def adder() -> Target:
    return Target.load("organism:adder")


@pytest.fixture(scope="module")
def found(adder: Target) -> Study:
    return study(adder, Options(many=56))


def test_the_chosen_neurons_beat_their_controls(found: Study) -> None:
    shared, own = found.data["ablation"]
    for tested in (shared, own):
        assert tested["found"]
        assert tested["difference"]["low"] > 0
        assert tested["drop"]["value"] > max(tested["draws"])
        assert len(tested["draws"]) == 20
    assert own["drop"]["value"] > 0.8
    assert sum(one.found is True for one in found.sentences) >= 3


def test_no_prompt_chooses_units_and_tests_them(found: Study) -> None:
    counted = found.data["prompts"]
    assert counted["used"] + counted["wrong"] + counted["unasked"] == 56
    assert found.data["chosen_on"] + found.data["tested_on"] == counted["used"]
    assert found.data["ablation"][0]["prompts"] == found.data["tested_on"]


def test_the_route_is_chosen_on_one_half_and_tested_on_the_other(found: Study) -> None:
    grid = found.data["route"]
    cell = tuple(grid["held_out"]["cell"])
    best = grid["smallest"]
    accuracy = np.array(grid["accuracy"], float)
    assert cell == tuple(best) if best else accuracy[cell] == np.nanmax(accuracy)
    assert grid["held_out"]["accuracy"]["n"] == found.data["tested_on"]


def test_the_linked_head_is_chosen_on_one_half_and_tested_on_the_other(found: Study) -> None:
    linked = found.data["links"]
    heads = linked["heads"]
    assert linked["linked"] == max(heads, key=lambda head: heads[head]["first"])
    others = [two["second"] for head, two in heads.items() if head != linked["linked"]]
    assert linked["control"]["value"] == pytest.approx(np.mean(others), abs=1e-3)
    sure = linked["drop"]["low"] > 0 and linked["difference"]["low"] > 0
    assert linked["found"] == (sure and linked["difference"]["value"] >= 0.05)
    assert linked["drop"]["value"] == pytest.approx(heads[linked["linked"]]["second"], abs=1e-3)
    assert linked["chain"]["head"].partition("/")[0] != "head.0"


def test_the_folder_holds_the_numbers_and_a_page_by_itself(found: Study, tmp_path: Path) -> None:
    report = write(found, tmp_path / "out")
    kept = json.loads((tmp_path / "out" / "study.json").read_text())
    assert kept["study"] == "arithmetic"
    assert {"found", "not_found", "neurons", "ablation", "heads", "route", "links"} <= set(kept)
    page = report.read_text()
    assert "http://" not in page
    assert "https://" not in page
    assert page.count("data:image/png") == sum(len(s.pictures) for s in found.sections)


def test_an_untrained_copy_shows_nothing(adder: Target) -> None:
    copy = untrained(adder)
    made = study(copy, Options(many=24, keep_wrong=True))
    assert [one.text for one in made.sentences if one.found] == []
    assert made.data["prompts"]["accuracy"]["value"] < 0.1


def _refused(arguments: list[str], capsys: Any) -> str:
    assert run(["study", "arithmetic", *arguments]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "neuroscribe:" in line]
    assert len(lines) == 1
    return lines[0]


def _file(path: Path, rows: list[dict[str, str]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_bad_input_is_refused_in_a_line(tmp_path: Path, capsys: Any) -> None:
    assert "--prompts" in _refused(["--target", "organism:facts"], capsys)
    assert "cannot read" in _refused(["--prompts", str(tmp_path / "none.jsonl")], capsys)
    bad = _file(tmp_path / "bad.jsonl", [{"prompt": "1+1="}])
    assert "line 1" in _refused(["--prompts", bad], capsys)
    empty = _file(tmp_path / "empty.jsonl", [])
    assert "no prompt" in _refused(["--prompts", empty], capsys)
    wrong = _file(
        tmp_path / "wrong.jsonl",
        [{"prompt": p.prompt, "target": "0"} for p in prompts("adder", "test", 30, 0)],
    )
    assert "of use (30 are answered wrongly" in _refused(["--prompts", wrong], capsys)


def test_an_encoder_is_refused(minilm: Target, tmp_path: Path, capsys: Any) -> None:
    sums = _file(tmp_path / "sums.jsonl", [{"prompt": "1+1=", "target": "2"}])
    said = _refused(["--target", "minilm", "--prompts", sums], capsys)
    assert "no causal language model" in said


def test_prompts_of_different_length_have_no_route(adder: Target, tmp_path: Path) -> None:
    rows = [{"prompt": p.prompt, "target": p.target} for p in prompts("adder", "test", 20, 0)]
    rows += [{"prompt": f"+{row['prompt']}", "target": row["target"]} for row in rows[:4]]
    path = Path(_file(tmp_path / "sums.jsonl", rows))
    made = study(adder, Options(prompts=path, many=24, keep_wrong=True))
    assert made.data["route"] is None
    assert any("one template" in note for note in made.notes)


@pytest.mark.slow
def test_the_default_run(tmp_path: Path, capsys: Any) -> None:
    assert run(["study", "arithmetic", "--out", str(tmp_path), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert all(tested["found"] for tested in made["ablation"])
    assert made["heads"]["ablation"]["found"]
