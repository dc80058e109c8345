"""The word functions are what they say, and the built-in search finds those it can express."""

from collections import Counter

import pytest
from neuroscribe.tasks.groundtruth.functions.blackbox import BlackBox, Calls, Case
from neuroscribe.tasks.groundtruth.functions.programs import Program
from neuroscribe.tasks.groundtruth.functions.sandbox import run_code
from neuroscribe.tasks.groundtruth.functions.string_search import SAYS, search_strings
from neuroscribe.tasks.groundtruth.functions.strings import KINDS, string_boxes
from neuroscribe.tasks.groundtruth.functions.synthesis import consistent
from neuroscribe.tasks.groundtruth.functions.words import CATEGORIES, PLAIN, members, real_words
from neuroscribe.tools.errors import UsageError

WORDS = ["zebra", "apple", "running", "tidy", "moon", "eel", "strong", "aunt", "banana", "hat"]


def box(expression: str, arity: int = 1) -> BlackBox:
    inputs = [(word,) for word in real_words()[::3]]
    names = "s"
    if arity == 2:
        inputs = [(a, b) for (a,), (b,) in zip(inputs, inputs[7:], strict=False)]
        names = "a, b"
    return BlackBox(
        name="test/0",
        kind="test",
        template="test",
        takes="words",
        words="",
        code=f"def f({names}):\n    return {expression}\n",
        cases=tuple(Case(item, "words") for item in inputs),
        arity=arity,
    )


def right(made: BlackBox, budget: int = 150) -> tuple[float, str]:
    """Share of hidden inputs that are right, and the words."""
    answer = search_strings(Calls(made, budget))
    ran = run_code(answer.code, [case.arguments for case in made.cases])
    assert ran.failed is None
    hits = [a == b for a, b in zip(ran.values, made.answers, strict=True)]
    return sum(hits) / len(hits), answer.words


def test_no_word_is_in_two_lists():
    assert max(Counter(real_words()).values()) == 1
    assert all(len(members(name)) >= 20 for name in CATEGORIES)
    assert len(PLAIN) > 250


def test_the_code_of_a_box_is_the_box():
    for made in string_boxes(3, many=3):
        ran = run_code(made.code, [case.arguments for case in made.cases])
        assert ran.values == made.answers, made.words


def test_every_kind_has_functions_in_and_out_of_the_language():
    boxes = [made for seed in range(3) for made in string_boxes(seed, many=4)]
    assert {made.kind for made in boxes} == set(KINDS)
    outside = {made.kind for made in boxes if made.template not in SAYS}
    assert {"letters", "edits", "conditional", "arithmetic", "category"} <= outside
    assert sum(made.template in SAYS for made in boxes) > len(boxes) / 2


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


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("len(s) > 5", "more than 5 letters"),
        ("'e' in s and 'r' not in s", "contains e and not: it contains r"),
        ("s.endswith('ous')", "ends with 'ous'"),
        ("3 * s.count('a') + len(s)", "3 times the number of letters a"),
        ("sum(ord(c) - 96 for c in s) % 5", "modulo 5"),
        ("'un' + s[::-1]", "backwards, then with 'un' before it"),
        ("s[:-1] + 'ing'", "without its last letter, then with 'ing' at its end"),
        ("s.replace('e', 'o')", "each e made o"),
        ("s + 'way' if s[0] in 'aeiou' else s + 'ay'", "starts with a vowel"),
        ("len(s) if 'n' in s else 0", "contains n"),
    ],
)
def test_the_search_finds_what_it_can_say(expression, says):
    share, words = right(box(expression))
    assert share == 1
    assert says in words


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("a[-2:] == b[-2:]", "same two letters"),
        ("len(set(a) & set(b))", "different letters in both"),
        ("b + a", "b and then a"),
    ],
)
def test_the_search_finds_relations(expression, says):
    share, words = right(box(expression, arity=2))
    assert share > 0.99
    assert says in words


@pytest.mark.parametrize("expression", ["s[len(s) // 2:] + s[:len(s) // 2]", "len(s) ** 2"])
def test_the_search_admits_what_it_cannot_say(expression):
    share, words = right(box(expression))
    assert "no rule found" in words
    assert share < 0.7


def test_every_consistent_program_agrees_and_the_cheapest_leads():
    inputs = [(word,) for word in WORDS]
    for function in (lambda s: len(s), lambda s: "a" in s, lambda s: s + "s"):
        outputs = [function(*item) for item in inputs]
        found = consistent(inputs, outputs)
        assert found
        assert all(one(inputs) == outputs for one in found)
        costs = [one.cost for one in found]
        assert costs == sorted(costs)


def test_nothing_is_consistent_with_contradiction():
    assert consistent([("a",), ("b",)], ["x", 3]) == []


def test_a_program_that_has_no_value_gives_none():
    assert Program("", "s[5]", 1)([("ab",), ("abcdefg",)]) == [None, "f"]
