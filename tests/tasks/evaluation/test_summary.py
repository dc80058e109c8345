"""Sums of a benchmark run: intervals, calibration, text match, what is said of effects."""

import json

import numpy as np
import pytest
from neuroscribe.tasks.evaluation.calibration import calibration
from neuroscribe.tasks.evaluation.effects_by_kind import effects_by_kind, named
from neuroscribe.tasks.evaluation.planner_table import confidence_lines, show
from neuroscribe.tasks.evaluation.pooled import pooled_confidence
from neuroscribe.tasks.evaluation.report import write_report
from neuroscribe.tasks.evaluation.summary import claims_nothing, found_out, summary
from neuroscribe.tasks.evaluation.text_match import matches
from neuroscribe.tools.statistics.intervals import mean, share


def record(number, *, tier="A", kind="one", right=True, status="described", confidence=0.9):
    cells = None if kind in ("null", "dead") else {"concept": 1.0 if right else 0.5}
    missed = cells and {"recovered": False, "cells": cells, "correlation": 0.2, "short": []}
    own = cells and {**missed, "recovered": right, "correlation": 0.6, "r2": None}
    bare = {"right": False, "status": status, "confidence": 0.5, "recovery": missed, "seconds": 1.0}
    return {
        "seed": 1,
        "tier": tier,
        "kind": kind,
        "variant": "v" if tier == "C" else "",
        "unit": f"mlp.1/{number}",
        "bench": f"1-{tier}",
        "truth": f"words for thing{number * 7919}",
        "said": f"words for thing{number * 7919 if right else 5}",
        "relation": "own",
        "effect_named": right,
        "seconds": 2.0,
        "steps": 5,
        "tokens": 0,
        "status": status,
        "planner_status": status,
        "confidence": confidence,
        "explained": 0.3,
        "scores": {"correlation": 0.8, "auprc": 0.7, "f1": 0.6, "iou": 0.5},
        "right": right,
        "recovery": own,
        "ceiling": 0.8,
        "record": {"label": "<script>alert(1)</script>", "status": status},
        "baselines": {"no experiments": bare},
    }


@pytest.fixture
def records():
    return [
        *(record(i, right=i % 4 > 0, confidence=0.9 if i % 4 else 0.2) for i in range(12)),
        *(record(20 + i, tier="B", right=i > 3, confidence=0.5) for i in range(8)),
        *(record(40 + i, tier="C", kind="beyond") for i in range(4)),
        *(record(60 + i, kind="null", status="uninterpretable") for i in range(4)),
    ]


def test_tiers_are_apart_and_all_keys_are_there(records):
    found = summary(records, seconds=10)
    assert found["tiers"]["A"]["recovery"]["value"] == 0.75
    assert found["tiers"]["B"]["recovery"] == share([False] * 4 + [True] * 4)
    assert found["tiers"]["A"]["kinds"]["one"]["n"] == 12
    assert found["tiers"]["C"]["recovery"]["value"] == pytest.approx(0.75)  # .6 of .8
    assert found["tiers"]["C"]["ceiling"]["value"] == 0.8
    assert found["null"]["detected"]["value"] == 1.0
    assert found["null"]["false"]["value"] == 0.0
    assert found["baselines"]["no experiments"]["tiers"]["A"]["kinds"]["one"]["value"] == 0.0
    assert found["units"] == 28
    assert found["seconds"] == 10
    assert found["brier_skill"]["n"] == 28
    assert found["calibration"]["tiers"]["B"]["wrong"] == 4


def test_what_the_planner_found_out_itself_stands_apart_from_the_final_status(records):
    """Three null units were described, and set aside by their held-out scores; one is dead."""
    nulls = [r for r in records if r["kind"] == "null"]
    for r in nulls[:2]:
        r["planner_status"] = "described"
    nulls[2] |= {"planner_status": "described", "status": "not specific"}
    nulls[3] |= {"kind": "dead", "planner_status": None, "status": "dead"}
    records[0] |= {"planner_status": "described", "status": "not specific"}
    found = summary(records)
    null = found["null"]
    assert (null["detected"]["value"], null["detected"]["n"]) == (1.0, 4)
    assert (null["own"]["detected"]["value"], null["own"]["detected"]["n"]) == (0.0, 3)
    assert null["false"]["value"] == pytest.approx(1 / 20)
    assert null["own"]["false"]["value"] == 0.0
    baseline = found["baselines"]["no experiments"]["null"]
    assert baseline["own"].keys() == null["own"].keys()


@pytest.mark.parametrize(
    ("status", "own", "nothing"),
    [
        ("word list", "described", False),
        ("word list", "uninterpretable", True),
        ("word list", None, True),
        ("uninterpretable", "described", True),
        ("described", "described", False),
    ],
)
def test_a_word_list_of_the_planner_claims_its_words(status, own, nothing):
    assert claims_nothing(status, own) == nothing
    assert found_out("null", status, own) == nothing
    assert not found_out("dead", status, own)


def test_failed_units_stay_in_the_denominator(records):
    records[1] |= {"status": "failed", "right": False, "confidence": None}
    found = summary(records)
    assert found["failed"] == 1
    assert found["tiers"]["A"]["recovery"]["n"] == 12
    assert found["tiers"]["A"]["recovery"]["value"] == pytest.approx(8 / 12, abs=1e-3)


def test_a_constant_has_no_skill_and_an_oracle_has_all():
    right = [True] * 30 + [False] * 10
    assert calibration([0.75] * 40, right)["brier_skill"]["value"] == pytest.approx(0.0)
    assert calibration([1.0] * 30 + [0.0] * 10, right)["brier_skill"]["value"] == 1.0
    assert calibration([0.99] * 40, right)["brier_skill"]["value"] < -0.2
    sure = calibration([0.9] * 30 + [0.1] * 10, right)
    assert sure["risk_coverage"][29]["risk"] == 0.0
    assert sure["risk_coverage"][-1]["risk"] == pytest.approx(0.25)


def _drawn(n, said, *, seed=3):
    """Verdicts that are right as often as `q` says, and what a planner says instead of `q`."""
    rng = np.random.default_rng(seed)
    q = rng.beta(1.2, 0.6, n).clip(0.02, 0.98)
    return calibration(said(q, rng), rng.random(n) < q)


def _steeper(factor):
    return lambda q, _: 1 / (1 + np.exp(-factor * np.log(q / (1 - q))))


@pytest.mark.parametrize(
    ("said", "auroc", "slope"),
    [
        (_steeper(1), 0.85, 1.0),
        (_steeper(2), 0.85, 0.55),  # too extreme; certainty is cut
        (_steeper(0.5), 0.85, 2.0),  # too cautious
        (lambda q, rng: 0.05 + 0.9 * rng.random(len(q)), 0.5, 0.0),  # knows nothing
    ],
)
def test_slope_and_auroc_say_how_confidence_errs(said, auroc, slope):
    found = _drawn(600, said)
    assert found["not_assessable"] is None
    assert found["auroc"]["value"] == pytest.approx(auroc, abs=0.05)
    assert found["slope"]["value"] == pytest.approx(slope, abs=0.35)
    for name in ("auroc", "slope", "brier_skill"):
        assert found[name]["low"] < found[name]["value"] < found[name]["high"]


def test_intervals_of_a_confidence_that_knows_nothing_hold_chance():
    found = [
        _drawn(240, lambda q, rng: 0.05 + 0.9 * rng.random(len(q)), seed=seed) for seed in range(20)
    ]
    assert sum(one["auroc"]["low"] <= 0.5 <= one["auroc"]["high"] for one in found) >= 17
    assert sum(one["slope"]["low"] <= 0 <= one["slope"]["high"] for one in found) >= 17


def test_few_units_or_few_wrong_ones_are_not_assessable():
    many = calibration([0.9, 0.2] * 100, [True, False] * 100)
    assert many["not_assessable"] is None
    few = calibration([0.9] * 180 + [0.2] * 10, [True] * 180 + [False] * 10)
    assert few["not_assessable"] == "190 units of 200 needed, 10 wrong of 30 needed"
    shown = list(confidence_lines(few))
    assert shown == ["confidence: not assessable (190 units of 200 needed, 10 wrong of 30 needed)"]
    assert "AUROC 1.00" in next(confidence_lines(many))


def test_a_tier_that_is_all_wrong_is_no_discrimination_within_tiers():
    """Tier M is all wrong at .1; within B confidence is drawn at random."""
    rng = np.random.default_rng(0)
    sure = np.r_[np.full(60, 0.1), 0.5 + 0.4 * rng.random(200)]
    right = np.r_[np.zeros(60, bool), rng.random(200) < 0.8]
    found = calibration(sure, right, ["M"] * 60 + ["B"] * 200)
    assert found["auroc"]["value"] > 0.75
    assert abs(found["auroc_within"]["value"] - 0.5) < 0.12
    assert found["auroc_within"]["n"] == 200


def test_confidence_is_pooled_over_runs_and_a_unit_counts_once(records, tmp_path, shown, refused):
    for name, some in (("one", records[:20]), ("two", records[10:])):
        (tmp_path / name).mkdir()
        lines = "".join(json.dumps(record) + "\n" for record in some)
        (tmp_path / name / "units-1-A.jsonl").write_text(lines)
    folders = [tmp_path / "one", tmp_path / "two"]
    assert pooled_confidence(folders)["n"] == len(records)
    assert pooled_confidence(folders, ["B", "C"])["n"] == 12
    verb = ("evaluate", "confidence", *map(str, folders))
    assert "not assessable (28 units of 200 needed" in shown(*verb)
    assert "--tiers takes" in refused(*verb, "--tiers", "X")
    assert "has no records" in refused(*verb, str(tmp_path))


def test_intervals_cover_the_truth():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(200):
        drawn = share(rng.random(40) < 0.8)
        inside += drawn["low"] <= 0.8 <= drawn["high"]
    assert inside >= 180
    assert share([])["value"] is None
    assert mean([None, 1.0, 3.0])["value"] == 2.0


def test_text_match_is_half_for_words_that_say_nothing():
    truths = [f"words for {name}: '{name}s'" for name in ("tree", "fish", "metal", "boat")]

    def matched(*said: str) -> list[float]:
        return matches([{"truth": t, "said": s} for t, s in zip(truths, said, strict=True)])

    assert matched(*truths) == [1.0] * 4
    assert matched(*["zzz"] * 4) == [0.5] * 4
    assert matched(truths[1], "", "", "")[0] < 1.0


def test_the_report_escapes_what_planners_write(records, tmp_path, capsys):
    found = summary(records)
    page = write_report(found, records, tmp_path, title="<b>x</b>").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "<b>x</b>" not in page
    assert (tmp_path / "reliability.png").stat().st_size > 5000
    show(found)
    assert "recovered" in capsys.readouterr().out


def _unit(number, relation, promotes, said, verdict, *, twins=(), same=(), alike=()):
    alike = {**dict.fromkeys(alike, "additive"), **dict.fromkeys(same, "redundant")}
    scores = {"verdict": verdict, "redundant_with": list(same), "alike": alike}
    effect = {"effect": {"words": said}, "effect_scores": scores}
    made = {"relation": relation, "promotes": promotes, "twins": list(twins)}
    made |= {"nameable": bool(promotes) or None}
    return record(number) | made | {"record": {"label": "x", "status": "described", **effect}}


@pytest.fixture
def effects():
    pair = ["mlp.1/6"], ["mlp.1/6"]
    return [
        _unit(1, "own", ["cat"], "raises 'cat', 'bird' (p = .05); lowers 'rose'", "causal"),
        _unit(2, "own", ["rose"], "raises 'bird' (p = .05); lowers 'rose'", "weakly causal"),
        _unit(3, "other", ["gold"], "no effect shown", "no effect shown"),
        _unit(4, "nothing", [], "no effect shown", "no effect shown"),
        _unit(5, "twin", ["oak"], "raises 'oak'", "causal", twins=pair[0], alike=pair[1]),
        _unit(6, "twin", ["oak"], "raises 'oak'", "causal", twins=["mlp.1/5"], same=["mlp.1/9"]),
    ]


def test_shares_by_relation(effects):
    bare = record(9) | {"relation": "nothing"}
    found = effects_by_kind([*effects, bare])
    for relation, name, value in (
        ("own", "named", 0.5),  # a word that is said to be lowered is not named
        ("own", "causal", 1.0),
        ("other", "named", 0.0),
        ("other", "no effect", 1.0),
        ("nothing", "no effect", 1.0),
        ("twin", "redundant", 0.5),  # a twin that adds up is no redundant one
        ("twin", "its twin", 0.5),
        ("twin", "by chance", 0.0),  # the twin's own sentence does not count
    ):
        assert found[relation][name]["value"] == value, (relation, name)
    assert found["nothing"]["named"]["n"] == 0
    assert (found["nothing"]["n"], found["nothing"]["missing"]) == (1, 1), "without evidence: apart"
    assert effects_by_kind([bare]) == {}
    assert named("raises 'Cat'", ["cat"])
    assert not named("raises 'cats'", ["cat"])


def test_the_table_and_the_page_show_them(effects, tmp_path, capsys):
    found = summary(effects)
    show(found)
    assert "What is said of effects" in capsys.readouterr().out
    page = write_report(found, effects, tmp_path, title="x").read_text()
    assert "<h2>Effects</h2>" in page
    assert "its twin" in page
