"""Planted units that look at pictures: where they stand, when they are active, what they write."""

import numpy as np
import pytest
from neuroscribe.tasks.groundtruth.images.functions import PictureFunction
from neuroscribe.tasks.groundtruth.images.inexpressible import ProbeFunction
from neuroscribe.tasks.groundtruth.images.suite import KINDS, SITE, bench
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.lab import measure
from neuroscribe.tools.models import Target, zero


@pytest.fixture(scope="module")
def small():
    return bench("A", 3, each=1, inexpressible_each=2, pictures=60)


@pytest.fixture(scope="module")
def rows(small):
    return image_rows(small.target, small.corpus)


@pytest.fixture(scope="module")
def peaks(small, rows):
    units = [small.target.unit(unit.unit) for unit in small.units]
    return measure(small.target, rows, units)[:, :, 0]  # [unit, image]


def test_planted_units_stand_among_the_hosts_own(small):
    host = Target.load("pictures")
    assert {unit.kind for unit in small.units} == {*KINDS, "beyond"}
    assert small.target.sites[SITE].units == host.sites[SITE].units + len(small.units)
    numbers = sorted(int(unit.unit.rpartition("/")[2]) for unit in small.units)
    assert numbers != list(range(numbers[0], numbers[0] + len(numbers)))  # not in a row
    assert set(small.target.truth) == {unit.unit for unit in small.units}


def test_the_hosts_own_channels_and_answers_are_as_before(small, rows):
    host = Target.load("pictures")
    clean = host.trace(rows.rows(slice(0, 8)), [SITE])
    new = small.target.trace(rows.rows(slice(0, 8)), [SITE])
    planted = {int(unit.unit.rpartition("/")[2]) for unit in small.units}
    own = [at for at in range(small.target.sites[SITE].units) if at not in planted]
    mixed = new.values[SITE][..., own].sort(-1).values  # in another order
    assert np.allclose(mixed, clean.values[SITE].sort(-1).values, atol=1e-5)
    changes = [zero(SITE, sorted(planted))]
    without = small.target.trace(rows.rows(slice(0, 8)), interventions=changes).output
    assert np.allclose(without, clean.output, atol=1e-3)


def test_activations_follow_the_function_of_the_graph(small, peaks):
    scenes = [picture.scene for picture in small.corpus.pictures]
    wrong, asked = 0, 0
    for unit, x in zip(small.units, peaks, strict=True):
        if unit.function is None:
            assert (x.max() <= 0) == (unit.kind == "dead"), unit
        if not isinstance(unit.function, PictureFunction):
            continue
        level = unit.function.values(scenes)
        active = x > 0.28 * np.sort(x)[-4:].mean()
        wrong += int((active != (level > 0)).sum())
        asked += len(x)
        assert 0 < (level > 0).sum() < len(x), unit
    assert wrong / asked <= 0.01  # the reader of pixels is not the graph


def test_truth_is_computed_from_pixels(small, rows, peaks):
    pixels = rows.pixels()
    for unit, x in zip(small.units, peaks, strict=True):
        if isinstance(unit.function, PictureFunction | ProbeFunction):
            holds = small.target.truth[unit.unit].holds(pixels)
            assert x[holds].min() > x[~holds].max(), unit


def test_effects_on_classes_are_the_planted_ones(small, rows, peaks):
    clean = small.target.trace(rows).output
    labels = list(small.target.labels)
    for unit, x in zip(small.units, peaks, strict=True):
        number = int(unit.unit.rpartition("/")[2])
        changed = small.target.trace(rows, interventions=[zero(SITE, [number])]).output
        moved = (clean - changed).numpy()  # [image, class]
        if unit.relation == "nothing" or unit.kind == "dead":
            assert np.abs(moved).max() < 1e-4, unit
            continue
        at = int(np.argmax(x))
        rest = [label not in unit.promotes for label in labels]
        gain = moved[at, [not r for r in rest]].min() - moved[at, rest].mean()
        assert gain > 0.2, (unit, gain)
        assert labels[int(np.argmax(moved[at]))] in unit.promotes, unit


def test_the_same_seed_gives_the_same_suite(small):
    again = bench("A", 3, each=1, inexpressible_each=2, pictures=60)
    assert [(u.unit, u.text) for u in again.units] == [(u.unit, u.text) for u in small.units]
    assert again.corpus.hash == small.corpus.hash
    assert again.target.fingerprint == small.target.fingerprint


def test_both_readings_of_a_confounded_pair_can_be_drawn(small):
    unit = next(unit for unit in small.units if unit.kind == "confounded")
    found = small.probes(unit, seed=1)
    apart = {}
    for name in ("s, no t", "no s, t"):
        drawn = found.windows.rows(found.cells[name][:12, 0])
        apart[name] = measure(small.target, drawn, [small.target.unit(unit.unit)]).mean()
    by_thing = unit.function.facts["by"] == "thing"
    strong, weak = ("s, no t", "no s, t") if by_thing else ("no s, t", "s, no t")
    assert apart[strong] > 4 * apart[weak]
