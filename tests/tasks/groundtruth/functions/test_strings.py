"""The word functions are what they say, with both sides of each condition to be judged on."""

from collections import Counter

import pytest
from neuroscribe.tasks.groundtruth.functions.blackbox import Calls
from neuroscribe.tasks.groundtruth.functions.sandbox import run_code
from neuroscribe.tasks.groundtruth.functions.strings import KINDS, string_boxes
from neuroscribe.tasks.groundtruth.functions.words import CATEGORIES, PLAIN, members, real_words
from neuroscribe.tools.errors import UsageError


def test_no_word_is_in_two_lists():
    assert max(Counter(real_words()).values()) == 1
    assert all(len(members(name)) >= 20 for name in CATEGORIES)
    assert len(PLAIN) > 250


def test_the_code_of_a_box_is_the_box():
    for made in string_boxes(3, many=3):
        ran = run_code(made.code, [case.arguments for case in made.cases])
        assert ran.values == made.answers, made.words


def test_every_kind_is_drawn():
    boxes = [made for seed in range(3) for made in string_boxes(seed, many=4)]
    assert {made.kind for made in boxes} == set(KINDS)


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


def test_calls_are_refused():
    calls = Calls(string_boxes(1)[0], 5)
    for wrong in ("Two", "two words", "", "x" * 17, 3):
        with pytest.raises(UsageError, match="lower-case"):
            calls(wrong)
    with pytest.raises(UsageError, match="1 argument"):
        calls("a", "b")
