"""Every predicate kind against a slow reference, on real text under two tokenizers."""

import time

import numpy as np
import pytest
from checks import tables
from neuroscribe.tools.data.stories import stories
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.predicates import KINDS, PICTURE_KINDS, parse
from predicate_reference import Reference

TEXTS = [
    "The hot cat saw two cats in New York, and the dog's big mouse won 3 cups! The CAT ran home.",
    "Mr. O’Neil didn't see the unbelievably hot-headed dogs; iPhone users in new york ran (fast).",
    "Once upon a time, there was a little girl named Lily. She loved to play with her dog. The dog "
    "ran after the cats. One day, Lily saw a big cat by the tree. The cat was hot. Lily said: NO!",
    "naïve café ... 42 mice -- 1990s déjà-vu\n\n  the the the cat the",
    "",
    "?!",
    "3 + 4 = 7, 12 5 2 2 the 2 a 9 8 2 2",
    ") [ ( ] ( ) [ { ( ) } ( ] (",
]
WORDS = {"kind": "words", "words": ["cat", "dog"], "inflect": True}
CASES = tables(__file__)["cases"]


@pytest.fixture(scope="module", params=["minilm", "stories260k"])
def windows(request):
    return cut(request.getfixturevalue(request.param), TEXTS, length=17)


def test_cases_name_every_kind_and_are_not_constant(windows, minilm):
    assert {case["kind"] for case in CASES} == set(KINDS) - set(PICTURE_KINDS) - {
        "judged",
        "predicted",
        "attends",
        "field",
        "coordinates",
    }
    # The comparison would prove nothing on predicates that are constant here.
    values = {str(case): parse(case).evaluate(windows)[windows.counted] for case in CASES}
    constant = [case for case, inside in values.items() if inside.min() == inside.max()]
    assert len(constant) <= 3, constant  # an uncased vocabulary has few token shapes
    windows = cut(minilm, ["unbelievableness unbelievableness unbelievableness"], length=5)
    starts = parse({"kind": "shape", "shape": "word_start"}).evaluate(windows)
    assert starts.sum() == 3
    assert len(windows) >= 2


@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_the_reference(windows, case):
    expected = np.array(Reference(windows).evaluate(case), np.float32)
    found = parse(case).evaluate(windows)
    assert found.dtype == np.float32
    assert found.shape == windows.ids.shape
    wrong = np.argwhere(~np.isclose(found, expected, atol=1e-6))
    shown = [(windows.vocabulary[windows.ids[r, c]], r, c) for r, c in wrong[:5]]
    assert not len(wrong), shown
    assert 0 <= found.min() <= found.max() <= 1
    assert not found[~windows.counted].any()
    for chosen in ([3, 0, 0], []):
        np.testing.assert_array_equal(parse(case).evaluate(windows.rows(chosen)), found[chosen])


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
