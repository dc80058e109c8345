"""A judge that knows is right, one that guesses is at chance, one that lies is known to lie."""

import json

import numpy as np
import pytest
from neuroscribe.tasks.evaluation.words.control import QUESTIONS, control, questions
from neuroscribe.tasks.evaluation.words.judging import Asked, all_the_same, judged, scores
from neuroscribe.tasks.evaluation.words.plan import warnings
from oracles import Replies

from tests.tasks.evaluation.words.conftest import LABEL, after_red, says


def scored(judge, places, asked=None):
    given = judged(judge, places, LABEL, asked or Asked())
    return scores(places, given, seed=0)


KNOWS = says(lambda text: 10 * after_red(text))
LIES = says(lambda text: 10 * (not after_red(text)))
SAME = says(lambda text: 5)


@pytest.mark.parametrize(
    ("reply", "pairs", "auroc"), [(KNOWS, 1.0, 1.0), (LIES, 0.0, 0.0), (SAME, 0.5, 0.5)]
)
def test_what_a_judge_does_is_what_it_gets(places, reply, pairs, auroc):
    found = scored(Replies(reply), places)
    assert found["pairs"]["value"] == pairs
    assert found["auroc"]["value"] == auroc
    assert found["pairs"]["low"] <= pairs <= found["pairs"]["high"]


def test_guesses_are_at_chance_with_an_interval_that_holds_it(places):
    inside, values = 0, []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        judge = Replies(says(lambda text, rng=rng: int(rng.integers(11))))
        given = judged(judge, places, LABEL, Asked(), pairs_only=True)
        found = scores(places, given, seed=0, pairs_only=True)["pairs"]
        values.append(found["value"])
        inside += found["low"] <= 0.5 <= found["high"]
    assert np.mean(values) == pytest.approx(0.5, abs=0.06)
    assert inside >= 17


def test_middle_places_count_in_the_rank_alone(places):
    found = scored(Replies(KNOWS), places)
    assert found["rank"]["value"] > 0.5
    assert found["degrees"]["active"] == 10
    assert found["degrees"]["silent"] == 0


def reordered(question):
    given = json.loads(KNOWS(question))["degrees"]
    return json.dumps({"degrees": dict(reversed(given.items()))})


def test_degrees_out_of_order_are_read_by_their_number(places):
    assert scored(Replies(reordered), places)["pairs"]["value"] == 1.0


def too_few(question):
    given = json.loads(KNOWS(question))["degrees"]
    return json.dumps({"degrees": {key: given[key] for key in [*given][:-6]}})


def wrong_values(question):
    given = json.loads(KNOWS(question))["degrees"]
    odd = [11, -1, "7", 7.5, None, True]
    return json.dumps({"degrees": {**given, **dict(zip([*given][-6:], odd, strict=True))}})


@pytest.mark.parametrize("reply", [too_few, wrong_values])
def test_missing_degrees_are_asked_for_once_more_then_count_against_the_label(places, reply):
    asked, judge = Asked(), Replies(reply)
    found = scored(judge, places, asked)
    assert (asked.requests, asked.again, asked.unread, asked.places) == (4, 2, 12, len(places))
    assert 0.5 < found["pairs"]["value"] < 1
    assert 0.5 < found["auroc"]["value"] < 1
    said = warnings(np.array([1.0, 2.0]), asked, None)
    assert any("12 of 72 places have no readable answer" in line for line in said)


@pytest.mark.parametrize(
    "text", ["no", "", "[1, 2]", '{"degrees": [1, 2]}', '{"degrees": {"x": 1}}']
)
def test_replies_without_degrees_are_counted_and_worth_nothing(places, text):
    asked = Asked()
    found = scored(Replies(lambda question: text), places, asked)
    assert asked.unread == len(places)
    assert found["pairs"]["value"] == 0
    assert found["auroc"]["value"] == 0
    assert found["rank"] is None


def test_a_reply_that_is_mended_the_second_time_costs_nothing(places):
    replies = iter(["no", "no"])
    judge = Replies(lambda question: next(replies, None) or KNOWS(question))
    asked = Asked()
    assert scored(judge, places, asked)["pairs"]["value"] == 1.0
    assert (asked.again, asked.unread) == (2, 0)


def test_the_same_degree_everywhere_is_said():
    assert all_the_same(np.array([5.0, np.nan, 5.0]))
    assert not all_the_same(np.array([5.0, 4.0]))
    assert not all_the_same(np.array([np.nan]))
    assert "same degree" in warnings(np.array([5.0, 5.0]), Asked(), None)[0]


def test_the_judge_is_told_the_label_the_places_and_nothing_else(places):
    judge = Replies(KNOWS)
    scored(judge, places)
    assert [set(question.data) for question in judge.asked] == [{"description", "places"}] * 2
    assert {question.data["description"] for question in judge.asked} == {LABEL}


def reads(question):
    """Answers control questions from their text."""
    description = question.data["description"]
    word = description.split('"')[1]

    def holds(text: str) -> int:
        before, mark = text.split("«")
        if "before" in description:
            return 10 * (word in before.lower().split())
        return 10 * (mark.strip("»").lower() == word)

    return says(holds)(question)


@pytest.mark.parametrize(
    ("reply", "low", "high"),
    [
        (reads, 1.0, 1.0),
        (SAME, 0.5, 0.5),
        (says(lambda text: len(text) % 11), 0.2, 0.8),
        (lambda question: "no", 0.0, 0.0),
    ],
)
def test_control_questions_tell_a_reader_from_a_guesser(splits, reply, low, high):
    asked = Asked()
    found = control(Replies(reply), splits.test.windows, asked, np.random.default_rng(0))
    assert low <= found.right <= high
    assert found.n == asked.places
    assert ("believe" in " ".join(warnings(np.zeros(0), asked, found))) == (found.right < 0.9)


def test_half_of_each_control_question_fits(splits):
    made = questions(splits.test.windows, np.random.default_rng(0))
    assert 0 < len(made) <= 2 * QUESTIONS
    for _, truth in made:
        assert sum(truth.values()) == len(truth) // 2
