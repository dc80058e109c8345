"""Prompts are what they claim, splits share nothing, training rows never hold what is tested."""

import re
from itertools import pairwise

import numpy as np
import pytest
from neuroscribe.tasks.organisms import ORGANISMS, organism, prompts
from neuroscribe.tasks.organisms.facts import BRIDGES, PEOPLE, world
from neuroscribe.tasks.organisms.spec import BOS, END
from neuroscribe.tools.errors import UsageError

NAMES = sorted(ORGANISMS)


@pytest.mark.parametrize("name", NAMES)
def test_splits_share_no_prompt(name):
    spec = organism(name)
    for kind in spec.kinds_of("test"):
        test = {item.prompt for item in prompts(name, "test", 60, seed=1, kind=kind)}
        train = {item.prompt for item in prompts(name, "train", 500, seed=2)}
        assert len(test) == 60
        assert not test & train


@pytest.mark.parametrize("name", NAMES)
def test_prompts_are_the_same_by_seed(name):
    assert prompts(name, "test", 20, seed=4) == prompts(name, "test", 20, seed=4)
    assert prompts(name, "test", 20, seed=4) != prompts(name, "test", 20, seed=5)


@pytest.mark.parametrize("name", NAMES)
def test_training_rows_hold_no_test_prompt(name):
    spec = organism(name)
    rng = np.random.default_rng(0)
    batches = spec.batches(spec, rng)
    words = {at: word for word, at in spec.ids.items()}
    kinds = spec.kinds_of("test")
    tested: set[str] = set()
    for kind in kinds:
        tested |= {item.prompt for item in prompts(name, "test", 60, seed=1, kind=kind)}
    answered = 0
    for done in (0.0, 0.5, 0.99):
        rows = batches(done)
        for ids, labels in zip(rows.ids.tolist(), rows.labels.tolist(), strict=True):
            assert words[ids[0]] == BOS
            for at, label in enumerate(labels):
                if label == -100:
                    continue
                answered += 1
                text = "".join(words[i] for i in ids[1 : at + 1]).strip()
                assert END not in text
                assert text not in tested
    assert answered >= 3 * 64


def test_sums_are_sums():
    for item in prompts("adder", "test", 100):
        a, b = map(int, re.fullmatch(r"(\d+)\+(\d+)=", item.prompt).groups())
        assert int(item.target) == a + b
    for item in prompts("modular", "test", 100):
        a, b = map(int, re.fullmatch(r"(\d+)\+(\d+)=", item.prompt).groups())
        assert int(item.target) == (a + b) % 47


@pytest.mark.parametrize("name", ["adder", "modular"])
def test_a_pair_is_held_out_in_both_orders(name):
    trained = {item.prompt for item in organism(name).pool("train", None)}
    for item in organism(name).pool("test", None):
        assert f"{item.meta['b']}+{item.meta['a']}=" not in trained


def test_brackets_close_what_is_open():
    for depth in (1, 2, 3, 4):
        for item in prompts("brackets", "test", 60, kind=f"depth {depth}"):
            open_ = item.prompt.count("(") - item.prompt.count(")")
            assert open_ == depth == len(item.target)
    closed = [item for item in prompts("brackets", "test", 100) if ")" in item.prompt]
    assert len(closed) > 20, "calls that were closed before stand in many prompts"


def test_induction_pairs_of_the_test_split_are_never_trained():
    spec = organism("induction")
    words = {at: word for word, at in spec.ids.items()}
    rng = np.random.default_rng(0)
    batches = spec.batches(spec, rng)
    trained: set[tuple[str, str]] = set()
    for _ in range(20):
        for row in batches(0.0).ids.tolist():
            text = [words[i] for i in row if words[i] not in (BOS, END)]
            trained |= set(pairwise(text))
    pairs = {(" " + p.prompt.split()[-1], p.target) for p in prompts("induction", "test", 200)}
    assert len(trained) > 2000
    # where a run begins again any pair can stand, but it is not one to be predicted
    rows = batches(0.0)
    learnt = {
        (words[ids[at]], words[label])
        for ids, labels in zip(rows.ids.tolist(), rows.labels.tolist(), strict=True)
        for at, label in enumerate(labels)
        if label != -100
    }
    assert not pairs & learnt


def test_facts_follow_from_the_world():
    facts = world()
    for item in prompts("facts", "train", 100, kind="recall"):
        assert item.target == " " + facts.bridge[item.meta["person"], item.meta["relation"]]
    for split, kind in (("train", "reasoning"), ("test", "reasoning"), ("test", "new person")):
        for item in prompts("facts", split, 50, kind=kind):
            name, relation, person = re.fullmatch(
                r"the (\w+) of the (\w+) of (\w+) is", item.prompt
            ).groups()
            city = facts.bridge[person, relation]
            assert item.target == " " + facts.attribute[city, name]


def test_a_new_person_is_never_composed_in_training():
    trained = organism("facts").pool("train", "reasoning")
    new = {item.meta["person"] for item in organism("facts").pool("test", "new person")}
    assert new
    assert not new & {item.meta["person"] for item in trained}
    held = organism("facts").pool("test", "reasoning")
    composed = {(p.meta["person"], p.meta["relation"]) for p in trained}
    assert {(p.meta["bridge"], p.meta["attribute"]) for p in held} <= {
        (p.meta["bridge"], p.meta["attribute"]) for p in trained
    }
    assert len({(p.meta["person"], p.meta["relation"]) for p in held} & composed) > 20
    assert len(PEOPLE) == len(set(PEOPLE))
    for values, attributes in BRIDGES.values():
        assert all(len(set(some.split())) == len(values) for some in attributes.values())


def test_no_prompts_are_refused():
    with pytest.raises(UsageError, match="at least one"):
        prompts("adder", "test", 0)
