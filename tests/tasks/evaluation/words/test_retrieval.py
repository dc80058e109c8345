"""A judge that reads finds the unit, one that cannot picks it as often as any other."""

import json

import numpy as np
import pytest
from neuroscribe.tasks.evaluation.words.judging import Asked
from neuroscribe.tasks.evaluation.words.retrieval import AMONG, TEXTS, lineups, retrieved
from neuroscribe.tasks.labelling.data import load_data
from neuroscribe.tools.models import Unit
from oracles import Replies


@pytest.fixture
def groups(settings, toy_target):
    data = load_data(toy_target, settings)
    units = [Unit("mlp.0", i) for i in range(25)]
    return lineups(data, units, seed=0), units, data


def test_every_unit_stands_in_one_group_of_twenty(groups):
    made, units, _ = groups
    assert [len(group.units) for group in made] == [AMONG, AMONG]
    own = {str(unit) for unit in units}
    inside = [own & set(group.units) for group in made]
    assert len(inside[0]) == AMONG
    assert inside[0].isdisjoint(inside[1])
    assert all(len(group.shown) == TEXTS for group in made)


def test_texts_and_letters_do_not_depend_on_who_is_asked_about(groups):
    made, units, data = groups
    again = lineups(data, list(reversed(units[:20])), seed=0)
    assert again[0].shown.keys() == made[0].shown.keys()
    assert set(again[0].units) == set(made[0].units)


def test_a_blind_judge_picks_each_unit_once(groups):
    group = groups[0][0]
    always = Replies(lambda question: json.dumps({"choice": "A"}))
    hits = [retrieved(always, group, unit, "x", Asked())["right"] for unit in group.units]
    assert sum(hits) == 1


def test_a_judge_that_reads_the_peaks_is_right(groups):
    group = groups[0][0]
    peaks = dict(zip(group.units, group.peaks.values(), strict=True))

    def reply(question):
        letters = {said: letter for letter, said in question.data["units"].items()}
        return json.dumps({"choice": letters[question.data["description"]]})

    told = [unit for unit in group.units if list(peaks.values()).count(peaks[unit]) == 1]
    assert len(told) > AMONG / 2
    for unit in told:
        assert retrieved(Replies(reply), group, unit, peaks[unit], Asked())["right"]


@pytest.mark.parametrize("text", ["no", '{"choice": "Z"}', '{"choice": 3}'])
def test_an_unreadable_choice_is_a_wrong_one_and_counted(groups, text):
    asked = Asked()
    found = retrieved(Replies(lambda question: text), groups[0][0], "mlp.0/3", "x", asked)
    assert (found["right"], found["picked"]) == (False, None)
    assert (asked.unread, asked.again, asked.requests) == (1, 1, 2)


def test_every_unit_is_active_in_some_of_the_texts(groups):
    silent = [said == "silent" for group in groups[0] for said in group.peaks.values()]
    assert np.mean(silent) < 0.2
