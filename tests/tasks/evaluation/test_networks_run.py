"""The run over known units: every description is judged, counted, kept and not made twice."""

import json

import pytest
from neuroscribe.tasks.evaluation import networks_run
from neuroscribe.tasks.evaluation.networks_run import Plan, Said, run_networks
from neuroscribe.tools.errors import UsageError

TALLY = {
    "kind": "tally",
    "of": {"kind": "tokens", "tokens": ["a"]},
    "minus": {"kind": "tokens", "tokens": ["b"]},
}
UP = {**TALLY, "low": 0, "high": 8}
DOWN = {**TALLY, "low": 0, "high": -8}
LETTER = {"kind": "tokens", "tokens": ["c"]}
PLAN = Plan(networks=("counter",), seeds=(0,), units=0, controls=1)


def saying(*predictors, status="described", confidence=0.9):
    def way(plan, target, units, data, out, arm):
        way.calls += len(units)
        return [Said("said", status, confidence, predictors, 0.1) for _ in units]

    way.calls = 0
    return way


@pytest.mark.parametrize(
    ("way", "verdict"),
    [
        (saying(UP, DOWN), "right"),
        (saying(LETTER), "wrong"),
        (saying(LETTER, status="not specific"), "abstained"),
        (saying(), "abstained"),
        (saying(status="failed"), "failed"),
    ],
)
def test_descriptions_are_counted_by_a_program(way, verdict, tmp_path, monkeypatch):
    monkeypatch.setitem(networks_run._WAYS, "label", way)
    result = run_networks(PLAN, tmp_path)
    counting = [
        json.loads(line)
        for line in (tmp_path / "units.jsonl").read_text().splitlines()
        if "a's less b's so far" in str(json.loads(line)["truth"]["variables"])
    ]
    assert len(counting) >= 2
    assert {record["verdict"] for record in counting} == {verdict}
    assert all(record["confidently_wrong"] == (verdict == "wrong") for record in counting)
    trained = result["trained"]
    counts = [trained.get(name, 0) for name in ("right", "wrong", "abstained", "failed")]
    assert sum(counts) == trained["n"]
    assert result["untrained"]["n"] == 1
    done = way.calls
    assert run_networks(PLAN, tmp_path) == result
    assert way.calls == done


def test_heads_of_an_organism_are_judged_by_what_they_attend_to(tmp_path, monkeypatch):
    previous = {"kind": "attends", "head": "head.0/2", "to": "previous"}
    monkeypatch.setitem(networks_run._WAYS, "label", saying(previous))
    plan = Plan(networks=("organism:induction",), units=0, controls=1)
    result = run_networks(plan, tmp_path)
    assert result["trained"]["n"] == 6
    assert result["trained"]["right"] == 2  # the others are induction heads
    assert result["untrained"]["wrong"] == 1


def test_what_is_not_there_is_refused(tmp_path):
    for plan in (Plan(networks=("sort",)), Plan(seeds=(9,)), Plan(by="look")):
        with pytest.raises(UsageError, match="there is no"):
            run_networks(plan, tmp_path)
    run_networks(Plan(networks=(), seeds=()), tmp_path)
    with pytest.raises(UsageError, match="another --out"):
        run_networks(PLAN, tmp_path)
