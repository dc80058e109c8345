"""Planted functions: truth tables, inputs for every cell, and activations among the host's own."""

from collections import Counter

import numpy as np
import pytest
import torch
from neuroscribe.tasks.groundtruth.planted import LEAST
from neuroscribe.tasks.groundtruth.text import functions
from neuroscribe.tasks.groundtruth.text.host import suite_host
from neuroscribe.tasks.groundtruth.text.inputs import probes
from neuroscribe.tasks.groundtruth.text.sets import _vectors
from neuroscribe.tasks.groundtruth.text.suite import KINDS, SITE, bench
from neuroscribe.tools.data.windows import cut, surfaces
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.models import zero
from neuroscribe.tools.models.planted import Vocabulary

TREES = ("oak", "birch", "pine", "willow")
FISH = ("salmon", "trout", "cod", "tuna")
BIRDS = ("sparrow", "robin", "eagle", "owl")


@pytest.fixture(scope="module")
def host():
    return suite_host()


@pytest.fixture(scope="module")
def vocabulary(host):
    return Vocabulary(surfaces(host), host.tokenizer)


@pytest.fixture(scope="module")
def small():
    return bench("A", 3, each=1, inexpressible_each=2, tokens=20_000)


CASES = [
    (functions.one("trees", TREES, FISH), "The oak and the salmon.", ["oak"]),
    (functions.any_of({"t": TREES, "f": FISH}, BIRDS), "The owl, oak, cod.", ["oak", "cod"]),
    (functions.in_context("and", "t", TREES, ("the",), directly=True), "the oak, an oak", ["oak"]),
    (
        functions.in_context("and", "t", TREES, ("cod",), directly=False),
        "oak cod and pine",
        ["pine"],
    ),
    (
        functions.in_context("and-not", "t", TREES, ("the",), directly=True),
        "the oak, an pine",
        ["pine"],
    ),
    (
        functions.in_context("inhibited", "t", TREES, ("cod",), directly=False),
        "oak cod a pine",
        ["oak"],
    ),
    (functions.exception("t", TREES, ("pine",), FISH), "oak, pine, cod", ["oak"]),
    (functions.following("t", TREES, FISH, back=1), "An oak was there", ["was"]),
    (functions.following("t", TREES, FISH, back=2), "An oak was there now", ["was", "there"]),
    (functions.sentence_start(), "He went. She came.", ["She"]),
    (functions.position(1, 3), "He went there now", ["went", "there"]),
    (functions.confounded("s", FISH, TREES, token=True, variant=""), "an oak robin cod", ["cod"]),
    (
        functions.confounded("s", FISH, TREES, token=False, variant=""),
        "an oak robin cod",
        ["robin"],
    ),
    (functions.alphabetical("s", FISH, TREES, token=False), "an cod was cod", ["cod"]),
]


@pytest.mark.parametrize(("function", "text", "wanted"), CASES)
def test_a_form_is_active_where_it_says(function, text, wanted, host, vocabulary):
    windows = cut(host, [text], length=64)
    level = function.values(windows.ids, vocabulary)
    tokens = np.array(windows.tokens(0))
    active = [token.strip() for token in tokens[level[0, : len(tokens)] > 0]]
    assert active == wanted


@pytest.mark.parametrize(("function", "text", "wanted"), CASES)
def test_every_cell_gets_inputs_that_are_in_it(function, text, wanted, host, vocabulary):
    fresh = ["The children walked along the river and saw nothing of note there, they said."] * 3
    found = probes(function, host, vocabulary, fresh, seed=1)
    assert not found.short
    for cell in function.cells:
        places = found.cells[cell.name]
        assert len(places) >= LEAST
        assert len({int(window) for window, _ in places}) >= LEAST // 2
        said = found.level[places[:, 0], places[:, 1]] > 0
        assert (said == cell.active).all(), cell


def test_the_same_seed_gives_the_same_suite(small):
    again = bench("A", 3, each=1, inexpressible_each=2, tokens=20_000)
    assert [u.unit for u in again.units] == [u.unit for u in small.units]
    assert [u.text for u in again.units] == [u.text for u in small.units]
    assert again.corpus.hash == small.corpus.hash
    assert again.target.fingerprint == small.target.fingerprint


def test_planted_units_stand_among_the_hosts_own(small, host):
    assert {u.kind for u in small.units} == {*KINDS, "beyond"}
    assert small.target.sites[SITE].units == host.sites[SITE].units + len(small.units)
    numbers = sorted(int(u.unit.rpartition("/")[2]) for u in small.units)
    assert numbers != list(range(numbers[0], numbers[0] + len(numbers)))  # not in a row


def test_activations_follow_the_function(small):
    windows = cut(small.target, list(small.fresh[:60]), length=64)
    values = small.target.activations(windows, [small.target.unit(u.unit) for u in small.units])
    for unit, column in zip(small.units, values.numpy(), strict=True):
        x = column[windows.counted]
        if unit.function is None:
            assert (x.max() <= 0) == (unit.kind == "dead"), unit
            continue
        active = unit.function.values(windows.ids, small.vocabulary)[windows.counted] > 0
        if unit.kind != "graded" and 3 < active.sum() < len(x):
            assert x[active].min() > x[~active].max(), unit


def test_only_what_writes_changes_the_output(small):
    windows = cut(small.target, list(small.fresh[:20]), length=64)
    clean = small.target.trace(windows).output
    for unit in small.units:
        number = int(unit.unit.rpartition("/")[2])
        changed = small.target.trace(windows, interventions=[zero(SITE, [number])]).output
        active = small.target.activations(windows, [small.target.unit(unit.unit)]).abs().max() > 0
        moved = float((changed - clean).abs().max()) > 1e-4
        assert moved == (bool(active) and unit.relation != "nothing"), unit


def test_a_restart_gives_what_a_whole_run_gives(small):
    windows = cut(small.target, list(small.fresh[:1]), length=32).rows(slice(0, 1))
    unit = next(u for u in small.units if u.kind == "one")
    number = int(unit.unit.rpartition("/")[2])
    change = zero(SITE, [number]).at(places=[5])
    whole = small.target.trace(windows, interventions=[change]).output
    again = small.target.restart(small.target.cache(windows), [change])
    width = again.output.shape[1]
    torch.testing.assert_close(again.output, whole[:, -width:], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("seed", [3, 4, 5, 6])
@pytest.mark.parametrize("tier", ["A", "B"])
def test_outputs_are_finite(tier, seed):
    """A concept that is no token of the host must not give an output vector of nothing."""
    made = bench(
        tier, seed, kinds=("one", "shape", "and"), each=4, inexpressible_each=0, tokens=20_000
    )
    output = made.target.trace(cut(made.target, list(made.fresh[:4]), length=32)).output
    assert bool(torch.isfinite(output).all())


@pytest.mark.parametrize("seed", [11, 12])
def test_a_whole_bench_can_be_drawn_from_the_prose(seed):
    """Word sets run out and are used again, never twice in one function."""
    made = bench("B", seed)
    several = [
        unit.function for unit in made.units if unit.kind in ("or", "graded") and unit.function
    ]
    assert len(several) == 10
    assert all(
        len({name for name in function.atoms if name != "near"}) >= 2 for function in several
    )


def test_a_corpus_too_small_for_word_sets_says_so():
    with pytest.raises(UsageError, match="too small"):
        _vectors([], Counter(), ["a"], 0)
