"""The study of brackets: on the shipped organism, on an untrained copy, on bad input."""

from typing import Any

import numpy as np
import pytest
import torch
from neuroscribe.tasks.organisms import prompts
from neuroscribe.tasks.organisms.measure import hits
from neuroscribe.tasks.studies.brackets import default_cases, hit
from neuroscribe.tasks.studies.brackets_report import study
from neuroscribe.tasks.studies.cases import screen
from neuroscribe.tasks.studies.components import DirectLogits, direct_logits, grade
from neuroscribe.tasks.studies.options import Brackets
from neuroscribe.tasks.studies.result import Study
from neuroscribe.tools.models import Target, Unit, zero


@pytest.fixture(scope="module")
def brackets() -> Target:
    return Target.load("organism:brackets")


@pytest.fixture(scope="module")
def found(brackets: Target) -> Study:
    return study(brackets, Brackets(many=24))


def test_the_lens_and_the_accuracy_are_the_organism_s(found):
    for depth in (1, 2, 3):
        assert found.data["accuracy"][f"depth {depth}"]["value"] == 1
        assert found.data["lens"]["margins"][f"depth {depth}"][-1]["low"] > 2
    assert found.data["accuracy"]["depth 4"]["value"] < 0.85
    assert found.data["lens"]["points"][0] == "embed"


def test_components_generalise_more_often_than_under_shuffled_targets(found):
    for name in ("heads", "neurons"):
        counts, chance = found.data["components"]["general"][name], found.data["components"]
        assert counts["both"] > chance["chance"][name]["most"]
        assert counts["first"] >= counts["both"]


def test_steering_is_chosen_on_one_half_and_held_against_other_heads(found):
    made = found.data["steered"]
    grid = np.array(made["grid"])
    assert made["develop"] == grid.max()
    assert made["prompts"] == found.data["tested_on"]
    assert len(made["controls"]) == (20 if len(made["units"]) > 1 else 11)  # of 12 heads
    for units, multiplier, _ in made["controls"]:
        assert not set(units) & set(made["units"])
        assert len(units) == len(made["units"])
        assert 1.1 <= multiplier <= 2
    said = found.sentences[-1]
    assert said.found == made["found"]


def test_batches_of_unequal_rows_answer_as_the_organism_s_own_measure(brackets):
    some = [p for d in (1, 4) for p in prompts("brackets", "test", 30, 0, kind=f"depth {d}")]
    cases = [case for case in default_cases(30, 0) if case.group in ("depth 1", "depth 4")]
    asked = screen(brackets, cases, keep_wrong=True).used
    assert [one.case.prompt for one in asked] == [p.prompt for p in some]
    for changes in ([], [zero("head.2", [3])]):
        assert hit(brackets, asked, changes).tolist() == hits(brackets, some, changes)


def test_what_a_component_says_is_its_write_through_norm_and_head(brackets):
    asked = screen(brackets, default_cases(2, 0), keep_wrong=True).used[:3]
    answers = sorted({one.answer for one in asked})
    said = direct_logits(brackets, asked, answers)
    network: Any = brackets.network
    weight = network.lm_head.weight * network.model.norm.weight  # [vocabulary, d]
    at = said.units.index(Unit("mlp.1", 29))
    row = network.model.layers[1].mlp.down_proj.weight[:, 29]
    head = said.units.index(Unit("head.2", 3))
    output = network.model.layers[2].self_attn.o_proj.weight  # [d, head * channel]
    for number, one in enumerate(asked):
        values = brackets.trace(one.row, ["mlp.1", "head.2"]).values
        naive = values["mlp.1"][0, -1, 29] * (weight @ row)
        part = values["head.2"][0, -1, 3] @ output[:, 48:64].T
        for unit, logits in ((at, naive), (head, weight @ part)):
            wanted = logits[answers].numpy()
            assert np.allclose(said.logits[number, unit], wanted, atol=1e-4)
            assert said.largest[number, unit] == pytest.approx(float(logits.max()), abs=1e-4)


def test_grading_against_a_count_by_hand():
    logits = torch.zeros(4, 3, 2).numpy()  # [prompt, unit, answer]
    logits[:2, 0], logits[2:, 0] = (2, -1), (-1, 2)  # always right
    logits[:, 1] = (3, 1)  # always the first answer
    largest = logits.max(2)
    largest[:, 1] = 8  # another token stands far above
    said = DirectLogits(
        tuple(Unit("head.0", at) for at in range(3)), logits, largest, np.ones(3, dtype=bool)
    )
    found = grade(said, np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]))
    assert found.accuracy.tolist() == [[1, 1], [1, 0], [0, 0]]
    assert found.general.tolist() == [2, 1, 0]
    assert found.f1.tolist() == [[1, 1], [0, 0], [0, 0]]
    said.largest[:, 1] = 3
    found = grade(said, np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]))
    assert found.recall[1].tolist() == [1, 0]
    assert found.precision[1].tolist() == [0.5, 0]


def test_bad_input_is_refused_in_a_line(refused, jsonl):
    one = [{"prompt": p.prompt, "target": ")"} for p in prompts("brackets", "test", 30, 0)]
    two = [{**row, "target": "))"} for row in one[:2]]
    mixed = [{**row, "kind": "all"} for row in one] + [{**two[0], "kind": "all"}]
    for rows, says in (
        (one, "the same target"),
        (one + two, "has only 2 prompts"),
        (mixed, "different targets"),
    ):
        assert says in refused("study", "code-brackets", "--prompts", jsonl("rows", rows))


@pytest.mark.slow
def test_the_default_run(tmp_path, document):
    made = document("study", "code-brackets", "--out", str(tmp_path))
    assert made["accuracy"]["depth 4"]["value"] < 0.75
    assert made["components"]["general"]["heads"]["both"] >= 4
