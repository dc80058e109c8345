"""Hypothesis tests agree with scikit-learn, and their errors are real; on texts and on pictures."""

import numpy as np
import pytest
from checks import rejects
from neuroscribe.tools.activations.records import activity
from neuroscribe.tools.hypotheses.resolve import short
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.registry import call
from neuroscribe.tools.statistics.within import LEAST_PARTNERED
from sklearn.metrics import average_precision_score

from tests.tools.instruments.conftest import BEHIND_NO, PETS, TREES

RED_THING = {"kind": "colour", "colours": ["red"]}
CAT = {"kind": "object", "names": ["cat"]}


def test_tests_agree_with_a_reference(rivals):
    found = call(rivals, "test_hypotheses", {})
    by_id = {test["id"]: test for test in found.data["tests"]}
    values = rivals.column(rivals.unit)[rivals.explore.counted]
    threshold = np.quantile(values, 0.9)
    for key, predictor in rivals.hypotheses.items():
        degrees = parse(predictor).evaluate(rivals.explore)[rivals.explore.counted]
        assert by_id[key]["correlation"] == pytest.approx(
            np.corrcoef(degrees, values)[0, 1], abs=1e-5
        )
        tail = by_id[key]["tails"]["0.9"]
        if (values > threshold).any():
            expected = average_precision_score(values > threshold, degrees)
            assert tail["auprc"] == pytest.approx(expected, abs=1e-5)
        low, high = by_id[key]["interval"]
        assert low <= by_id[key]["correlation"] <= high
        assert by_id[key]["mean_inside"] == pytest.approx(values[degrees > 0.5].mean(), rel=1e-4)
    assert by_id["H2"]["correlation"] > by_id["H1"]["correlation"] > by_id["H3"]["correlation"]
    assert "Best: H2" in found.text
    for row in found.data["rows"]:
        assert row["correlation"] == round(by_id[row["id"]]["correlation"], 3)
    assert len(str(found.data["rows"])) < 150 * len(by_id)


def test_places_of_one_token_are_told_apart_by_what_is_no_token_table(rivals):
    found = call(rivals, "test_hypotheses", {})
    by_id = {test["id"]: test["within"] for test in found.data["tests"]}
    values = rivals.column(rivals.unit)[rivals.explore.counted].astype(float)
    ids, active = rivals.explore.ids[rivals.explore.counted], values > activity(values)
    silent = [(active & (ids == one)).any() and (~active & (ids == one)).any() for one in ids]
    for key, same in by_id.items():  # H1 and H3 name tokens, H2 leaves out those behind `no`
        assert same["n"] == (active & silent).sum() >= LEAST_PARTNERED
        assert same["tokens"] == len(np.unique(ids[active & silent]))
        value, low, high = (same["auroc"][name] for name in ("value", "low", "high"))
        if key == "H2":
            assert 0.9 < low <= value <= high
            assert "within-token AUROC 1.00 [" in found.text
        else:
            assert value == low == high == 0.5
            assert same["correlation"]["value"] == 0
    assert "a token table gets .50" in found.text
    few = rivals.explore.rows(slice(0, 12))
    rare = Lab(rivals.target, few, unit=rivals.unit, hypotheses=rivals.hypotheses)
    found = call(rare, "test_hypotheses", {})
    assert found.data["tests"][0]["within"]["auroc"] is None
    assert "No within-token AUROC" in found.text
    assert "within-token AUROC 1" not in found.text


def test_false_alarms_and_misses_are_real(rivals):
    found = call(rivals, "test_hypotheses", {"hypotheses": ["H1", "H3"], "examples": 3})
    alarms = [m for m in found.data["measured"] if m["source"] == "false alarm of H1"]
    assert len(alarms) == 3
    for item in alarms[:2]:  # pets behind `no`; the third, of another pair of tokens, is weaker
        assert item["tokens"][item["place"] - 1] == "no"
        assert item["activations"][item["place"]] == 0
    misses = [m for m in found.data["measured"] if m["source"] == "miss of H3"]
    assert {m["tokens"][m["place"]] for m in misses} == {"cat"}


def test_only_real_errors_are_called_errors(rivals):
    exact = call(rivals, "test_hypotheses", {"hypotheses": ["H2"]})
    assert "no misses above 1" in exact.text
    assert not [m for m in exact.data["measured"] if m["source"].startswith("miss")]
    cats = {"kind": "except", "of": {"kind": "words", "words": ["cat"]}, "but": BEHIND_NO}
    found = call(rivals, "test_hypotheses", {"hypotheses": [cats]})
    assert "no false alarms" in found.text
    assert "weakest hit of P1: 2 " in found.text
    shared = call(rivals, "test_hypotheses", {"hypotheses": ["H3", {"kind": "repeated"}]})
    sources = [m["source"] for m in shared.data["measured"] if m["source"].startswith("miss")]
    assert len(sources) > shared.text.count("\nmiss of")
    assert "miss of H3, P2" in shared.text


def test_predictors_can_be_given_as_json(rivals, make_lab):
    found = call(rivals, "test_hypotheses", {"hypotheses": [PETS, "H2", '{"kind": "repeated"}']})
    assert [test["id"] for test in found.data["tests"]] == ["H1", "H2", "P1"]
    never = call(rivals, "test_hypotheses", {"hypotheses": [{"kind": "words", "words": ["zebra"]}]})
    assert "never holds" in never.text
    lab = make_lab()
    rejects("no hypothesis yet", lab, "test_hypotheses")
    lab.hypotheses["H1"] = PETS
    rejects("nearest: H1", lab, "separate", {"hypotheses": ["H7", "H1"]})
    rejects("two", lab, "separate")
    assert call(lab, "test_hypotheses", {"hypotheses": [{"kind": "nonsense"}]}).error


def test_a_predictor_keeps_its_name_and_its_interval_in_every_call(rivals):
    once, other = {"kind": "repeated"}, {"kind": "words", "words": ["red"]}
    first = call(rivals, "test_hypotheses", {"hypotheses": [once, "H2"]}).data["tests"]
    again = call(rivals, "test_hypotheses", {"hypotheses": ["H2", other, once, TREES]})
    second = {test["id"]: test for test in again.data["tests"]}
    assert list(second) == ["H2", "P2", "P1", "H3"]  # one that was recorded keeps that name
    for test in first:
        assert test["interval"] == second[test["id"]]["interval"]
    parted = call(rivals, "separate", {"hypotheses": ["P1", other]})
    assert parted.data["hypotheses"] == ["P1", "P2"]
    rejects("nearest: ", rivals, "separate", {"hypotheses": ["P9", "P1"]})


def test_long_predictors_of_one_family_have_names_of_their_own(rivals):
    words = [f"word{n}" for n in range(60)]
    family = [{"kind": "words", "words": [*words[:30], odd, *words[30:]]} for odd in ("a", "the")]
    found = call(rivals, "test_hypotheses", {"hypotheses": [*family, "H2"]})
    one, other = (line for line in found.text.splitlines() if line.startswith(("P1: ", "P2: ")))
    assert one[4:] != other[4:]
    assert max(len(one), len(other)) < 130
    assert short("a" * 300) == "a" * 48 + " … " + "a" * 48


def test_levels_are_told_one_by_one_and_no_cut_that_ignores_them(rivals):
    cat, dog = ({"kind": "words", "words": [word]} for word in ("cat", "dog"))
    levels = [{"of": cat, "value": 1}, {"of": dog, "value": 0.3}]
    found = call(rivals, "test_hypotheses", {"hypotheses": [{"kind": "graded", "levels": levels}]})
    values = rivals.column(rivals.unit)
    mean = {
        step: float(values[np.asarray(parse(what).evaluate(rivals.explore)) > 0].mean())
        for step, what in (("1", cat), ("0.3", dog))
    }
    for step, value in mean.items():
        assert f"{step}: {value:.3g} (n=" in found.text
    assert "F1" not in found.text
    assert "F1" in call(rivals, "test_hypotheses", {"hypotheses": ["H2"]}).text


def test_hypotheses_are_tested_against_every_picture(pictures, scenes):
    found = call(pictures, "test_hypotheses", {"hypotheses": [RED_THING, CAT]})
    red, cat = found.data["tests"]
    column = pictures.column(pictures.unit)[:, 0]
    truth = np.array([any(t.colour == "red" for t in scene.things) for scene in scenes])
    assert red["correlation"] == pytest.approx(np.corrcoef(truth, column)[0, 1], rel=1e-4)
    assert red["holds"] == truth.sum()
    assert red["correlation"] > 0.9 > abs(cat["correlation"])
    assert "within" not in red
    assert "miss of P2" in found.text
    for item in found.data["measured"]:
        if item["source"].startswith("miss of P2"):
            assert not any(t.name == "cat" for t in scenes[item["window"]].things)
