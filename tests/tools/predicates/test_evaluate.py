"""Every predicate kind against a slow reference, on real text under two tokenizers."""

import time

import numpy as np
import pytest
from neuroscribe.tools.data.stories import stories
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.predicates import KINDS, PICTURE_KINDS, parse
from predicate_reference import CASED, Reference

TEXTS = [
    "The hot cat saw two cats in New York, and the dog's big mouse won 3 cups! The CAT ran home.",
    "Mr. O’Neil didn't see the unbelievably hot-headed dogs; iPhone users in new york ran (fast).",
    "Once upon a time, there was a little girl named Lily. She loved to play with her dog. The dog "
    "ran after the cats. One day, Lily saw a big cat by the tree. The cat was hot. Lily said: NO!",
    "naïve café ... 42 mice -- 1990s déjà-vu\n\n  the the the cat the",
    "",
    "?!",
]
WORDS = {"kind": "words", "words": ["cat", "dog"], "inflect": True}
THE = {"kind": "words", "words": ["the"]}
GRADED = {"kind": "graded", "levels": [{"of": WORDS, "value": 0.7}, {"of": THE, "value": 0.25}]}
CASES = [
    {"kind": "tokens", "tokens": ["the", " the", "s", ","]},
    WORDS,
    {"kind": "words", "words": ["cat", "Dog", "won"]},
    {"kind": "words", "words": ["New York", "the cat", "hot-headed", "o'neil"], "inflect": True},
    {"kind": "concept", "name": "animals", "words": ["cat", "mouse", "dog"], "part": "noun"},
    {"kind": "regex", "pattern": "^ ?[a-c]", "on": "token"},
    {"kind": "regex", "pattern": "[es]$|^T", "on": "word"},
    *({"kind": "shape", "shape": shape} for shape in CASED),
    {"kind": "shape", "shape": "word_start"},
    {"kind": "shape", "shape": "word_inside"},
    {"kind": "position", "start": 0, "stop": 3},
    {"kind": "position", "start": 2, "stop": None},
    {"kind": "position", "start": 1, "stop": 4, "from_end": True},
    {"kind": "repeated"},
    {"kind": "previous", "of": THE},
    {"kind": "previous", "of": WORDS, "distance": 3},
    {"kind": "previous", "of": THE, "by": "word"},
    {"kind": "previous", "of": GRADED, "by": "word", "distance": 2},
    {"kind": "next", "of": WORDS},
    {"kind": "next", "of": WORDS, "distance": 2, "by": "word"},
    {"kind": "next", "of": {"kind": "shape", "shape": "word_inside"}, "by": "word"},
    {"kind": "earlier", "of": WORDS},
    {"kind": "earlier", "of": GRADED, "within": 5},
    {"kind": "earlier", "of": WORDS, "since": {"kind": "shape", "shape": "punctuation"}},
    {"kind": "earlier", "of": GRADED, "within": 6, "since": {"kind": "words", "words": ["a"]}},
    {"kind": "later", "of": GRADED, "since": {"kind": "shape", "shape": "punctuation"}},
    {"kind": "later", "of": WORDS},
    {"kind": "later", "of": {"kind": "regex", "pattern": "o", "on": "token"}, "within": 3},
    {"kind": "count", "of": THE, "at_least": 2},
    {"kind": "count", "of": WORDS, "at_least": 0, "at_most": 1},
    {"kind": "and", "of": [WORDS, {"kind": "previous", "of": THE, "by": "word"}]},
    {"kind": "or", "of": [GRADED, {"kind": "repeated"}]},
    {"kind": "not", "of": GRADED},
    {"kind": "except", "of": WORDS, "but": {"kind": "previous", "of": THE, "by": "word"}},
    GRADED,
    {"kind": "earlier", "of": {"kind": "not", "of": {"kind": "shape", "shape": "lower"}}},
    {
        "kind": "graded",
        "levels": [
            {
                "of": {"kind": "except", "of": WORDS, "but": {"kind": "earlier", "of": THE}},
                "value": 1,
            },
            {"of": {"kind": "next", "of": {"kind": "not", "of": WORDS}}, "value": 0.5},
        ],
    },
]

IDS = [f"{case['kind']}-{number}" for number, case in enumerate(CASES)]


@pytest.fixture(scope="module", params=["minilm", "stories260k"])
def windows(request):
    return cut(request.getfixturevalue(request.param), TEXTS, length=17)


def test_cases_name_every_kind():
    assert {case["kind"] for case in CASES} == set(KINDS) - set(PICTURE_KINDS)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_equals_the_reference(windows, case):
    expected = np.array(Reference(windows).evaluate(case), np.float32)
    found = parse(case).evaluate(windows)
    assert found.dtype == np.float32
    assert found.shape == windows.ids.shape
    wrong = np.argwhere(~np.isclose(found, expected))
    shown = [(windows.vocabulary[windows.ids[r, c]], r, c) for r, c in wrong[:5]]
    assert not len(wrong), shown


@pytest.mark.parametrize("case", [WORDS, THE, GRADED, *CASES[-6:]], ids=str)
def test_rows_of_windows_evaluate_alike(windows, case):
    whole = parse(case).evaluate(windows)
    chosen = [3, 0, 0]
    np.testing.assert_array_equal(parse(case).evaluate(windows.rows(chosen)), whole[chosen])


def test_most_cases_hold_somewhere_and_not_everywhere(windows):
    """The comparison would prove nothing on predicates that are constant here."""
    constant = []
    for case in CASES:
        inside = parse(case).evaluate(windows)[windows.counted]
        if inside.min() == inside.max():
            constant.append(case)
    assert len(constant) <= 3, constant  # an uncased vocabulary has few token shapes


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["kind"])
def test_no_windows_no_values(windows, case):
    none = windows.rows(slice(0, 0))
    assert parse(case).evaluate(none).shape == none.ids.shape


def test_a_word_cut_by_the_window_is_not_started_again(minilm):
    windows = cut(minilm, ["unbelievableness unbelievableness unbelievableness"], length=5)
    starts = parse({"kind": "shape", "shape": "word_start"}).evaluate(windows)
    assert starts.sum() == 3
    assert len(windows) >= 2


def test_values_stay_between_zero_and_one_and_off_uncounted_places(windows):
    for case in CASES:
        values = parse(case).evaluate(windows)
        assert values.min() >= 0
        assert values.max() <= 1
        assert not values[~windows.counted].any()


def test_hundred_thousand_tokens_take_milliseconds(minilm):
    windows = cut(minilm, list(stories(700, seed=3)), length=64)
    many = np.tile(np.arange(len(windows)), 8)[: 100_000 // 64]
    windows = windows.rows(many)
    rule = parse(
        {
            "kind": "except",
            "of": {"kind": "or", "of": [WORDS, {"kind": "concept", "name": "birds"}]},
            "but": {"kind": "previous", "of": ["old", "the"], "by": "word"},
        }
    )
    seconds = []
    for _ in range(7):
        start = time.perf_counter()
        assert rule.evaluate(windows).any()
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.05, seconds  # about 5 ms on an idle core
