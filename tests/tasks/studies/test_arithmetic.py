"""The study of arithmetic: on the shipped adder, on an untrained copy, on bad input."""

from pathlib import Path

import numpy as np
import pytest
from neuroscribe.tasks.organisms import prompts
from neuroscribe.tasks.studies.arithmetic_report import study
from neuroscribe.tasks.studies.options import Arithmetic
from neuroscribe.tasks.studies.result import Study
from neuroscribe.tools.models import Target


@pytest.fixture(scope="module")
def adder() -> Target:
    return Target.load("organism:adder")


@pytest.fixture(scope="module")
def found(adder: Target) -> Study:
    return study(adder, Arithmetic(many=56))


@pytest.mark.slow
def test_the_chosen_neurons_beat_their_controls(found):
    shared, own = found.data["ablation"]
    for tested in (shared, own):
        assert tested["found"]
        assert tested["difference"]["low"] > 0
        assert tested["drop"]["value"] > max(tested["draws"])
        assert len(tested["draws"]) == 20
    assert own["drop"]["value"] > 0.8
    assert sum(one.found is True for one in found.sentences) >= 3


@pytest.mark.slow
def test_no_prompt_chooses_units_and_tests_them(found):
    counted = found.data["prompts"]
    assert counted["used"] + counted["wrong"] + counted["unasked"] == 56
    assert found.data["chosen_on"] + found.data["tested_on"] == counted["used"]
    assert found.data["ablation"][0]["prompts"] == found.data["tested_on"]


@pytest.mark.slow
def test_the_route_is_chosen_on_one_half_and_tested_on_the_other(found):
    grid = found.data["route"]
    cell = tuple(grid["held_out"]["cell"])
    best = grid["smallest"]
    accuracy = np.array(grid["accuracy"], float)
    assert cell == tuple(best) if best else accuracy[cell] == np.nanmax(accuracy)
    assert grid["held_out"]["accuracy"]["n"] == found.data["tested_on"]


@pytest.mark.slow
def test_the_linked_head_is_chosen_on_one_half_and_tested_on_the_other(found):
    linked = found.data["links"]
    heads = linked["heads"]
    assert linked["linked"] == max(heads, key=lambda head: heads[head]["first"])
    others = [two["second"] for head, two in heads.items() if head != linked["linked"]]
    assert linked["control"]["value"] == pytest.approx(np.mean(others), abs=1e-3)
    sure = linked["drop"]["low"] > 0 and linked["difference"]["low"] > 0
    assert linked["found"] == (sure and linked["difference"]["value"] >= 0.05)
    assert linked["drop"]["value"] == pytest.approx(heads[linked["linked"]]["second"], abs=1e-3)
    assert linked["chain"]["head"].partition("/")[0] != "head.0"


def test_bad_input_is_refused_in_a_line(minilm, refused, jsonl):
    assert "--prompts" in refused("study", "arithmetic", "--target", "organism:facts")
    assert "cannot read" in refused("study", "arithmetic", "--prompts", "none.jsonl")
    wrong = [{"prompt": p.prompt, "target": "0"} for p in prompts("adder", "test", 30, 0)]
    for rows, says in (
        ([{"prompt": "1+1="}], "line 1"),
        ([], "no prompt"),
        (wrong, "of use (30 are answered wrongly"),
    ):
        assert says in refused("study", "arithmetic", "--prompts", jsonl("rows", rows))
    sums = jsonl("sums", [{"prompt": "1+1=", "target": "2"}])
    encoder = refused("study", "arithmetic", "--target", "minilm", "--prompts", sums)
    assert "no causal language model" in encoder


def test_prompts_of_different_length_have_no_route(adder, jsonl):
    rows = [{"prompt": p.prompt, "target": p.target} for p in prompts("adder", "test", 20, 0)]
    rows += [{"prompt": f"+{row['prompt']}", "target": row["target"]} for row in rows[:4]]
    path = Path(jsonl("sums", rows))
    made = study(adder, Arithmetic(prompts=path, many=24, keep_wrong=True))
    assert made.data["route"] is None
    assert any("one template" in note for note in made.notes)


@pytest.mark.slow
def test_the_default_run(tmp_path, document):
    made = document("study", "arithmetic", "--out", str(tmp_path))
    assert all(tested["found"] for tested in made["ablation"])
    assert made["heads"]["ablation"]["found"]
