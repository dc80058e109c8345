"""Searching an index: planted units are found by what they like, and nothing where nothing is."""

import pytest
from checks import rejects
from neuroscribe.tools.data.windows import TokenWindows
from neuroscribe.tools.exemplars import ExemplarIndex, build_index
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.registry import call, offered


@pytest.fixture(scope="module")
def lab(host_windows: TokenWindows, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    target, folder = Target.load("planted"), tmp_path_factory.mktemp("index")
    build_index(target, host_windows, ["planted", "mlp.1"], folder, sample=64, corpus="stories")
    index = ExemplarIndex.open(folder, target=target, windows=host_windows)
    return Lab(target, host_windows, index=index, open=True)


def test_units_are_found_by_concept_and_site(lab):
    before = lab.meter.forward_tokens
    made = call(lab, "search_index", {"what": "animals"})
    assert made.data["found"][0]["unit"] == "planted/0"
    assert made.data["found"][0]["p"] < 1e-10
    assert made.text.splitlines()[1].startswith("planted/0: ")
    assert lab.meter.forward_tokens == before
    made = call(lab, "search_index", {"what": ["zebra", "quartz"]})
    assert "none beyond chance" in made.text
    made = call(lab, "search_index", {"what": "animals", "sites": ["mlp.1"]})
    assert {row["unit"].split("/")[0] for row in made.data["found"]} == {"mlp.1"}
    lacks = "the index has no site mlp.0; it has planted, mlp.1"
    rejects(lacks, lab, "search_index", {"what": "animals", "sites": ["mlp.0"]})


def test_the_places_are_those_of_single_units(lab):
    windows, places = lab.index.top_places("mlp.1", -1)
    for unit in (0, 7):
        top = [(one.window, one.place) for one in lab.index.unit(f"mlp.1/{unit}-").top]
        assert top == list(zip(windows[unit], places[unit], strict=True))[: len(top)]
    assert "search_index" in offered(lab)
    assert "search_index" not in offered(Lab(lab.target, lab.explore, open=True))
