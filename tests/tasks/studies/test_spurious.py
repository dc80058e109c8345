"""The study of a biased classifier: its world, its regressions, its rule, what it says."""

import json

import numpy as np
import pytest
from neuroscribe.agent.description import Component, Description
from neuroscribe.tasks.report.tables import with_interval
from neuroscribe.tasks.studies.options import Spurious
from neuroscribe.tasks.studies.report import write
from neuroscribe.tasks.studies.spurious import OneSeed
from neuroscribe.tasks.studies.spurious_choice import Read, chosen, explained, read, reading_scenes
from neuroscribe.tasks.studies.spurious_fit import fit, l1_units
from neuroscribe.tasks.studies.spurious_network import Classifier, features, looked, wrapped
from neuroscribe.tasks.studies.spurious_report import over_seeds, report
from neuroscribe.tasks.studies.spurious_world import CLASSES, GROUNDS, world
from neuroscribe.tools.lab import measure

OBJECT = {"kind": "object", "names": ["cat", "rabbit"]}
GROUND = {"kind": "background", "names": ["snow"]}


@pytest.fixture(scope="module")
def asked():
    return reading_scenes(wrapped(Classifier()))


@pytest.mark.parametrize(
    ("own", "least", "most"), [(0.95, 0.92, 0.98), (0.0, 0, 0), (0.25, 0.19, 0.31)]
)
def test_settings_tell_the_class_as_often_as_asked(own, least, most):
    made = world(400, own=own, seed=3)
    assert least <= (made.classes == made.grounds).mean() <= most
    assert np.bincount(made.classes).tolist() == [100] * 4
    for scene, number, ground in zip(made.scenes, made.classes, made.grounds, strict=True):
        named = [t.name for t in scene.things if t.name in CLASSES]
        assert named == [CLASSES[number]]
        assert scene.background == GROUNDS[ground]


def test_a_unit_is_the_feature_that_the_head_reads():
    network = Classifier().eval()
    target = wrapped(network)
    from neuroscribe.tools.data.image_rows import image_rows

    pictures = world(8, own=0.5, seed=0).pictures()
    units = [target.unit(f"last/{at}") for at in (0, 5, 23)]
    measured = measure(target, image_rows(target, pictures), units)[:, :, 0]  # [unit, image]
    direct = features(network, looked(pictures))[:, [0, 5, 23]].T
    assert np.allclose(measured, direct, atol=1e-5)


def test_regression_and_l1_find_the_units_that_tell():
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, 600)
    x = rng.normal(size=(600, 12)).astype(np.float32)
    x[:, 4] += 3 * (classes == 0)
    x[:, 7] += 3 * (classes == 1)
    x[:, 9] += 0.3 * (classes == 2)
    assert set(l1_units(x, classes, 2).tolist()) == {4, 7}
    assert len(l1_units(x, classes, 5)) == 5
    good = fit(x[:400], classes[:400], [4, 7]).score(x[400:, [4, 7]], classes[400:])
    bad = fit(x[:400], classes[:400], [0, 1]).score(x[400:, [0, 1]], classes[400:])
    assert good > 0.8
    assert bad < 0.5


def test_variance_between_groups():
    groups = np.array([0, 0, 1, 1])
    assert explained(np.array([1.0, 1, 3, 3]), groups) == pytest.approx(1)
    assert explained(np.array([1.0, 3, 1, 3]), groups) == pytest.approx(0)
    assert explained(np.ones(4), groups) == 0


@pytest.mark.parametrize(
    ("predictor", "taken"),
    [
        (OBJECT, True),
        (GROUND, False),
        ({"kind": "or", "of": [{**OBJECT, "names": ["cat"]}, GROUND]}, False),  # both alike
        ({"kind": "except", "of": OBJECT, "but": GROUND}, True),
        ({"kind": "colour", "colours": ["red"]}, False),  # neither
        ({"kind": "number", "at_least": 1}, False),
    ],
)
def test_units_are_chosen_by_what_descriptions_foretell(asked, predictor, taken):
    given = Description("a unit", (Component("words", predictor),))
    assert chosen([read(3, given, *asked)]) == ([3] if taken else [])


def test_a_unit_without_a_description_is_not_chosen(asked):
    part = (Component("words", OBJECT),)
    assert not read(0, Description("x", part, status="uninterpretable"), *asked).chosen
    assert not read(0, Description("x", status="dead"), *asked).chosen


def _seed(seed: int, by_description: float) -> OneSeed:
    def scores(value: float) -> dict[str, float]:
        return {"shifted": value, "reversed": value - 0.1, "biased": 0.9}

    taken = Read(0, "a cat", "described", 0.9, 0.01)
    left = Read(1, "a snow background", "described", 0.0, 1.0)
    accuracy = {
        "chosen": scores(by_description + 0.01 * seed),
        "no experiments": scores(0.5),
        "all": scores(0.5),
        "l1": scores(0.4),
        "l1 balanced": scores(0.8),
        "random": scores(0.35),
    }
    ways = ("chosen", "no experiments", "l1", "l1 balanced")
    units = {**dict.fromkeys(ways, (0,)), "all": (0, 1)}
    whole = {"shifted": 0.4, "reversed": 0.2, "biased": 0.97}
    parts = {"network": 1.0}
    return OneSeed(seed, whole, (taken, left), (taken, left), units, accuracy, 0.5, 0, parts)


def test_the_report_says_what_the_numbers_say(tmp_path):
    options = Spurious(seeds=(0, 1, 2), scenes=200, tested=40)
    good = report(options, [_seed(seed, 0.65) for seed in (0, 1, 2)])
    said = good.as_dict()
    assert "beat as many units by an l1 penalty" in said["found"][0]
    assert said["difference"]["l1"]["low"] > 0.2
    bad = report(options, [_seed(seed, 0.3) for seed in (0, 1, 2)]).as_dict()
    assert "not clearly better than as many units by an l1 penalty" in bad["not_found"][0]
    page = write(good, tmp_path).read_text()
    assert "a snow background" in page
    assert len(list(tmp_path.glob("*.png"))) == 3
    assert json.loads((tmp_path / "study.json").read_text())["accuracy"]["l1"]["shifted"]["n"] == 3


def test_one_seed_has_no_interval_and_finds_nothing():
    only = report(Spurious(seeds=(0,), scenes=200, tested=40), [_seed(0, 0.65)])
    assert not only.as_dict()["found"]
    assert np.isnan(over_seeds([0.5])["low"])
    assert with_interval(over_seeds([0.5])) == ".50"
    assert with_interval(over_seeds([0.5, 0.5])) == ".50 [.50, .50]"


@pytest.mark.parametrize(
    "given", [["--own", "0.1"], ["--seeds", "x"], ["--planner", "nobody"], ["--own", "1.5"]]
)
def test_unusable_arguments(given, refused):
    assert refused("study", "spurious", "--scenes", "200", "--explore", "60", *given)


@pytest.mark.slow
def test_chosen_units_beat_l1_on_two_networks(tmp_path, document):
    given = ("--seeds", "0,1", "--processes", "1", "--out", str(tmp_path))
    found = document("study", "spurious", *given)
    for one in found["seeds"]:
        assert one["accuracy"]["chosen"]["shifted"] > one["accuracy"]["l1"]["shifted"]
        assert one["accuracy"]["chosen"]["shifted"] > one["accuracy"]["random"]["shifted"]
