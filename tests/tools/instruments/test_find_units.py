"""Finding units by what they respond to, on planted units whose functions are known."""

import tracemalloc

import numpy as np
import pytest
from neuroscribe.tools import instruments as _belt  # noqa: F401
from neuroscribe.tools.activations.association import associations
from neuroscribe.tools.activations.selectivity import Inputs, halves, neuron_sites
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import TokenWindows, cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.registry import call, offered


@pytest.fixture(scope="module")
def host() -> Target:
    return Target.load("planted")


@pytest.fixture(scope="module")
def windows(host: Target) -> TokenWindows:
    corpus = load_corpus("builtin:stories", target=host, most_tokens=24_000)
    return cut(host, corpus.splits().explore)


@pytest.fixture
def lab(host: Target, windows: TokenWindows) -> Lab:
    return Lab(host, windows, open=True)


@pytest.mark.parametrize(
    ("what", "unit"),
    [
        ("animals", "planted/0"),
        ("words about animals", "planted/0"),
        (["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"], "planted/1"),
        ({"kind": "concept", "name": "months"}, "planted/1"),
    ],
)
def test_planted_units_are_found(lab: Lab, what: object, unit: str) -> None:
    found = call(lab, "find_units", {"what": what, "many": 3})
    assert found.error is None
    best = found.data["found"][0]
    assert best["unit"] == unit
    assert best["responds"]
    assert best["selective"]
    assert best["chosen"] > 2 * max(found.data["control"]["chosen"])
    assert best["interval"][0] > max(found.data["control"]["held_out"])
    assert found.data["units"] == 2 * 172 + 12
    assert {item["unit"] for item in found.data["measured"]} >= {unit}


def test_nothing_is_found_where_nothing_responds(lab: Lab) -> None:
    """Among the planted units none is about buildings, and the shuffles say so."""
    found = call(lab, "find_units", {"what": "buildings", "sites": ["planted"]})
    assert found.error is None
    assert not any(hit["selective"] for hit in found.data["found"])


def test_the_controls_account_for_the_number_of_units(lab: Lab) -> None:
    """Words without a common meaning have a best unit too, which is no better than for others."""
    counts = np.bincount(lab.explore.word[lab.explore.word >= 0])
    names = [lab.explore.words[at] for at in np.flatnonzero((counts > 12) & (counts < 40))]
    words = np.random.default_rng(5).choice(names, 4, replace=False).tolist()
    found = call(lab, "find_units", {"what": words, "many": 5})
    assert found.data["found"][0]["responds"]
    assert not found.data["found"][0]["selective"]


def test_what_is_rare_is_written_into_sentences(lab: Lab) -> None:
    found = call(lab, "find_units", {"what": "pharaoh"})
    assert found.error is None
    assert found.data["written"]
    assert "too few: measured on" in found.text
    assert all("text" in item for item in found.data["measured"])


def test_example_texts(lab: Lab) -> None:
    """A text counts by the peak of the unit in it."""
    active = [f"{who} saw the {one} today." for one in ("cat", "dog") for who in "ABCDEFG"]
    silent = [f"{who} saw the {one} today." for one in ("cup", "door") for who in "ABCDEFG"]
    found = call(lab, "find_units", {"active": active, "silent": silent, "sites": ["planted"]})
    assert found.error is None
    assert found.data["found"][0]["unit"] == "planted/0"
    assert found.data["found"][0]["responds"]


def test_moments_are_those_of_all_values(lab: Lab) -> None:
    """The streamed correlations equal those computed from all activations at once."""
    rows = lab.explore.rows(slice(0, 40))
    rng = np.random.default_rng(0)
    degrees = rng.random((2, *rows.ids.shape)).astype(np.float32)
    found = associations(lab, rows, degrees, ["mlp.1"])["mlp.1"]
    values = lab.activations(rows, [lab.target.unit("mlp.1/7")])[0][rows.counted]
    for at in (0, 1):
        expected = np.corrcoef(values, degrees[at][rows.counted])[0, 1]
        assert found[at, 0, 7] == pytest.approx(expected, abs=1e-6)
        assert found[at, 1, 7] == pytest.approx(-expected, abs=1e-6)


def test_memory_does_not_grow_with_tokens(lab: Lab) -> None:
    peaks = []
    for many in (40, 160):
        rows = lab.explore.rows(slice(0, many))
        degrees = np.zeros((3, *rows.ids.shape), np.float32)
        tracemalloc.start()
        associations(lab, rows, degrees, neuron_sites(lab.target))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    everything = 160 * lab.explore.ids.shape[1] * 356 * 4
    assert peaks[1] - peaks[0] < everything / 8


def test_halves_share_no_document_and_hold_alike(lab: Lab) -> None:
    degrees = np.zeros(lab.explore.ids.shape, np.float32)
    degrees[::7, 3] = 1
    inputs = Inputs(lab.explore, degrees)
    second = halves(inputs)
    document = lab.explore.document
    assert not set(document[second]) & set(document[~second])
    holding = [np.unique(document[part & inputs.holds.any(1)]).size for part in (second, ~second)]
    assert abs(holding[0] - holding[1]) <= 1


def test_it_is_offered_where_no_unit_is_under_study(lab: Lab) -> None:
    assert "find_units" in offered(lab)
    lab.open = False
    assert "find_units" not in offered(lab)


def test_a_call_can_be_repeated(lab: Lab, host: Target, windows: TokenWindows) -> None:
    first = call(lab, "find_units", {"what": "animals"})
    assert call(Lab(host, windows, open=True), "find_units", {"what": "animals"}).text == first.text


@pytest.mark.parametrize(("colour", "unit"), [("red", "conv.0/0"), ("green", "conv.0/1")])
def test_the_unit_of_a_colour_is_found(open_pictures: Lab, colour: str, unit: str) -> None:
    found = call(open_pictures, "find_units", {"what": f"{colour} things", "sites": ["conv"]})
    assert found.error is None
    best = [one["unit"] for one in found.data["found"] if one["responds"]]
    assert unit in best
    assert found.data["units"] == 64
    assert all("window" in item for item in found.data["measured"])


def test_pictures_by_number(open_pictures: Lab) -> None:
    scenes = [one.scene for one in open_pictures.explore.pictures]  # type: ignore[attr-defined]
    red = [any(thing.colour == "red" for thing in scene.things) for scene in scenes]
    active = [str(row) for row, shows in enumerate(red) if shows]
    silent = [str(row) for row, shows in enumerate(red) if not shows]
    given = {"active": active, "silent": silent, "sites": ["conv.0"]}
    found = call(open_pictures, "find_units", given)
    assert found.error is None
    assert "conv.0/0" in [one["unit"] for one in found.data["found"] if one["responds"]]


@pytest.mark.parametrize(
    ("bench", "arguments", "said"),
    [
        ("lab", {}, "what should the units respond to"),
        ("lab", {"what": "digits"}, "at least 5 in each half"),
        ("lab", {"what": {"kind": "position", "start": 0}}, "nearly all"),
        ("lab", {"what": "animals", "sites": ["mlp.9"]}, "no site"),
        ("lab", {"what": "animals", "active": ["a cat"]}, "not both"),
        ("lab", {"active": ["a cat", "a dog"]}, "too few to choose"),
        ("lab", {"what": {"kind": "wrods"}}, "kind"),
        ("open_pictures", {}, "what should the units respond to"),
        ("open_pictures", {"what": "kitchens"}, "names nothing that pictures are read for"),
        ("open_pictures", {"what": "purple elephants in snow"}, "at least 10 with it"),
        ("open_pictures", {"active": ["one"]}, "is no picture"),
        ("open_pictures", {"what": "red", "active": ["1"]}, "not both"),
    ],
)
def test_what_cannot_be_searched_is_said(bench: str, arguments: dict, said: str, request) -> None:
    assert said in str(call(request.getfixturevalue(bench), "find_units", arguments).error)
