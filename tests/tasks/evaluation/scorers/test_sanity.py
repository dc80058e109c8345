"""What reports say beside numbers that fail a sanity test, against what is measured."""

import numpy as np
import pytest
from neuroscribe.tasks.evaluation.scorers import Score
from neuroscribe.tasks.scoring.sanity_marks import FAILING, mark

from tests.benchmarks.bench_scorers import RATES, metric_sanity, sanity_of, scorer_sanity
from tests.benchmarks.metrics import METRICS, Data

GOOD = {"correlation", "cosine", "AUPRC", "F1", "IoU"}


@pytest.fixture(scope="module")
def measured():
    return metric_sanity()


@pytest.mark.parametrize("name", METRICS)
def test_the_marks_say_what_is_measured(name, measured):
    assert measured[name].failing == FAILING.get(name.lower(), ())
    assert (mark(name) is None) == (name in GOOD) == measured[name].passes


def test_falls_are_those_of_theory(measured):
    correlation, f1, iou = (measured[name] for name in ("correlation", "F1", "IoU"))
    assert correlation.missing.fall == pytest.approx(1 - np.sqrt(1 / 2), abs=0.02)
    assert f1.missing.fall == pytest.approx(1 / 3, abs=0.01)  # recall 1/2, precision 1
    assert f1.extra.fall == pytest.approx(1 / 3, abs=0.01)
    assert iou.extra.fall == pytest.approx(1 / 2, abs=0.01)
    for rate in RATES:  # balanced accuracy: the false positives' rate, halved
        lost = measured["balanced accuracy"].extra.by[f"{rate:g}"]
        assert lost == pytest.approx(rate / (1 - rate) / 2, rel=0.05)


def test_a_number_that_ignores_the_description_fails_both():
    same = {"unit": [0.7, 0.8]}
    assert sanity_of({"true": same, "missing": same, "extra": same}).failing == ("missing", "extra")


def test_metrics_are_one_for_the_truth():
    concept = np.arange(1000) < 30
    data = Data(concept * 1.0, concept, concept, np.random.default_rng(0))
    for name, metric in METRICS.items():
        if name != "MAD":
            assert metric(data) == pytest.approx(1.0), name


@pytest.mark.slow
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
