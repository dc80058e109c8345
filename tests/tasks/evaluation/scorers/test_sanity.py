"""The sanity tests: the five metrics of Neuron_Eval pass both, and what fails is marked."""

import numpy as np
import pytest
from neuroscribe.tasks.evaluation.scorers import Score
from neuroscribe.tasks.evaluation.scorers.marks import FAILING, mark
from neuroscribe.tasks.evaluation.scorers.metrics import METRICS, Data
from neuroscribe.tasks.evaluation.scorers.sanity import (
    RATES,
    least_fall,
    metric_sanity,
    sanity_of,
)
from neuroscribe.tasks.evaluation.scorers.sanity_units import sanity_bench, scorer_sanity

GOOD = {"correlation", "cosine", "AUPRC", "F1", "IoU"}


@pytest.fixture(scope="module")
def measured():
    return metric_sanity()


def test_five_metrics_pass_both_tests_and_the_others_fail_one(measured):
    assert {name for name, sanity in measured.items() if sanity.passes} == GOOD
    assert set(measured) == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_the_marks_say_what_is_measured(name, measured):
    assert measured[name].failing == FAILING.get(name.lower(), ())
    assert (mark(name) is None) == (name in GOOD)


def test_falls_are_those_of_theory(measured):
    correlation, f1, iou = (measured[name] for name in ("correlation", "F1", "IoU"))
    assert correlation.missing.fall == pytest.approx(1 - np.sqrt(1 / 2), abs=0.02)
    assert f1.missing.fall == pytest.approx(1 / 3, abs=0.01)  # recall 1/2, precision 1
    assert f1.extra.fall == pytest.approx(1 / 3, abs=0.01)
    assert iou.extra.fall == pytest.approx(1 / 2, abs=0.01)
    for rate in RATES:  # balanced accuracy: the false positives' rate, halved
        lost = measured["balanced accuracy"].extra.by[f"{rate:g}"]
        assert lost == pytest.approx(rate / (1 - rate) / 2, rel=0.05)


def test_a_frequent_concept_would_hide_the_failure(measured):
    extra = measured["AUC"].extra
    assert extra.by["0.1"] > 0.05 > extra.by["0.01"]
    assert not extra.passes


def test_a_number_must_fall_surely_and_by_enough():
    sure, none, unsure = np.full(8, 0.2), np.full(8, 0.01), np.array([2.0, -1.8] * 4)
    assert least_fall({"a": sure}).passes
    assert not least_fall({"a": none}).passes
    assert not least_fall({"a": unsure}).passes
    assert not least_fall({"a": sure, "b": none}).passes  # in every group


def test_a_number_that_ignores_the_description_fails_both():
    same = {"unit": [0.7, 0.8]}
    found = sanity_of({"true": same, "missing": same, "extra": same})
    assert found.failing == ("missing", "extra")


def test_metrics_are_one_for_the_truth(measured):
    concept = np.arange(1000) < 30
    data = Data(concept * 1.0, concept, concept, np.random.default_rng(0))
    for name, metric in METRICS.items():
        if name != "MAD":
            assert metric(data) == pytest.approx(1.0), name


def test_scorers_that_choose_or_balance_do_not_notice_claims_too_many(bench):
    names = ["predicate", "detection", "fuzzing", "intruder", "choice"]
    found = scorer_sanity(bench, names=names, trials=1)
    assert found["predicate"].sanity.passes
    assert found["choice"].sanity.passes
    for name in ("detection", "fuzzing", "intruder"):
        assert found[name].sanity.missing.passes
        assert found[name].sanity.extra.fall < found[name].sanity.missing.fall / 2
        assert found[name].failed == pytest.approx(0.5, abs=0.15)
    assert found["fuzzing"].sanity.failing == FAILING["fuzzing"] == ("extra",)
    assert found["intruder, blind"].sanity.failing == ("missing", "extra")
    assert found["detection"].random == pytest.approx(0.5, abs=0.12)
    assert found["predicate"].random is None


def test_a_score_whose_method_fails_says_so():
    assert "claims twice as much" in Score("detection", 0.9, n=100).warnings[0]
    assert "misses half" in Score("output", 0.9, n=100).warnings[0]
    assert Score("simulation", 0.9, n=40).warnings == ()


@pytest.mark.slow
def test_the_marks_of_all_scorers_are_those_measured():
    found = scorer_sanity(sanity_bench(), trials=3)
    for name, row in found.items():
        assert row.sanity.failing == FAILING.get(name.lower(), ()), name
