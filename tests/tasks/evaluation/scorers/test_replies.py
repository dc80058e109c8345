"""Replies are taken whole or not at all; numbers use log-probabilities where there are any."""

import json
from math import log

import pytest
from neuroscribe.tasks.evaluation.scorers.judges import Answer
from neuroscribe.tasks.evaluation.scorers.replies import activations, one_of, texts, yes_or_no


def test_the_form_that_was_asked_for_is_read():
    assert yes_or_no(Answer('{"answers": [1, 0, true]}'), 3) == [True, False, True]
    assert yes_or_no(Answer('```json\n{"answers": [1]}\n```'), 1) == [True]
    assert one_of(Answer(' {"choice": "C"} '), "ABC") == "C"
    assert activations(Answer('{"activations": {"0": 0, "1": 10}}'), 2) == [0.0, 10.0]
    assert texts(Answer('{"a": ["x", "y"], "b": ["u", "v"]}'), "ab", 2) is not None


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "yes, no, yes",
        '{"answers": [1, 0]}',
        '{"answers": [1, 0, 1, 1]}',
        '{"answers": [1, 0, 2]}',
        '{"answers": [1, 0, 1.0]}',
        '{"answers": [1, 0, null]}',
        '{"answers": "101"}',
        '{"answers": [1, 0, 1], "note": "sure"}',
        '{"answers": [0, 0, 0], "answers": [1, 0, 1]}',
        'Here it is: {"answers": [1, 0, 1]}',
        "[1, 0, 1]",
        "[" * 100_000,
    ],
)
def test_another_form_is_no_answer(reply):
    assert yes_or_no(Answer(reply), 3) is None


@pytest.mark.parametrize("reply", ['{"choice": "D"}', '{"choice": 1}', '{"choice": ["A"]}', "A"])
def test_a_choice_must_be_offered(reply):
    assert one_of(Answer(reply), "ABC") is None


@pytest.mark.parametrize(
    "numbers",
    [{"0": 1}, {"0": 1, "2": 1}, {"0": 1, "1": 11}, {"0": 1, "1": -1}, {"0": 1, "1": 0.5}],
)
def test_every_token_has_a_whole_number(numbers):
    assert activations(Answer(json.dumps({"activations": numbers})), 2) is None


@pytest.mark.parametrize("given", [["x"], ["x", "x"], ["x", " "], ["x", 1], "xy"])
def test_written_texts_are_as_many_as_asked_for_and_differ(given):
    reply = json.dumps({"a": given, "b": ["u", "v"]})
    assert texts(Answer(reply), "ab", 2) is None


def spelt(*tokens: str, **alternatives: dict[str, float]) -> Answer:
    """A reply token by token; the alternatives of the token at a place, as `at3={"7": .5}`."""
    entries = [
        {
            "token": token,
            "top_logprobs": [
                {"token": other, "logprob": log(share)}
                for other, share in alternatives.get(f"at{at}", {token: 1.0}).items()
            ],
        }
        for at, token in enumerate(tokens)
    ]
    return Answer("".join(tokens), entries)


def test_a_number_is_its_expected_value_under_the_log_probabilities():
    tokens = ['{"activations": {"', "0", '":', " 3", ', "', "1", '":', " 0", "}}"]
    likely = {" 3": 0.5, " 5": 0.25, " many": 0.2, " 77": 0.05}
    found = activations(spelt(*tokens, at3=likely), 2)
    assert found == pytest.approx([(3 * 0.5 + 5 * 0.25) / 0.75, 0.0])


def test_a_number_of_two_tokens_and_tokens_that_spell_something_else_are_decoded():
    split = spelt('{"activations": {"0": ', "1", "0", "}}", at1={"1": 0.5, "2": 0.5})
    assert activations(split, 1) == [10.0]
    other = Answer('{"activations": {"0": 4}}', [{"token": "4", "top_logprobs": []}])
    assert activations(other, 1) == [4.0]
