"""Finding, comparing and checking units on pictures, where it is known what they see."""

from collections.abc import Callable

import pytest
from neuroscribe.tools.activations.records import inputs_of
from neuroscribe.tools.data.pictures import ImageCorpus
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.hypotheses.picture_query import wanted_picture
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call

MakeLab = Callable[..., Lab]


@pytest.fixture
def bench(make_lab: MakeLab) -> Lab:
    found = make_lab(open=True)
    found.unit = None
    return found


@pytest.mark.parametrize(("colour", "unit"), [("red", "conv.0/0"), ("green", "conv.0/1")])
def test_the_unit_of_a_colour_is_found(bench: Lab, colour: str, unit: str) -> None:
    found = call(bench, "find_units", {"what": f"{colour} things", "sites": ["conv"]})
    assert found.error is None
    best = [one["unit"] for one in found.data["found"] if one["responds"]]
    assert unit in best
    assert found.data["units"] == 64
    assert all("window" in item for item in found.data["measured"])


def test_pictures_by_number(bench: Lab) -> None:
    red = [row for row in range(len(bench.explore)) if _shows(bench, row, "red")]
    other = [row for row in range(len(bench.explore)) if not _shows(bench, row, "red")]
    given = {"active": list(map(str, red)), "silent": list(map(str, other)), "sites": ["conv.0"]}
    found = call(bench, "find_units", given)
    assert found.error is None
    assert "conv.0/0" in [one["unit"] for one in found.data["found"] if one["responds"]]


def _shows(bench: Lab, row: int, colour: str) -> bool:
    scene = bench.explore.pictures[row].scene  # type: ignore[union-attr]
    return any(thing.colour == colour for thing in scene.things)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"what": "kitchens"}, "names nothing that pictures are read for"),
        ({"what": "purple elephants in snow"}, "at least 10 with it"),
        ({"active": ["one"]}, "is no picture"),
        ({"what": "red", "active": ["1"]}, "not both"),
        ({}, "what should the units respond to"),
    ],
)
def test_what_cannot_be_searched_is_said(bench: Lab, arguments: dict, said: str) -> None:
    found = call(bench, "find_units", arguments)
    assert found.error is not None
    assert said in found.error


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("cats", "a cat"),
        ("striped things", "something striped"),
        ("pictures with snow", "a snow background"),
        ("small red squares", "a small red square"),
    ],
)
def test_plain_english(bench: Lab, text: str, english: str) -> None:
    assert wanted_picture(bench, text).predicate.english() == english


def test_unread_words_are_said(bench: Lab) -> None:
    assert "zorbly" in wanted_picture(bench, "zorbly red things").note
    with pytest.raises(UsageError, match="nearest"):
        wanted_picture(bench, "zorbly")


def test_two_channels_are_compared(bench: Lab) -> None:
    found = call(bench, "compare_units", {"first": "conv.0/0", "second": "conv.0/1"})
    assert found.error is None
    assert not found.data["alike"]
    assert found.data["first_alone"] > 0 < found.data["second_alone"]
    assert {item["unit"] for item in found.data["measured"]} == {"conv.0/0", "conv.0/1"}


def test_a_channel_is_checked_on_other_pictures(bench: Lab) -> None:
    red = {"kind": "area", "colours": ["red"], "at_least": 0.03}
    given = {"unit": "conv.0/0", "data": "builtin:scenes:240", "hypothesis": red}
    found = call(bench, "check_on", given)
    assert found.error is None
    assert found.data["hypothesis"]["again"] in ("holds", "weaker")
    assert all("recipe" in item for item in found.data["measured"])
    assert len(inputs_of(bench, found.data["measured"])) == len(found.data["measured"])


def test_texts_are_not_for_pictures(bench: Lab) -> None:
    found = call(bench, "check_on", {"unit": "conv.0/0", "texts": ["a red circle"]})
    assert found.error is not None
    assert "draw" in found.error


def test_pictures_that_were_explored_or_would_be_held_out_are_not_shown(
    bench: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rule of texts: `Corpus.unseen`."""
    from neuroscribe.tools.data.corpus import split_of
    from neuroscribe.tools.images import recipes
    from neuroscribe.tools.instruments import check_on

    whole = check_on.load_corpus("builtin:scenes:120", target=bench.target, seed=bench.seed + 1)
    known = {one.key for one in recipes.pictures_of(bench).pictures}
    both = ImageCorpus("both", [*whole.pictures, *recipes.pictures_of(bench).pictures])
    monkeypatch.setattr(check_on, "load_corpus", lambda *_, **__: both)
    found = call(bench, "check_on", {"unit": "conv.0/0", "data": "builtin:scenes:120", "many": 12})
    fair = [
        one for one in whole.pictures if split_of(one.key) == "explore" and one.key not in known
    ]
    assert 0 < len(fair) < len(whole.pictures)
    assert found.data["there"]["places"] == len(fair)
