"""Replies are taken whole or not at all; numbers use log-probabilities where there are any."""

from math import log

import pytest
from neuroscribe.tasks.evaluation.scorers.judges import Answer
from neuroscribe.tasks.evaluation.scorers.replies import activations, one_of, texts, yes_or_no

READ = {
    "yes or no": lambda answer: yes_or_no(answer, 3),
    "choice": lambda answer: one_of(answer, "ABC"),
    "numbers": lambda answer: activations(answer, 2),
    "texts": lambda answer: texts(answer, "ab", 2),
}


def test_the_form_that_was_asked_for_is_read():
    assert yes_or_no(Answer('{"answers": [1, 0, true]}'), 3) == [True, False, True]
    assert yes_or_no(Answer('```json\n{"answers": [1]}\n```'), 1) == [True]
    assert one_of(Answer(' {"choice": "C"} '), "ABC") == "C"
    assert activations(Answer('{"activations": {"0": 0, "1": 10}}'), 2) == [0.0, 10.0]
    assert texts(Answer('{"a": ["x", "y"], "b": ["u", "v"]}'), "ab", 2) is not None


@pytest.mark.parametrize(
    ("form", "reply"),
    [
        *(("yes or no", reply) for reply in ("", "yes, no, yes", "[1, 0, 1]", "[" * 100_000)),
        *(("yes or no", f'{{"answers": {some}}}') for some in ("[1, 0]", "[1, 0, 1, 1]")),
        *(("yes or no", f'{{"answers": {some}}}') for some in ("[1, 0, 2]", "[1, 0, 1.0]")),
        *(("yes or no", f'{{"answers": {some}}}') for some in ("[1, 0, null]", '"101"')),
        ("yes or no", '{"answers": [1, 0, 1], "note": "sure"}'),
        ("yes or no", '{"answers": [0, 0, 0], "answers": [1, 0, 1]}'),
        ("yes or no", 'Here it is: {"answers": [1, 0, 1]}'),
        *(("choice", f'{{"choice": {some}}}') for some in ('"D"', "1", '["A"]')),
        ("choice", "A"),
        *(("numbers", f'{{"activations": {{"0": 1{some}}}}}') for some in ("", ', "2": 1')),
        *(("numbers", f'{{"activations": {{"0": 1, "1": {n}}}}}') for n in ("11", "-1", "0.5")),
        *(("texts", f'{{"a": {a}, "b": ["u", "v"]}}') for a in ('["x"]', '["x", "x"]')),
        *(("texts", f'{{"a": {a}, "b": ["u", "v"]}}') for a in ('["x", " "]', '["x", 1]', '"xy"')),
    ],
)
def test_another_form_is_no_answer(form, reply):
    assert READ[form](Answer(reply)) is None


def spelt(*tokens: str, **alternatives: dict[str, float]) -> Answer:
    """A reply token by token; the alternatives of the token at a place, as `at3={"7": .5}`."""
    entries = []
    for at, token in enumerate(tokens):
        shares = alternatives.get(f"at{at}", {token: 1.0}).items()
        top = [{"token": other, "logprob": log(share)} for other, share in shares]
        entries.append({"token": token, "top_logprobs": top})
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
