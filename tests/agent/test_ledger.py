"""The ledger's scores against what can be computed by hand."""

from typing import Any

import numpy as np
import pytest
from neuroscribe.agent import actions, investigate
from neuroscribe.agent.ledger import Ledger, activity, compare, strength, those_tested, whole
from neuroscribe.tools.evidence import Evidence
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call
from pets import CAT, PET

assert investigate
assert actions  # the tools are registered


@pytest.fixture
def ledger(lab: Lab) -> Ledger:
    """The ledger of the pet unit."""
    lab.unit = lab.target.unit("planted/0")
    return Ledger(lab, lab.unit)


def act(lab: Lab, ledger: Ledger, name: str, **arguments: Any) -> Evidence:
    """Runs a tool and tells the ledger."""
    result = call(lab, name, arguments)
    assert result.error is None, result.error
    ledger.update([result])
    return result


def test_compare():
    predicted = np.array([1, 1, 0, 0, 0], np.float32)
    measured = np.array([2, 0, 2, 0, 0], np.float32)
    score = compare(predicted, measured, 1.0, 3)
    assert score.inputs == 3
    assert score.precision == 0.5
    assert score.balanced == pytest.approx((1 / 2 + 2 / 3) / 2, abs=1e-4)
    assert score.correlation == pytest.approx(np.corrcoef(predicted, measured)[0, 1], abs=1e-4)
    assert compare(np.zeros(3), np.array([1.0, 2, 3]), 0.5, 1).correlation is None
    assert compare(np.zeros(3), np.array([1.0, 2, 3]), 0.5, 1).balanced is None


def test_written_and_explore_are_kept_apart(lab, ledger):
    act(lab, ledger, "hypothesise", statement="pets", predictor=PET)
    act(lab, ledger, "activations", texts=["a cat and no cat", "the dog sat"])
    row = ledger.rows[0]
    assert row["explore"] is None
    # a 0, cat 1, and 0, no 0, cat 0 behind no; the 0, dog 1, sat 0
    assert row["written"]["inputs"] == 2
    assert row["written"]["balanced"] == pytest.approx((2 / 2 + 5 / 6) / 2, abs=1e-4)
    act(lab, ledger, "exemplars", many=4)
    assert ledger.rows[0]["explore"]["inputs"] == 4
    assert ledger.rows[0]["written"] == row["written"]
    assert [entry["evidence"] for entry in ledger.rows[0]["history"]] == ["E2", "E3"]


def test_a_later_hypothesis_is_scored_on_earlier_inputs_but_untested(lab, ledger):
    act(lab, ledger, "activations", texts=["the cat sat", "a dog ran"])
    act(lab, ledger, "hypothesise", statement="pets", predictor=PET)
    row = ledger.rows[0]
    assert row["written"]["correlation"] == 1
    assert row["tested"] == []
    assert those_tested(ledger.rows) == []
    assert "UNTESTED" in ledger.table()
    act(lab, ledger, "activations", texts=["the cat sat"])
    assert ledger.rows[0]["tested"] == ["E3"]
    assert ledger.rows[0]["written"]["inputs"] == 2, "the same text does not count twice"


def test_the_better_rival_stands_first(lab, ledger):
    act(lab, ledger, "hypothesise", statement="only cats", predictor=CAT)
    act(lab, ledger, "hypothesise", statement="pets", predictor=PET)
    act(lab, ledger, "activations", texts=["the cat sat", "a dog ran", "we saw a tree"])
    lines = ledger.table().splitlines()
    assert [line[:2] for line in lines[1:]] == ["H2", "H1"]
    assert "r 1.00 b 1.00 p 1.00" in lines[1]
    rows = {row["id"]: row for row in ledger.rows}
    assert strength(rows["H2"]) == pytest.approx(1)
    assert strength(rows["H1"]) < 0.8


def test_hypotheses_on_the_whole_corpus_count_as_tests(lab, ledger):
    act(lab, ledger, "hypothesise", statement="pets", predictor=PET)
    act(lab, ledger, "test_hypotheses", hypotheses=["H1"])
    row = ledger.rows[0]
    assert row["tested"] == ["E2"]
    expected = whole(lab, lab.target.unit("planted/0"), PET)
    assert row["test"]["correlation"] == pytest.approx(expected, abs=1e-3)


def test_what_is_not_known_of_a_rule_is_not_said(lab, ledger):
    act(lab, ledger, "hypothesise", statement="none", predictor={"kind": "words", "words": ["yak"]})
    act(lab, ledger, "activations", texts=["a cat and no cat", "the dog sat"])
    assert ledger.rows[0]["written"]["precision"] is None
    assert "written b 0.50 |" in ledger.table()


def test_the_ledger_says_how_places_of_one_token_are_ranked(lab, ledger):
    act(lab, ledger, "hypothesise", statement="pets", predictor=PET)
    assert "within tokens" not in ledger.table()
    act(lab, ledger, "test_hypotheses", hypotheses=["H1"])
    auroc = ledger.rows[0]["test"]["within"]["auroc"]
    row = ledger.table().splitlines()[-1]
    assert (" w 0.50" in row) == (auroc is not None)


def test_a_fit_is_a_test_and_keeps_what_was_tested_before(lab, ledger):
    act(lab, ledger, "hypothesise", statement="pets", predictor=PET)
    act(lab, ledger, "test_hypotheses", hypotheses=["H1"])
    act(lab, ledger, "fit", hypotheses=["H1", CAT])
    row, given = ledger.rows
    assert row["tested"] == ["E2", "E3"]
    assert row["test"]["evidence"] == "E3"
    assert row["test"]["weight"] > 0
    assert "within" in row["test"]
    assert given["id"] == "P1"
    assert "all r" in ledger.table().splitlines()[-1]


def test_other_units_and_errors_do_not_count(lab, ledger):
    act(lab, ledger, "hypothesise", statement="pets", predictor=PET)
    act(lab, ledger, "activations", unit="planted/1", texts=["the cat sat"])
    failed = call(lab, "activations", {"texts": []})
    assert failed.error is not None
    ledger.update([failed])
    assert ledger.rows[0]["written"] is None
    assert ledger.rows[0]["tested"] == []


def test_activity_lies_between_silence_and_firing(lab):
    column = lab.column(lab.target.unit("planted/0"))
    assert activity(column) == pytest.approx(0.5)
    assert activity(np.full((2, 3), np.nan)) == 0
    assert activity(np.array([-1.0, -0.5])) == 0


def test_a_predictor_that_was_tested_in_a_call_has_a_row(lab, ledger):
    act(lab, ledger, "hypothesise", statement="pets", predictor=PET)
    act(lab, ledger, "test_hypotheses", hypotheses=["H1", CAT])
    assert [(row["id"], row["tested"]) for row in ledger.rows] == [("H1", ["E2"]), ("P1", ["E2"])]
    assert "P1 | " in ledger.table()
    assert len(those_tested(ledger.rows)) == 2
    act(lab, ledger, "contrast", hypothesis={"kind": "repeated"})  # which measures nothing
    assert len(ledger.rows) == 2
    act(lab, ledger, "hypothesise", statement="only cats", predictor=CAT)
    row = ledger.rows[-1]
    assert (row["id"], row["statement"], row["tested"]) == ("H2", "only cats", ["E2"])
    assert [row["id"] for row in ledger.rows] == ["H1", "H2"]
    found = call(lab, "conclude", {"label": "a", "components": [{"words": "a", "predictor": "P1"}]})
    assert found.data["description"]["components"][0]["predictor"]["words"] == ["cat"]
