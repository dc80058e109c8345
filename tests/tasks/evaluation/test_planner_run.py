"""The benchmark run: records whole and once, going on where it stopped, and the command."""

import json

import pytest
from neuroscribe.agent.statuses import STATUSES
from neuroscribe.tasks.evaluation.planner_run import Plan, read_records, run_planner
from neuroscribe.tools.errors import UsageError

SMALL = Plan(seeds=(7,), tiers=("A",), kinds=("position", "null"), tokens=6000, units=2, steps=6)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("evaluation")
    return out, run_planner(SMALL, out)


def test_every_unit_has_a_record_a_verdict_and_baselines(done):
    out, found = done
    records = list(read_records(out))
    assert len(records) == 2 == found["units"]
    assert {r["kind"] for r in records} == {"position", "null"}
    for record in records:
        assert set(record["baselines"]) == {
            "no experiments",
            "random experiments",
            "one-shot",
            "top tokens",
            "constant",
        }
        for entry in (record, *record["baselines"].values()):  # one rule for all
            assert entry["planner_status"] in ("described", "uninterpretable")
            assert entry["status"] in STATUSES
        assert (record["recovery"] is None) == (record["kind"] == "null")
        assert record["record"]["status"] != "failed", record["record"].get("reason")
    assert (out / "report.html").exists()
    assert json.loads((out / "evaluation.json").read_text())["units"] == 2


@pytest.mark.slow
def test_a_run_goes_on_after_a_torn_line(done, tmp_path):
    out, found = done
    path = out / "units-7-A.jsonl"
    whole = path.read_text().splitlines(keepends=True)
    path.write_text(whole[0] + whole[1][:40])
    again = run_planner(SMALL, out)
    records = list(read_records(out))
    assert len(records) == 2
    assert [r["unit"] for r in records] == [json.loads(line)["unit"] for line in whole]
    assert again["tiers"] == found["tiers"]
    assert again["seconds"] > found["seconds"]


def test_another_plan_in_the_folder_is_refused(done):
    out, _ = done
    with pytest.raises(UsageError, match="another evaluation"):
        run_planner(Plan(seeds=(8,)), out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kinds", "onne"], "nearest: one"),
        (["--tiers", "D"], "A and B and M"),
        (["--seeds", "x"], "list of numbers"),
        (["--suite", "images"], "text, vision or real"),
        (["--planner", "gpt"], "planner"),
        (["--suite", "vision", "--kinds", "objekt"], "nearest: object"),
        (["--suite", "vision", "--tiers", "D"], "A and B, not D"),
        (["--tier", "M", "--kinds", "name"], "locked: give --locked"),
        (["--tier", "M", "--kinds", "denyed"], "nearest: denied"),
        (["--tier", "M", "--host", "planted"], "minilm alone"),
        (["--tier", "M", "--reader", "minilm"], "choose another"),
        (["--tier", "M", "--judge", "gpt"], "is not openai:MODEL"),
    ],
)
def test_unusable_plans_are_refused_in_a_line(arguments, said, tmp_path, refused):
    assert said in refused("evaluate", "planner", "--out", str(tmp_path / "x"), *arguments)


def test_a_feature_ablation_reaches_the_planner():
    factory = Plan(without="words").factory(3)
    assert (factory.without, factory.seed) == ("words", 3)
    assert Plan().factory(3).without is None
    with pytest.raises(UsageError, match="built-in"):
        Plan(planner="openai:x", base_url="http://127.0.0.1:9", without="words").check()
