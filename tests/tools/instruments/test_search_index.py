"""Searching an index: planted units are found by what they like, and nothing where nothing is."""

import pytest
from neuroscribe.tools import instruments as _belt  # noqa: F401
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.exemplars import ExemplarIndex, build_index
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.registry import call, offered


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    target = Target.load("planted")
    corpus = load_corpus("builtin:stories:200", target=target)
    windows = cut(target, corpus.splits().explore, length=64)
    folder = tmp_path_factory.mktemp("index")
    build_index(target, windows, ["planted", "mlp.1"], folder, k=20, sample=64, corpus="stories")
    index = ExemplarIndex.open(folder, target=target, windows=windows)
    return Lab(target, windows, index=index, open=True)


def test_a_planted_unit_is_found_by_its_concept(lab: Lab) -> None:
    before = lab.meter.forward_tokens
    made = call(lab, "search_index", {"what": "animals"})
    assert made.data["found"][0]["unit"] == "planted/0"
    assert made.data["found"][0]["p"] < 1e-10
    assert made.text.splitlines()[1].startswith("planted/0: ")
    assert lab.meter.forward_tokens == before


def test_nothing_is_found_where_nothing_is(lab: Lab) -> None:
    made = call(lab, "search_index", {"what": ["zebra", "quartz"]})
    assert "none beyond chance" in made.text


def test_sites_are_chosen(lab: Lab) -> None:
    made = call(lab, "search_index", {"what": "animals", "sites": ["mlp.1"]})
    assert {row["unit"].split("/")[0] for row in made.data["found"]} == {"mlp.1"}


def test_the_places_are_those_of_single_units(lab: Lab) -> None:
    assert lab.index is not None
    windows, places = lab.index.top_places("mlp.1", -1)
    for unit in (0, 7):
        top = lab.index.unit(f"mlp.1/{unit}-").top
        assert [(one.window, one.place) for one in top] == list(
            zip(windows[unit], places[unit], strict=True)
        )[: len(top)]


def test_it_is_offered_with_an_index_only(lab: Lab) -> None:
    assert "search_index" in offered(lab)
    assert "search_index" not in offered(Lab(lab.target, lab.explore, open=True))


def test_sites_that_the_index_lacks_are_said(lab: Lab) -> None:
    made = call(lab, "search_index", {"what": "animals", "sites": ["mlp.0"]})
    assert "the index has no site mlp.0; it has planted, mlp.1" in str(made.error)
