"""The number functions are what they say, and the built-in search finds those it can express."""

import dataclasses

import numpy as np
import pytest
from neuroscribe.tasks.groundtruth.functions.blackbox import BlackBox, Calls, Case
from neuroscribe.tasks.groundtruth.functions.families import FAMILIES, fit
from neuroscribe.tasks.groundtruth.functions.number_search import search_numbers
from neuroscribe.tasks.groundtruth.functions.numbers import KINDS, number_boxes
from neuroscribe.tasks.groundtruth.functions.pieces import in_pieces
from neuroscribe.tasks.groundtruth.functions.sandbox import run_code
from neuroscribe.tools.errors import UsageError


def box(expression: str, noise: float = 0.0) -> BlackBox:
    points = np.linspace(-20, 20, 101)
    return BlackBox(
        name="test/0",
        kind="test",
        template="test",
        takes="a number",
        words="",
        code=f"import math\n\ndef f(x):\n    return {expression}\n",
        cases=tuple(Case((float(x),), "inside" if abs(x) <= 10 else "outside") for x in points),
        noise=noise,
    )


def misses(made: BlackBox, budget: int = 120) -> tuple[float, str]:
    """NMSE over all hidden inputs, and the words."""
    answer = search_numbers(Calls(made, budget))
    ran = run_code(answer.code, [case.arguments for case in made.cases])
    assert ran.failed is None
    given, true = np.array(ran.values, float), np.array(made.answers, float)
    return float(np.mean((given - true) ** 2) / np.var(true)), answer.words


def test_the_code_of_a_box_is_the_box():
    for made in number_boxes(3, many=4):
        ran = run_code(made.code, [case.arguments for case in made.cases])
        assert ran.values == made.answers


def test_a_seed_says_everything():
    first, again, other = number_boxes(1), number_boxes(1), number_boxes(2)
    assert [made.code for made in first] == [made.code for made in again]
    assert [made.cases for made in first] == [made.cases for made in again]
    assert [made.code for made in first] != [made.code for made in other]
    assert {made.kind for made in first} == set(KINDS)


def test_calls_are_counted_and_refused():
    calls = Calls(number_boxes(1)[0], 2)
    for wrong in (11.0, float("nan"), "1", True):
        with pytest.raises(UsageError, match="between"):
            calls(wrong)
    calls(1.0)
    calls(2)
    with pytest.raises(UsageError, match="spent"):
        calls(3.0)
    assert calls.left == 0


def test_noise_is_of_the_calls_and_not_of_the_truth():
    made = dataclasses.replace(box("3 * x"), noise=1.0)
    calls = Calls(made, 500)
    values = np.array([calls(2.0) for _ in range(500)], float)
    assert abs(values.mean() - 6) < 0.2
    assert 0.9 < values.std() < 1.1
    assert made.answers[0] == -60


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("0.3 * x**3 - 2 * x + 1", "polynomial"),
        ("2 * math.sin(1.7 * x + 0.4) - 1", "sine wave"),
        ("math.sin(0.7 * x) + 2 * math.cos(2.3 * x)", "sum of two"),
        ("2 * x if x < -1.3 else 4 - x", "below -1.3"),
        ("3 * math.tanh((x - 2) / 1.5)", "smooth step"),
        ("4.5 if -3.2 <= x <= 0.9 else x * x / 5", "4.5 where -3.2 <= x <= 0.9"),
    ],
)
def test_the_search_finds_what_it_can_say(expression, says):
    missed, words = misses(box(expression))
    assert missed < 1e-6
    assert says in words


def test_the_search_sees_through_noise():
    missed, words = misses(box("2 * math.sin(1.7 * x + 0.4) - 1", noise=0.2))
    assert missed < 0.01
    assert "noise of about 0.2" in words or "noise of about 0.1" in words


@pytest.mark.parametrize("expression", ["math.floor(x) % 5", "2 if x % 2.3 < 1.15 else -1"])
def test_the_search_admits_what_it_cannot_say(expression):
    missed, words = misses(box(expression))
    assert "no rule found" in words
    assert missed > 0.1


def test_a_fit_recovers_its_shape():
    x = np.linspace(-10, 10, 60)
    wave = next(family for family in FAMILIES if family.name == "wave")
    found = fit(wave, x, 2 * np.sin(1.37 * x) - 0.5)
    assert found.shape == (1.37,)
    assert found.coefficients == pytest.approx((-0.5, 2, 0), abs=1e-6)


def test_pieces_are_cut_where_they_change():
    x = np.linspace(-10, 10, 60)
    two, three = in_pieces(x, np.where(x < 2.1, x, 3 - 2 * x))
    assert 2.0 < two.edges[0] < 2.4
    assert two.error < 1e-12
    assert len(three.edges) == 2


@pytest.mark.parametrize("budget", [40, 41, 44, 60])
def test_a_budget_that_leaves_no_fresh_calls_gives_an_answer_all_the_same(budget):
    for expression in ("3 * x + 1", "2 * x if x < -1.3 else 4 - x", "math.sin(x)"):
        calls = Calls(box(expression), budget)
        assert search_numbers(calls).words
        assert calls.left >= 0
