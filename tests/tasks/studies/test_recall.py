"""The study of recall and reasoning: on the shipped facts, on an untrained copy, on bad input."""

import numpy as np
import pytest
import torch
from neuroscribe.tasks.studies.cases import screen
from neuroscribe.tasks.studies.options import Recall
from neuroscribe.tasks.studies.recall import default_cases
from neuroscribe.tasks.studies.recall_report import study
from neuroscribe.tasks.studies.result import Study
from neuroscribe.tasks.studies.tasks_apart import _first_order, overlap, unit_drops
from neuroscribe.tools.interventions.gradients import gradients
from neuroscribe.tools.models import Target, Unit


@pytest.fixture(scope="module")
def facts() -> Target:
    return Target.load("organism:facts")


@pytest.fixture(scope="module")
def found(facts: Target) -> Study:
    return study(facts, Recall(many=20))


@pytest.mark.slow
def test_the_heads_that_both_tasks_need_beat_their_controls(found):
    for task, other in (("recall", "reasoning"), ("reasoning", "recall")):
        (one,) = [
            u
            for u in found.data["units"]
            if (u["task"], u["kind"], u["rule"]) == (task, "heads", "needed")
        ]
        assert list(one["on"]) == [task, other]
        assert one["on"][task]["found"]
        assert one["on"][task]["drop"]["value"] > max(one["on"][task]["draws"])
        assert one["on"][task]["prompts"] == found.data["tested_on"][task] == 10


@pytest.mark.slow
def test_where_the_answer_is_carried_agrees_with_the_organism_s_own_figures(found):
    for task in ("recall", "reasoning"):
        moved = found.data["patched"][task]
        assert moved["carried_from"] == 0
        assert np.array(moved["share"])[-1, -1] == pytest.approx(1, abs=1e-4)
        assert np.abs(np.array(moved["share"])[-1, :-1]).max() < 1e-4
        assert np.array(moved["random"])[-1, -1] < 0.6


@pytest.mark.slow
def test_attention_of_the_first_layer_is_needed_by_both(found):
    for task in ("recall", "reasoning"):
        sites = {one["site"]: one for one in found.data["layers"][task]}
        assert sites["attn_out.0"]["found"]
        assert not sites["attn_out.3"]["found"]


@pytest.mark.slow
def test_what_is_not_shown_is_said(found):
    own = [one for one in found.data["units"] if one["rule"] == "own" and one["kind"] == "heads"]
    said = [one for one in found.sentences if "in heads" in one.text]
    assert len(said) == 1
    assert said[0].found == all(one["specific"] for one in own)


def test_first_order_terms_rank_neurons_as_zeroing_does(facts):
    case = default_cases(20, 0)["reasoning"][0]
    runner = screen(facts, [case]).used[0].margin(facts)
    exact = unit_drops(facts, [runner], "mlp")
    sites = [f"mlp.{n}" for n in range(4)]
    slope = gradients(facts, runner.prompt, runner.metric, sites)
    guess = torch.cat([_first_order(slope[s], runner.values(s)) for s in sites]).numpy()
    assert np.corrcoef(exact.drops, guess)[0, 1] > 0.9
    assert exact.drops.std() * runner.before == pytest.approx(guess.std(), rel=0.3)


def test_overlap_is_beside_chance():
    units = [Unit("mlp.0", at) for at in range(100)]
    assert overlap(units[:10], units[:10], 100)["p"] < 1e-9
    apart = overlap(units[:10], units[50:60], 100)
    assert (apart["shared"], apart["expected"], apart["p"]) == (0, 1.0, 1.0)


def test_bad_input_is_refused_in_a_line(refused, jsonl):
    verb, path = "recall-vs-reasoning", jsonl("one", [{"prompt": "a", "target": " Lyon"}])
    assert "--reasoning FILE.jsonl is missing" in refused("study", verb, "--recall", path)
    path = jsonl("recall", [{"prompt": "the city of Anna is", "target": " Lyon"}])
    few = refused("study", verb, "--recall", path, "--reasoning", path)
    assert "recall prompts are of use" in few
    assert "asks for too many" in refused("study", verb, "--many", "4000")


@pytest.mark.slow
def test_the_default_run(tmp_path, document):
    made = document("study", "recall-vs-reasoning", "--out", str(tmp_path))
    assert made["tested_on"] == {"recall": 40, "reasoning": 40}
    assert made["overlap"]["heads"]["shared"] == 2
