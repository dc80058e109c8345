"""Prompts are what they claim, splits share nothing, training rows never hold what is tested."""

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from neuroscribe.tasks.organisms import ORGANISMS, organism, prompts
from neuroscribe.tasks.organisms.facts import BRIDGES, PEOPLE, world
from neuroscribe.tasks.organisms.spec import BOS, END
from neuroscribe.tools.errors import UsageError

NAMES = sorted(ORGANISMS)


@pytest.mark.parametrize("name", NAMES)
def test_splits_share_no_prompt_and_seeds_repeat(name):
    spec = organism(name)
    for kind in spec.kinds_of("test"):
        test = {item.prompt for item in prompts(name, "test", 60, seed=1, kind=kind)}
        train = {item.prompt for item in prompts(name, "train", 500, seed=2)}
        assert len(test) == 60
        assert not test & train
    first, again, other = (prompts(name, "test", 20, seed=seed) for seed in (4, 4, 5))
    assert first == again != other


def answered(name: str, rows: Any) -> list[tuple[str, list[str]]]:
    """The answers of training rows, each with the words before it."""
    words = {at: word for word, at in organism(name).ids.items()}
    return [
        (words[label], [words[i] for i in ids[: at + 1]])
        for ids, labels in zip(rows.ids.tolist(), rows.labels.tolist(), strict=True)
        for at, label in enumerate(labels)
        if label != -100
    ]


@pytest.mark.parametrize("name", NAMES)
def test_training_rows_hold_no_test_prompt(name):
    spec = organism(name)
    batches = spec.batches(spec, np.random.default_rng(0))
    tested = {
        item.prompt
        for kind in spec.kinds_of("test")
        for item in prompts(name, "test", 60, seed=1, kind=kind)
    }
    found = [one for done in (0.0, 0.5, 0.99) for one in answered(name, batches(done))]
    for _, (begin, *before) in found:
        text = "".join(before).strip()
        assert begin == BOS
        assert END not in text
        assert text not in tested
    assert len(found) >= 3 * 64


def test_sums_are_sums():
    for name, modulus in (("adder", 10**9), ("modular", 47)):
        for item in prompts(name, "test", 100):
            a, b = map(int, re.fullmatch(r"(\d+)\+(\d+)=", item.prompt).groups())
            assert int(item.target) == (a + b) % modulus
        trained = {item.prompt for item in organism(name).pool("train", None)}
        for item in organism(name).pool("test", None):  # held out in both orders
            assert f"{item.meta['b']}+{item.meta['a']}=" not in trained
    with pytest.raises(UsageError, match="at least one"):
        prompts("adder", "test", 0)


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
    batches = spec.batches(spec, np.random.default_rng(0))
    trained: set[tuple[str, str]] = set()
    for _ in range(20):
        for row in batches(0.0).ids.tolist():
            trained |= set(pairwise(words[i] for i in row if words[i] not in (BOS, END)))
    assert len(trained) > 2000
    # where a run begins again any pair can stand, but it is not one to be predicted
    learnt = {(before[-1], answer) for answer, before in answered("induction", batches(0.0))}
    tested = {(" " + p.prompt.split()[-1], p.target) for p in prompts("induction", "test", 200)}
    assert not tested & learnt


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
    facts = organism("facts")
    trained, held = (facts.pool(split, "reasoning") for split in ("train", "test"))
    new = {item.meta["person"] for item in facts.pool("test", "new person")}

    def pairs(items: Any, one: str, other: str) -> set[tuple[str, str]]:
        return {(item.meta[one], item.meta[other]) for item in items}

    assert new
    assert not new & {item.meta["person"] for item in trained}
    assert pairs(held, "bridge", "attribute") <= pairs(trained, "bridge", "attribute")
    asked = pairs(held, "person", "relation") & pairs(trained, "person", "relation")
    assert len(asked) > 20
    assert len(PEOPLE) == len(set(PEOPLE))
    for values, attributes in BRIDGES.values():
        assert all(len(set(some.split())) == len(values) for some in attributes.values())
