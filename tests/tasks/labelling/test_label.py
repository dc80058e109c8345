"""Runs of moments through the whole pipeline: target, corpus, planner, scores, folder."""

import json
import random
from dataclasses import replace
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest
from neuroscribe.agent.transcript import read
from neuroscribe.tasks import label as label_from_python
from neuroscribe.tasks.evaluation.scorers.contract import Case
from neuroscribe.tasks.labelling.data import load_data
from neuroscribe.tasks.labelling.estimate import what_it_costs
from neuroscribe.tasks.labelling.export import COLUMNS, csv_text, jsonl_text
from neuroscribe.tasks.labelling.merge import merge
from neuroscribe.tasks.labelling.progress import Progress
from neuroscribe.tasks.labelling.results import LabelRun, UnitLabel
from neuroscribe.tasks.labelling.settings import How, Settings, Shard
from neuroscribe.tasks.scoring.measured import Measured, Splits
from neuroscribe.tools.data.repeats import repeated
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.fingerprint import sampled_fingerprint


class Failing:
    """A planner that breaks on some units."""

    name = "toy"

    def __init__(self, toy: ModuleType, *units: str) -> None:
        self._toy, self._units = toy, set(units)

    def __call__(self, lab: Any) -> Any:
        planner = self._toy.Toy(lab)
        inner = planner.next

        def following(state: Any) -> Any:
            if state["unit"] in self._units:
                raise RuntimeError("the planner\nfell over")
            return inner(state)

        planner.next = following
        return planner


class Counting(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.units: list[str] = []
        self.events: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def unit(self, record: Any) -> None:
        self.units.append(record["unit"])

    def watch(self, unit: object, event: str, fields: Any) -> None:
        self.events.append(event)


def test_a_run_leaves_labels_scores_and_transcripts(label, settings, tmp_path):
    shown = Counting()
    run = label(settings, tmp_path / "r", progress=shown)
    assert [unit.unit for unit in run.units] == shown.units == ["mlp.0/0", "mlp.0/1", "mlp.0/2"]
    record = run["mlp.0/1"].as_dict()
    assert record["label"] == "the word cat"
    assert record["components"][0]["predictor"]["words"] == ["cat"]
    assert [item["id"] for item in record["evidence"] if item["cited"]] == ["E3"]
    assert -1 <= record["scores"]["correlation"]["value"] <= 1
    assert {"auprc", "f1", "iou", "gain_over_lookup"} <= set(record["scores"])
    kept = read(tmp_path / "r" / record["transcript"])
    assert kept.ended == "concluded"
    assert kept.header["corpus"]["hash"] == run.facts["corpus"]["hash"]
    assert {"message", "evidence", "ledger", "conclusion", "end"} <= set(shown.events)
    assert json.loads(json.dumps(run.as_dict()))["run"]["status"]


def test_the_same_call_again_goes_on(label, settings, tmp_path):
    label(settings, tmp_path / "r")
    path = tmp_path / "r" / "labels.jsonl"
    whole = path.read_text()
    (tmp_path / "r" / "report.html").unlink(missing_ok=True)
    path.write_text(whole[: whole.rindex('"unit":"mlp.0/2"') + 30])
    shown = Counting()
    run = label(settings, tmp_path / "r", progress=shown)
    assert shown.units == ["mlp.0/2"]
    assert any("torn" in line for line in shown.lines)
    assert [unit.unit for unit in run.units] == ["mlp.0/0", "mlp.0/1", "mlp.0/2"]
    assert path.read_text().count("\n") == 3


def test_a_run_with_a_fingerprint_of_samples_goes_on(label, settings, toy_target, tmp_path):
    label(settings, tmp_path / "r")
    path = tmp_path / "r" / "run.json"
    known = json.loads(path.read_text())
    (tmp_path / "r" / "labels.jsonl").write_text("")
    for fingerprint in (sampled_fingerprint(toy_target.network), "another"):
        known["target"]["fingerprint"] = fingerprint
        path.write_text(json.dumps(known))
        if fingerprint == "another":
            (tmp_path / "r" / "labels.jsonl").write_text("")
            with pytest.raises(UsageError, match="would not belong together"):
                label(settings, tmp_path / "r")
        else:
            assert len(label(settings, tmp_path / "r").units) == 3


def test_other_settings_in_the_same_folder_are_refused(label, settings, tmp_path):
    label(settings, tmp_path / "r")
    with pytest.raises(UsageError, match=r"seed \(0 there, 5 here\)"):
        label(replace(settings, seed=5), tmp_path / "r")
    with pytest.raises(UsageError, match=r"shards \(1 there, 2 here\)"):
        label(settings, tmp_path / "r", how=How(shard=Shard(1, 2)))


def test_other_data_under_the_same_name_are_refused(label, settings, toy, tmp_path):
    text = toy.write_text(tmp_path / "t.jsonl")
    settings = replace(settings, data=str(text))
    label(settings, tmp_path / "r")
    (tmp_path / "r" / "labels.jsonl").unlink()
    toy.write_text(text, documents=70)
    with pytest.raises(UsageError, match=r"the corpus of .* has hash"):
        label(settings, tmp_path / "r")


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_unit_that_fails_is_recorded_and_the_rest_goes_on(
    label, settings, toy, tmp_path, concurrency
):
    how = How(concurrency=concurrency)
    run = label(settings, tmp_path / "r", planner=Failing(toy, "mlp.0/1"), how=how)
    assert {unit.unit: unit.status == "failed" for unit in run.units} == {
        "mlp.0/0": False,
        "mlp.0/1": True,
        "mlp.0/2": False,
    }
    assert run.failed[0].record["reason"] == "RuntimeError: the planner fell over"
    assert "fell over" in (tmp_path / "r" / "errors.log").read_text()
    assert label(settings, tmp_path / "r").failed, "without --retry-failed a failure stays"
    again = Counting()
    mended = label(settings, tmp_path / "r", how=How(retry_failed=True), progress=again)
    assert not mended.failed
    assert again.units == ["mlp.0/1"]
    assert (tmp_path / "r" / "labels.jsonl").read_text().count("\n") == 3


@pytest.mark.parametrize("together", [True, False])
def test_shards_merge_to_what_one_run_gives(label, settings, tmp_path, *, together):
    whole = label(settings, tmp_path / "whole")
    folders = []
    for number in (1, 2):
        folders.append(tmp_path / ("parts" if together else f"part{number}"))
        label(settings, folders[-1], how=How(shard=Shard(number, 2)))
    merged = merge(folders, None if together else tmp_path / "merged")
    assert [unit.unit for unit in merged.units] == [unit.unit for unit in whole.units]
    for one, other in zip(merged.units, whole.units, strict=True):
        assert one.record["scores"] == other.record["scores"]
        assert (merged.folder / one.record["transcript"]).exists()
    assert merge([merged.folder]).missing == ()
    assert label(settings, merged.folder).missing == ()


def test_runs_that_do_not_belong_together_are_not_merged(label, settings, tmp_path):
    label(settings, tmp_path / "a")
    label(replace(settings, seed=3), tmp_path / "b")
    with pytest.raises(UsageError, match=r"another run than .*seed"):
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    with pytest.raises(UsageError, match="no run in"):
        merge([tmp_path / "nothing"])


def test_controls_stand_beside_the_scores(label, settings, tmp_path):
    run = label(replace(settings, controls="quick"), tmp_path / "r")
    record = run["mlp.0/0"].record
    assert {"constant", "shuffled", "one_shot"} <= set(record["controls"])
    drawn = [unit.record for unit in run.units if "untrained" in unit.record["controls"]]
    assert [unit["controls"]["untrained"]["tokens"] for unit in drawn] == [
        unit["scores"]["tokens"] for unit in drawn
    ]
    assert len(drawn) == 1
    assert run.as_dict()["run"]["controls"]["shuffled"]["units"] == 3
    assert (tmp_path / "r" / "report.html").exists()


def test_a_unit_that_never_fires_is_dead_and_a_floor_is_said(label, settings, toy_folder, tmp_path):
    target = Target.load(str(toy_folder / "model"))
    weights = dict(target.network.named_parameters())
    weights["transformer.h.0.mlp.c_fc.weight"].data[:, 5] = 0
    weights["transformer.h.0.mlp.c_fc.bias"].data[5] = -1.0
    units = replace(settings, units="mlp.0/5,mlp.0/6-")
    run = label(units, tmp_path / "r", target=target)
    dead, floor = run.units
    assert dead.status == "dead"
    assert dead.record["reason"].startswith("0 of 1,")
    assert floor.status == "uninterpretable"
    assert "floor" in floor.label
    assert read(tmp_path / "r" / dead.record["transcript"]).ended == "concluded"


def test_a_dry_run_writes_nothing(settings, toy_target, tmp_path):
    paid = replace(settings, planner="builtin", units="random:10")
    cost = what_it_costs(paid, tmp_path / "r", target=toy_target)
    assert cost.units == 10
    assert cost.forward_tokens > sum(cost.windows.values())
    assert cost.tokens_in == 0
    assert "nothing was written" in cost.text()
    llm = replace(paid, planner="openai:m", base_url="http://127.0.0.1:9/v1")
    cost = what_it_costs(llm, tmp_path / "r", how=How(prices=(1.0, 10.0)), target=toy_target)
    assert cost.cost == pytest.approx((cost.tokens_in + 10 * cost.tokens_out) / 1e6, abs=1e-3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("measure", ["variance", "firing"])
def test_top_units_are_those_that_a_plain_pass_finds(
    label, settings, tmp_path, toy_target, measure
):
    import numpy as np
    from neuroscribe.tasks.labelling.data import load_data
    from neuroscribe.tools.lab import measure as measured
    from neuroscribe.tools.models import Unit

    top = replace(settings, units=f"top:2:{measure}:mlp.1")
    found = [unit.unit for unit in label(top, tmp_path / "r").units]
    explore = load_data(toy_target, top).windows["explore"]
    values = measured(toy_target, explore, [Unit("mlp.1", n) for n in range(32)])
    flat = values[:, explore.counted]
    rank = flat.var(1) if measure == "variance" else (flat > 0).mean(1)
    assert found == [f"mlp.1/{n}" for n in np.argsort(-rank, kind="stable")[:2]]


def test_too_little_data_is_said(label, settings, tmp_path):
    text = tmp_path / "t.jsonl"
    text.write_text("".join(f'{{"text": "the cat {n}"}}\n' for n in range(30)))
    with pytest.raises(UsageError, match="too little data to split by document: it has 30"):
        label(replace(settings, data=str(text)), tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_from_python(toy, toy_target, toy_folder, tmp_path):
    more = {"tokens": 4000, "context_length": 32, "controls": "none"}
    run = label_from_python(
        toy_target,
        units="mlp.1/4",
        data=str(toy_folder / "text.jsonl"),
        out=tmp_path / "r",
        planner=toy.ToyFactory(),
        **more,
    )
    assert isinstance(run, LabelRun)
    assert run.units[0].label == "the word cat"
    with pytest.raises(UsageError, match="no setting 'tokns'; nearest: tokens"):
        label_from_python("minilm", units="a/1", data="x", out=tmp_path, tokns=3)


def test_export(tmp_path):
    record = {
        "unit": "mlp.0/1",
        "label": '=cmd("x"), quoted',
        "status": "described",
        "scores": {"correlation": {"value": 0.5, "low": 0.4, "high": 0.6}, "f1": None},
        "components": [{"words": "cats", "predictor": {"kind": "repeated"}}],
        "evidence": [{"id": "E1", "cited": True}, {"id": "E2", "cited": False}],
    }
    unit = UnitLabel("mlp.0/1", record["label"], "described", record)
    run = LabelRun(tmp_path, {}, {}, (unit,))
    import csv
    import io

    (row,) = csv.DictReader(io.StringIO(csv_text(run)))
    assert tuple(row) == COLUMNS
    assert row["label"] == '\'=cmd("x"), quoted', "no formula for a spreadsheet"
    assert (row["correlation"], row["correlation_low"], row["f1"]) == ("0.5", "0.4", "")
    assert row["evidence"] == "E1"
    assert json.loads(jsonl_text(run))["scores"]["correlation"]["high"] == 0.6


def test_held_out_windows_that_explore_nearly_holds_are_left_out(toy_target, tmp_path):
    """Documents of their own, most of whose text is one licence."""
    rng = random.Random(0)
    words = ["cat", "dog", "sun", "run", "red", "old", "big", "sea", "day", "way"]
    licence = " ".join(rng.choice(words) for _ in range(200))
    texts = [f"{' '.join(rng.choice(words) for _ in range(60))}. {licence}" for _ in range(60)]
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    bench = load_data(toy_target, Settings(target="toy", units="x", data=str(path)))
    assert bench.repeats["explore"] == 0
    assert bench.repeats["validation"] > 0
    assert bench.repeats["test"] > 0
    held = [bench.windows[name] for name in ("validation", "test")]
    assert not repeated(held[1], [bench.windows["explore"], held[0]]).any()
    case = Case("x", Splits(*(Measured(bench.windows[n], bench.windows[n].ids * 1.0)
                              for n in ("explore", "validation", "test"))))  # fmt: skip
    assert np.isfinite(case.peaks).all()  # scorers and scores leave out the same


@pytest.mark.parametrize("damage", ["missing", "torn", "report", "torn report"])
def test_what_a_finished_run_lost_is_said_and_made_again(label, settings, tmp_path, damage):
    class Heard(Progress):
        lines: ClassVar[list[str]] = []

        def say(self, text: str) -> None:
            self.lines.append(text)

    out = tmp_path / "run"
    label(settings, out)
    before = (out / "labels.jsonl").read_text()
    path = out / "transcripts" / "mlp.0_1.jsonl"
    if damage == "missing":
        path.unlink()
    elif damage == "torn":
        path.write_bytes(path.read_bytes()[:-30])
    elif damage == "report":
        (out / "report.html").unlink()
    else:
        (out / "report.html").write_text("<!doctype html><html>")
    Heard.lines.clear()
    label(settings, out, progress=Heard())
    said = "\n".join(Heard.lines)
    assert ("mlp.0/1: its transcript is missing or torn" in said) == ("report" not in damage)
    assert "report: " in said
    assert (out / "report.html").read_text().rstrip().endswith("</html>")
    assert '"event":"end"' in path.read_text()
    after = (out / "labels.jsonl").read_text()
    assert after.count('"unit":"mlp.0/1"') == before.count('"unit":"mlp.0/1"')
    assert len(after.splitlines()) == len(before.splitlines())
