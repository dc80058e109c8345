"""The suite that looks at pictures, run as the one that reads text is: records and verdicts."""

import json

import pytest
from neuroscribe.tasks.evaluation.planner_run import Plan, run_planner
from neuroscribe.tasks.evaluation.suite_vision import VisionSuite
from neuroscribe.tasks.evaluation.summary import summary
from neuroscribe.tasks.evaluation.unit_run import open_bench
from neuroscribe.tasks.groundtruth.images.suite import bench
from neuroscribe.tasks.labelling.settings import Settings
from scripted import Scripted


def conclusion(predictor, label):
    component = {"words": label, "predictor": predictor, "evidence": ["E1"]}
    return (
        "conclude",
        {"label": label, "components": [component], "effect": None, "confidence": 0.8},
    )


def planner(unit):
    """Surveys, records the truth and a rival, tests both, and says the truth."""
    names = list(unit.function.concept) if unit.function is not None else ["cat"]
    truth = {"kind": "object", "names": names}
    rival = {"kind": "colour", "colours": ["red"]}
    return Scripted(
        [
            [("survey", {"unit": unit.unit})],
            [
                ("hypothesise", {"statement": "its things", "predictor": truth}),
                ("hypothesise", {"statement": "red things", "predictor": rival}),
            ],
            [("test_hypotheses", {"unit": unit.unit, "hypotheses": ["H1", "H2"]})],
            [conclusion(truth, "its things")],
        ]
    )


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    suite = VisionSuite()
    kinds = ("object", "place", "null", "dead")
    ground = bench("A", 5, kinds=kinds, each=1, inexpressible_each=1, pictures=150)
    settings = Settings(target="vision:5:A", units="", data="scenes", planner="scripted")
    by_name = {unit.unit: unit for unit in ground.units}

    def factory(lab):
        return planner(by_name[str(lab.unit)])

    factory.name = "scripted"  # type: ignore[attr-defined]
    opened = open_bench(
        suite,
        ground,
        factory,  # type: ignore[arg-type]
        tmp_path_factory.mktemp("vision"),
        seed=5,
        settings=settings,
        units=ground.units,
        baselines=("one-shot", "constant"),
    )
    return {unit.kind: opened.run(unit) for unit in ground.units}


@pytest.mark.slow
def test_the_truth_recovers_a_unit_and_half_of_it_does_not(records):
    assert records["object"]["right"], records["object"]["recovery"]
    assert records["object"]["record"]["status"] != "failed"
    place = records["place"]
    assert not place["right"]
    assert place["recovery"]["cells"]["one thing is both"] == 1.0
    assert place["recovery"]["cells"]["s, no t"] < 0.1


@pytest.mark.slow
def test_units_without_a_function_are_judged_by_the_status(records):
    assert records["dead"]["right"]
    assert records["dead"]["status"] == "dead"
    assert records["null"]["recovery"] is None


@pytest.mark.slow
def test_tier_c_is_judged_by_a_ceiling_that_no_baseline_passes(records):
    inexpressible = [r for r in records.values() if r["tier"] == "C"]
    assert len(inexpressible) == 1
    for record in inexpressible:
        assert record["recovery"]["correlation"] <= record["ceiling"] <= 1.0
        assert record["ceiling"] > 0.1


@pytest.mark.slow
def test_pictures_made_from_the_truth_beat_near_misses(records):
    found = records["object"]["predictive"]
    assert found["near_miss"] > 0.95
    assert found["mean"]["fit"] > 3 * found["mean"]["unrelated"]
    assert "predictive" not in records["dead"]


@pytest.mark.slow
def test_the_sums_are_those_of_the_text_suite(records):
    found = summary(list(records.values()))
    assert found["tiers"]["A"]["kinds"]["object"]["value"] == 1.0
    assert found["tiers"]["C"]["recovery"]["n"] == 1
    assert found["null"]["kinds"]["dead"]["value"] == 1.0
    assert set(found["baselines"]) == {"one-shot", "constant"}
    assert found["predictive"]["A"]["near_miss"]["n"] == 2
    json.dumps(found)


def test_an_untold_planner_gets_pictures_without_scenes():
    ground = bench("B", 5, kinds=("object",), each=1, inexpressible_each=0, pictures=40)
    windows = VisionSuite().windows(ground, length=1, told=False)
    assert all(picture.scene is None for picture in windows["explore"].pictures)
    assert all(picture.scene is not None for picture in windows["test"].pictures)
    told = VisionSuite().windows(ground, length=1, told=True)
    assert [p.key for p in told["explore"].pictures] == [p.key for p in windows["explore"].pictures]


@pytest.mark.slow
def test_the_built_in_planner_runs(tmp_path):
    plan = Plan(suite="vision", seeds=(7,), tiers=("A",), kinds=("object",), units=2, pictures=300)
    found = run_planner(plan, tmp_path)
    assert found["tiers"]["A"]["recovery"]["value"] == 1.0
    assert (tmp_path / "report.html").exists()
