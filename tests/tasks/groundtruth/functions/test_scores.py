"""Scores: right answers get everything, wrong and broken ones do not, and nothing is dropped."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from neuroscribe.tasks.groundtruth.functions.blackbox import Answer, BlackBox, Case
from neuroscribe.tasks.groundtruth.functions.scores import WORST, Score, by_rule, far, judged
from neuroscribe.tasks.groundtruth.functions.suite import (
    investigated,
    run_suite,
    summed,
)
from neuroscribe.tools.sandbox.functions import Limits


def numbers() -> BlackBox:
    inside = [Case((float(x),), "inside") for x in np.linspace(-10, 10, 41)]
    outside = [Case((float(x),), "outside") for x in np.linspace(11, 20, 40)]
    return BlackBox("n/0", "n", "line", "x", "", "def f(x): return 2 * x", (*inside, *outside))


def rule() -> BlackBox:
    words = ["abc", "bcd", "cab", "dog", "cat", "pig", "ant", "bee"]
    cells = [Case((w,), "words", str("a" in w)) for w in words]
    return BlackBox("s/0", "s", "contains", "s", "", "def f(s): return 'a' in s", tuple(cells))


def by_code(box: BlackBox, value: str, called: Sequence[Any] = (), **more: Any) -> Score:
    """The score of a function that returns this."""
    argument = box.code.partition("(")[2][0]
    return judged(box, Answer("", f"def f({argument}): return {value}"), list(called), **more)


def test_the_truth_scores_full():
    for made in (numbers(), rule()):
        score = judged(made, Answer("", made.code), [])
        assert score.exact == 1
        assert score.recovered
        assert score.failed is None
        assert all(value == 0 for value in score.nmse.values())


def test_nmse_is_by_domain_and_an_input_without_a_value_is_a_miss():
    half = by_code(numbers(), "2 * min(x, 10)")
    assert half.nmse["inside"] == 0
    assert half.nmse["outside"] > 1
    assert not half.recovered
    assert by_code(numbers(), "0").nmse["inside"] == pytest.approx(1)
    score = by_code(numbers(), "2 * x if x < 0 else 1 / 0")
    assert 0.4 < score.nmse["inside"] <= 4
    assert score.unanswered == pytest.approx(61 / 81)
    assert by_code(numbers(), "float('nan')").nmse["inside"] >= 1


@pytest.mark.parametrize("code", ["def f(x): while", "while True: pass", ""])
def test_code_that_does_not_run_is_failed_and_counted(code):
    score = judged(numbers(), Answer("", code), [], limits=Limits(seconds=1.0))
    assert score.failed
    assert score.nmse == {"inside": WORST, "outside": WORST}
    assert score.exact == 0
    assert not score.recovered


def test_each_cell_counts_alike_and_text_is_not_a_number():
    score = by_code(rule(), "False")
    assert score.cells == {"words: True": 0, "words: False": 1}
    assert score.exact == 0.5
    assert not score.recovered
    one_wrong = by_code(rule(), "'a' in s or s == 'bee'")
    assert one_wrong.cells["words: False"] == 0.75
    assert not one_wrong.recovered
    assert by_code(rule(), "int('a' in s)").exact == 1
    assert by_code(rule(), "str('a' in s)").exact == 0


def test_what_was_called_does_not_count():
    called = [(("abc",), True), (("dog",), False)]
    assert by_code(rule(), "{'abc': True, 'dog': False}.get(s)", called).exact == 0
    assert by_rule(rule(), called, nearest=False).exact == 0.5
    called = [(("abc",), None), (("dog",), False)]  # a baseline learns nothing from null
    assert by_rule(rule(), called, nearest=True).cells == {"words: True": 0, "words: False": 1}


def test_the_nearest_call_answers():
    made = numbers()
    called = [((float(x),), 2.0 * x) for x in range(-9, 10)]
    near = by_rule(made, called, nearest=True)
    assert near.nmse["inside"] < 0.02
    assert near.nmse["outside"] > 1
    assert far(("banana",), ("bandana",)) == 1
    assert far((3.0,), (5,)) == 2


def test_trouble_of_an_investigator_is_one_functions_failure():
    def broken(calls):
        calls(1.0)
        raise RuntimeError("lost")

    record = investigated(1, numbers(), broken, 10)
    assert record.score.failed == "RuntimeError: lost"
    assert record.calls == 1
    found = summed("numbers", [record])
    assert found["failed"] == 1
    assert found["reasons"] == {"RuntimeError: lost": 1}


def test_a_suite_counts_every_function():
    zero = Answer("", "def f(x): return 0")
    records = run_suite("numbers", lambda calls: zero, seeds=(1, 2), many=1, budget=5)
    found = summed("numbers", records)
    assert found["n"] == len(records) == 14
    assert found["recovered"]["value"] == 0
    assert found["recovered"]["high"] < 0.3
    assert sum(part["n"] for part in found["kinds"].values()) == 14
    assert set(found["baselines"]) == {"constant", "nearest"}
