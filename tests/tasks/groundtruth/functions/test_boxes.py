"""The functions of numbers and of words are what they say; calls are counted and refused."""

import dataclasses
import re
from collections import Counter

import numpy as np
import pytest
from neuroscribe.tasks.groundtruth.functions import numbers, strings
from neuroscribe.tasks.groundtruth.functions.blackbox import Calls
from neuroscribe.tasks.groundtruth.functions.numbers import number_boxes
from neuroscribe.tasks.groundtruth.functions.strings import string_boxes
from neuroscribe.tasks.groundtruth.functions.words import CATEGORIES, PLAIN, members, real_words
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.sandbox.functions import run_code


@pytest.mark.parametrize("boxes", [number_boxes, string_boxes])
def test_the_code_of_a_box_is_the_box(boxes):
    for made in boxes(3, many=4):
        ran = run_code(made.code, [case.arguments for case in made.cases])
        assert ran.values == made.answers, made.words


@pytest.mark.parametrize(
    ("boxes", "kinds"), [(number_boxes, numbers.KINDS), (string_boxes, strings.KINDS)]
)
def test_a_seed_says_everything_and_every_kind_is_drawn(boxes, kinds):
    first, again, other = ([(m.code, m.cases) for m in boxes(seed)] for seed in (1, 1, 2))
    assert first == again != other
    assert {made.kind for seed in range(3) for made in boxes(seed, many=4)} == set(kinds)


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
    calls = Calls(string_boxes(1)[0], 5)
    for wrong in ("Two", "two words", "", "x" * 17, 3):
        with pytest.raises(UsageError, match="lower-case"):
            calls(wrong)
    with pytest.raises(UsageError, match="1 argument"):
        calls("a", "b")


def test_noise_is_of_the_calls_and_not_of_the_truth():
    made = number_boxes(1)[0]
    noisy = dataclasses.replace(made, noise=1.0)
    calls = Calls(noisy, 500)
    values = np.array([calls(2.0) for _ in range(500)], float)
    assert abs(values.mean() - made.truth(2.0)) < 0.2
    assert 0.9 < values.std() < 1.1
    assert noisy.answers == made.answers


def test_no_word_is_in_two_lists():
    assert max(Counter(real_words()).values()) == 1
    assert all(len(members(name)) >= 20 for name in CATEGORIES)
    assert len(PLAIN) > 250


def test_conditions_have_both_sides_in_the_hidden_inputs():
    for made in string_boxes(5, many=3):
        if not all(isinstance(value, bool) for value in made.answers):
            continue
        made_up = [v for v, c in zip(made.answers, made.cases, strict=True) if c.domain != "words"]
        if made_up:
            assert 0.3 < sum(map(bool, made_up)) / len(made_up) < 0.7, made.words


def test_a_category_answers_null_for_words_it_does_not_know():
    made = next(one for one in string_boxes(1) if one.kind == "category")
    assert made.truth("quux") is None
    assert made.truth("zebra") is not None


def test_the_code_of_a_category_is_the_same_in_every_process():
    codes = [one.code for one in string_boxes(1) if one.kind == "category"]
    listed = [re.findall(r"'(\w+)'", held) for held in re.findall("= {(.*)}", "\n".join(codes))]
    assert listed
    assert listed == [sorted(words) for words in listed]
