"""Organisms as networks with known units: what is right, what is computed, where it is read."""

import numpy as np
import pytest
from neuroscribe.tasks.groundtruth.networks import organisms
from neuroscribe.tasks.groundtruth.networks.check import judged_head
from neuroscribe.tasks.groundtruth.networks.strings import answers, rows
from neuroscribe.tasks.groundtruth.networks.truth import Known, truth_of
from neuroscribe.tasks.groundtruth.networks.variables import variables
from neuroscribe.tasks.organisms import ORGANISMS, prompts
from neuroscribe.tools.models.untrained import untrained

HEAD = Known("head.0/2", ("previous",), "attention", 1.0, {})
FREE = Known("head.0/0", (), "attention", 0.0, {})


@pytest.mark.parametrize("name", organisms.NAMES[:4])
def test_the_answer_to_a_prompt_is_what_follows_it(name):
    some = prompts(name.removeprefix(organisms.PREFIX), "train", 40, 3)
    ids = ORGANISMS[name.removeprefix(organisms.PREFIX)].ids
    asked = answers(name, [one.prompt for one in some])
    assert [one[-1] for one in asked] == [ids[one.target] for one in some]
    windows = organisms.opened(name).tokenizer([one.prompt for one in some])["input_ids"]
    assert [len(one) for one in asked] == [len(one) for one in windows]
    assert all((one[:-1] == -1).all() for one in asked)


@pytest.mark.parametrize("name", organisms.NAMES[:3])
def test_what_decides_was_never_trained_on(name):
    given = set(rows(name, 300, 1))
    assert len(given) == 300
    assert not given & set(rows(name, 300, 1, held_out=True))


def test_quantities_of_a_sum():
    found = {one.name: one.values for one in variables("organism:adder", ["37+25=", "8+91="])}
    assert found["the sum"].tolist() == [62, 99]
    assert found["units of the second number"].tolist() == [5, 1]
    assert found["a carry"].tolist() == [1, 0]
    wave = found["frequency 1 of 10, phase 1/12, of the first number"]
    np.testing.assert_allclose(
        wave, np.cos(2 * np.pi * (np.array([37, 8]) / 10 - 1 / 12)), atol=1e-6
    )


def test_units_that_count_open_brackets_are_known_and_those_of_an_untrained_copy_are_not():
    target = organisms.opened("organism:brackets")
    truth = truth_of(target, "organism:brackets")
    said = {one.variables[0] for one in truth.known}
    assert {"open brackets is 2", "open brackets is at least 3"} <= said
    assert sum(one.needed for one in truth.known) >= 5
    assert not truth_of(untrained(target), "organism:brackets").known


@pytest.mark.parametrize(
    ("known", "patterns", "verdict"),
    [
        (HEAD, ["previous"], "right"),
        (HEAD, ["induction"], "wrong"),
        (HEAD, ["previous", "first"], "wrong"),
        (HEAD, [], "wrong"),
        (HEAD, None, "abstained"),
        (FREE, ["previous"], "wrong"),
        (FREE, [], "abstained"),
    ],
)
def test_a_head_is_judged_by_the_pattern_that_is_said(known, patterns, verdict):
    said = None
    if patterns is not None:
        said = [{"kind": "attends", "head": known.unit, "to": to} for to in patterns]
        said.append({"kind": "position", "start": 0})
    assert judged_head(known, said, 0.9).verdict == verdict
