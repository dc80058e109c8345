"""Predicates of causal targets never look ahead: what stands behind a place does not change it."""

import re

import numpy as np
import pytest
from checks import refused, tables
from neuroscribe.tools.data.windows import TokenWindows, cut
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.predicates.ahead import refuse_ahead
from stand_in import StandIn
from tokenizer_families import family

CAT = {"kind": "words", "words": ["cat", "indented", "the", "don't"], "inflect": True}
# `computed` has its own test
AHEAD = re.compile("'next'|'later'|from_end|'after'|'either'|'both'|'computed'")
CASES = [
    case
    for case in [CAT, *tables(__file__, "test_evaluate")["cases"]]
    if not AHEAD.search(str(case))
]
LOOK_AHEAD = [
    {"kind": "next", "of": CAT},
    {"kind": "later", "of": CAT},
    {"kind": "position", "start": 0, "stop": 2, "from_end": True},
    {"kind": "repeated", "side": "after"},
    {"kind": "repeated", "side": "either"},
    {"kind": "tally", "of": CAT, "side": "after", "equals": 1},
    {"kind": "extreme", "side": "both"},
    {"kind": "partner", "side": "after"},
]
PIECES = [
    *("the", "cat", "cats", "catalogue", "indented", "indent", "don't", "O'Brien", "dogs'", "New"),
    *("York", "YORKER", "naïve", "Déjà", "vu", "日本", "😀", "22", "3.14", "?", "'", "mice", "x"),
]


def _pairs(name: str) -> list[tuple[TokenWindows, TokenWindows, int]]:
    """Two texts that share their first so many tokens, and differ behind them."""
    target, draw = StandIn(family(name)), np.random.default_rng(0)
    found = []
    while len(found) < 60:
        text = " ".join(draw.choice(PIECES, 6)) + draw.choice(["", "", " ", ", "])
        other = text[: int(draw.integers(1, len(text)))] + str(draw.choice(PIECES))
        one, two = cut(target, [text], length=512), cut(target, [other], length=512)
        width = min(one.ids.shape[1], two.ids.shape[1])
        differ = np.flatnonzero(one.ids[0, :width] != two.ids[0, :width])
        shared = int(differ[0]) if len(differ) else width
        # offsets of a part of a character say where the whole one ends
        while shared and one.vocabulary[one.ids[0, shared - 1]].endswith(">"):
            shared -= 1
        if shared:
            found.append((one, two, shared))
    return found


@pytest.fixture(scope="module", params=["gpt2", "llama2", "t5", "characters"])
def pairs(request: pytest.FixtureRequest) -> list[tuple[TokenWindows, TokenWindows, int]]:
    return _pairs(request.param)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_text_behind_a_place_changes_nothing(pairs, case):
    predicate = parse(case)
    refuse_ahead(predicate)
    for one, two, shared in pairs:
        values = [predicate.evaluate(windows)[0, :shared] for windows in (one, two)]
        np.testing.assert_array_equal(*values, err_msg=f"{one.texts} {two.texts} {shared}")


def test_a_word_holds_where_it_has_been_read():
    target = StandIn(family("characters"))
    windows = cut(target, ["a cat sat. cats"], length=64)
    held = parse({"kind": "words", "words": ["cat"]}).evaluate(windows)[0]
    assert np.flatnonzero(held).tolist() == [4, 13]  # the t of "cat", and of "cat" in "cats"
    behind = parse({"kind": "previous", "by": "word", "of": "cat"}).evaluate(windows)[0]
    assert np.flatnonzero(behind).tolist() == [5, 6, 7, 8]  # " sat": the space too, whole words
    ends = parse({"kind": "regex", "pattern": "at$", "on": "word"}).evaluate(windows)[0]
    assert np.flatnonzero(ends).tolist() == [4, 8, 13]
    windows = cut(StandIn(family("characters"), "encoder"), ["a cat"], length=64)
    held = parse({"kind": "words", "words": ["cat"]}).evaluate(windows)[0]
    assert np.flatnonzero(held).tolist() == [2, 3, 4]


@pytest.mark.parametrize("case", LOOK_AHEAD, ids=str)
def test_looking_ahead_is_refused(case):
    for predicate in (case, {"kind": "not", "of": {"kind": "and", "of": [CAT, case]}}):
        caught = refused("cannot have read", refuse_ahead, parse(predicate))
        assert "write" in caught


def test_positions_count_from_the_start_of_the_text():
    first = parse({"kind": "position", "start": 0, "stop": 1})
    sixth = parse({"kind": "position", "start": 5, "stop": 6})
    assert sixth.english() == "the 6th token"
    for name, begins in (("gpt2", 0), ("llama3", 1)):  # with and without a BOS token
        windows = cut(StandIn(family(name)), ["the cat sat on the mat and the"], length=64)
        assert windows.counted[0, begins:].all()
        assert not windows.counted[0, :begins].any()
        assert np.flatnonzero(first.evaluate(windows)[0]).tolist() == [begins]
        assert np.flatnonzero(sixth.evaluate(windows)[0]).tolist() == [begins + 5]
