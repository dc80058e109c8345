"""The number functions are what they say; calls are counted, and noise is theirs alone."""

import dataclasses

import numpy as np
import pytest
from neuroscribe.tasks.groundtruth.functions.blackbox import BlackBox, Calls, Case
from neuroscribe.tasks.groundtruth.functions.numbers import KINDS, number_boxes
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
