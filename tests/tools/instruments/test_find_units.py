"""Finding units by what they respond to, on planted units whose functions are known."""

import tracemalloc

import numpy as np
import pytest
from checks import done, rejects, tables
from neuroscribe.tools.activations.association import associations
from neuroscribe.tools.activations.selectivity import Inputs, halves, neuron_sites
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call


@pytest.mark.parametrize(
    ("what", "unit"),
    [
        ("animals", "planted/0"),
        ("words about animals", "planted/0"),
        (["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"], "planted/1"),
        ({"kind": "concept", "name": "months"}, "planted/1"),
    ],
)
def test_planted_units_are_found(host_lab, what, unit):
    found = done(host_lab, "find_units", {"what": what, "many": 3})
    best = found.data["found"][0]
    assert best["unit"] == unit
    assert best["responds"]
    assert best["selective"]
    assert best["chosen"] > 2 * max(found.data["control"]["chosen"])
    assert best["interval"][0] > max(found.data["control"]["held_out"])
    assert found.data["units"] == 2 * 172 + 12
    assert {item["unit"] for item in found.data["measured"]} >= {unit}


def test_what_does_not_occur_and_what_is_rare(host_lab):
    """Among the planted units none is about buildings, and the shuffles say so."""
    found = done(host_lab, "find_units", {"what": "buildings", "sites": ["planted"]})
    assert not any(hit["selective"] for hit in found.data["found"])
    found = done(host_lab, "find_units", {"what": "pharaoh"})
    assert found.data["written"]
    assert "too few: measured on" in found.text
    assert all("text" in item for item in found.data["measured"])


def test_the_controls_account_for_the_number_of_units(host_lab):
    """Words without a common meaning have a best unit too, which is no better than for others."""
    counts = np.bincount(host_lab.explore.word[host_lab.explore.word >= 0])
    names = [host_lab.explore.words[at] for at in np.flatnonzero((counts > 12) & (counts < 40))]
    words = np.random.default_rng(5).choice(names, 4, replace=False).tolist()
    found = call(host_lab, "find_units", {"what": words, "many": 5})
    assert found.data["found"][0]["responds"]
    assert not found.data["found"][0]["selective"]


def test_example_texts(host_lab):
    """A text counts by the peak of the unit in it."""
    active = [f"{who} saw the {one} today." for one in ("cat", "dog") for who in "ABCDEFG"]
    silent = [f"{who} saw the {one} today." for one in ("cup", "door") for who in "ABCDEFG"]
    found = done(host_lab, "find_units", {"active": active, "silent": silent, "sites": ["planted"]})
    assert found.data["found"][0]["unit"] == "planted/0"
    assert found.data["found"][0]["responds"]
    labs = [Lab(host_lab.target, host_lab.explore, open=True) for _ in range(2)]
    one, other = (call(lab, "find_units", {"what": "animals"}) for lab in labs)
    assert one.text == other.text


def test_moments_are_those_of_all_values(host_lab):
    """The streamed correlations equal those computed from all activations at once."""
    rows = host_lab.explore.rows(slice(0, 40))
    rng = np.random.default_rng(0)
    degrees = rng.random((2, *rows.ids.shape)).astype(np.float32)
    found = associations(host_lab, rows, degrees, ["mlp.1"])["mlp.1"]
    values = host_lab.activations(rows, [host_lab.target.unit("mlp.1/7")])[0][rows.counted]
    for at in (0, 1):
        expected = np.corrcoef(values, degrees[at][rows.counted])[0, 1]
        assert found[at, 0, 7] == pytest.approx(expected, abs=1e-6)
        assert found[at, 1, 7] == pytest.approx(-expected, abs=1e-6)


def test_memory_does_not_grow_with_tokens(host_lab):
    peaks = []
    for many in (40, 160):
        rows = host_lab.explore.rows(slice(0, many))
        degrees = np.zeros((3, *rows.ids.shape), np.float32)
        tracemalloc.start()
        associations(host_lab, rows, degrees, neuron_sites(host_lab.target))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    everything = 160 * host_lab.explore.ids.shape[1] * 356 * 4
    assert peaks[1] - peaks[0] < everything / 8


def test_halves_share_no_document_and_hold_alike(host_lab):
    degrees = np.zeros(host_lab.explore.ids.shape, np.float32)
    degrees[::7, 3] = 1
    inputs = Inputs(host_lab.explore, degrees)
    second = halves(inputs)
    document = host_lab.explore.document
    assert not set(document[second]) & set(document[~second])
    holding = [np.unique(document[part & inputs.holds.any(1)]).size for part in (second, ~second)]
    assert abs(holding[0] - holding[1]) <= 1


@pytest.mark.parametrize(("colour", "unit"), [("red", "conv.0/0"), ("green", "conv.0/1")])
def test_the_unit_of_a_colour_is_found(open_pictures, colour, unit):
    found = done(open_pictures, "find_units", {"what": f"{colour} things", "sites": ["conv"]})
    best = [one["unit"] for one in found.data["found"] if one["responds"]]
    assert unit in best
    assert found.data["units"] == 64
    assert all("window" in item for item in found.data["measured"])


def test_pictures_by_number(open_pictures):
    scenes = [one.scene for one in open_pictures.explore.pictures]  # type: ignore[attr-defined]
    red = [any(thing.colour == "red" for thing in scene.things) for scene in scenes]
    active = [str(row) for row, shows in enumerate(red) if shows]
    silent = [str(row) for row, shows in enumerate(red) if not shows]
    given = {"active": active, "silent": silent, "sites": ["conv.0"]}
    found = done(open_pictures, "find_units", given)
    assert "conv.0/0" in [one["unit"] for one in found.data["found"] if one["responds"]]


@pytest.mark.parametrize(
    ("bench", "arguments", "said"), tables(__file__)["what_cannot_be_searched_is_said"]
)
def test_what_cannot_be_searched_is_said(bench, arguments, said, request):
    rejects(said, request.getfixturevalue(bench), "find_units", arguments)
