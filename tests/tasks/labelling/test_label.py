"""Runs of moments through the whole pipeline: target, corpus, planner, scores, folder."""

import copy
import json
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import toy
from neuroscribe.agent.transcript import read
from neuroscribe.tasks import label as label_from_python
from neuroscribe.tasks.evaluation.scorers.contract import Case
from neuroscribe.tasks.labelling.data import load_data
from neuroscribe.tasks.labelling.estimate import what_it_costs
from neuroscribe.tasks.labelling.labeller import Labeller
from neuroscribe.tasks.labelling.merge import merge
from neuroscribe.tasks.labelling.progress import Progress
from neuroscribe.tasks.labelling.results import LabelRun, tool_calls, whole_failures
from neuroscribe.tasks.labelling.settings import How, Settings, Shard
from neuroscribe.tasks.mcp.shared import Shared
from neuroscribe.tasks.scoring.measured import Measured, Splits
from neuroscribe.tasks.web.workbench import Workbench
from neuroscribe.tools.data.repeats import repeated
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.lab import measure as measured
from neuroscribe.tools.memo import Memo
from neuroscribe.tools.models import Target, Unit
from neuroscribe.tools.models.fingerprint import sampled_fingerprint

UNITS = ["mlp.0/0", "mlp.0/1", "mlp.0/2"]


class Failing(toy.Toy):
    """A planner that breaks on one unit."""

    def next(self, state: Any) -> Any:
        if state["unit"] == UNITS[1]:
            raise RuntimeError("the planner\nfell over")
        return super().next(state)


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


def names(run: LabelRun) -> list[str]:
    return [unit.unit for unit in run.units]


def test_a_run_leaves_labels_scores_and_transcripts(label, settings, tmp_path):
    shown = Counting()
    run = label(settings, tmp_path / "r", progress=shown)
    assert names(run) == shown.units == UNITS
    record = run["mlp.0/1"].as_dict()
    assert record["label"] == "the word cat"
    assert record["components"][0]["predictor"]["words"] == ["cat"]
    assert [item["id"] for item in record["evidence"] if item["cited"]] == ["E3"]
    assert -1 <= record["scores"]["correlation"]["value"] <= 1
    assert record["base"]["share"] > 0.5  # at random weights a neuron goes by its token
    token, mean, n = record["base"]["tokens"][0]
    assert token in toy.WORDS
    assert mean > 0
    assert n > 0
    shares = record["scores"]["shares"]
    assert shares["both"]["value"] > shares["both"]["value"] - shares["base"]["value"] > -0.1
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
    path.write_text(whole[: whole.rindex('"unit":"mlp.0/2"') + 30])
    shown = Counting()
    assert names(label(settings, tmp_path / "r", progress=shown)) == UNITS
    assert shown.units == ["mlp.0/2"]
    assert any("torn" in line for line in shown.lines)
    assert path.read_text().count("\n") == 3


def test_a_run_with_a_fingerprint_of_samples_goes_on(label, settings, toy_target, tmp_path):
    label(settings, tmp_path / "r")
    path = tmp_path / "r" / "run.json"
    known = json.loads(path.read_text())

    def of_another(fingerprint: str) -> LabelRun:
        (tmp_path / "r" / "labels.jsonl").write_text("")
        known["target"]["fingerprint"] = fingerprint
        path.write_text(json.dumps(known))
        return label(settings, tmp_path / "r")

    assert names(of_another(sampled_fingerprint(toy_target.network))) == UNITS
    with pytest.raises(UsageError, match="would not belong together"):
        of_another("another")


def test_other_settings_and_other_data_in_the_same_folder_are_refused(label, settings, tmp_path):
    text = toy.write_text(tmp_path / "t.jsonl")
    settings = replace(settings, data=str(text))
    label(settings, tmp_path / "r")
    with pytest.raises(UsageError, match=r"seed \(0 there, 5 here\)"):
        label(replace(settings, seed=5), tmp_path / "r")
    with pytest.raises(UsageError, match=r"shards \(1 there, 2 here\)"):
        label(settings, tmp_path / "r", how=How(shard=Shard(1, 2)))
    (tmp_path / "r" / "labels.jsonl").unlink()
    toy.write_text(text, documents=70)
    with pytest.raises(UsageError, match=r"the corpus of .* has hash"):
        label(settings, tmp_path / "r")


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_unit_that_fails_is_recorded_and_the_rest_goes_on(label, settings, tmp_path, concurrency):
    out, how = tmp_path / "r", How(concurrency=concurrency)
    run = label(settings, out, planner=Failing(), how=how)
    assert names(run) == UNITS
    (failed,) = run.failed
    assert failed.unit == "mlp.0/1"
    assert failed.record["reason"] == "RuntimeError: the planner fell over"
    assert "fell over" in (out / "errors.log").read_text()
    assert label(settings, out).failed, "without --retry-failed a failure stays"
    again = Counting()
    assert not label(settings, out, how=How(retry_failed=True), progress=again).failed
    assert again.units == ["mlp.0/1"]
    assert (out / "labels.jsonl").read_text().count("\n") == 3


@pytest.mark.parametrize("together", [True, False])
def test_shards_merge_to_what_one_run_gives(label, settings, tmp_path, together):
    whole = label(settings, tmp_path / "whole")
    folders = [tmp_path / ("parts" if together else f"part{number}") for number in (1, 2)]
    for number, folder in enumerate(folders, 1):
        label(settings, folder, how=How(shard=Shard(number, 2)))
    merged = merge(folders, None if together else tmp_path / "merged")
    assert names(merged) == names(whole)
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
    assert {"constant", "shuffled", "one_shot"} <= set(run["mlp.0/0"].record["controls"])
    (drawn,) = [unit.record for unit in run.units if "untrained" in unit.record["controls"]]
    assert drawn["controls"]["untrained"]["tokens"] == drawn["scores"]["tokens"]
    assert run.as_dict()["run"]["controls"]["shuffled"]["units"] == 3
    assert (tmp_path / "r" / "report.html").exists()


def test_a_unit_that_never_fires_is_dead_and_a_floor_is_said(label, settings, tmp_path):
    target = Target.load(settings.target)
    weights = dict(target.network.named_parameters())
    weights["transformer.h.0.mlp.c_fc.weight"].data[:, 5] = 0
    weights["transformer.h.0.mlp.c_fc.bias"].data[5] = -1.0
    run = label(replace(settings, units="mlp.0/5,mlp.0/6-"), tmp_path / "r", target=target)
    dead, floor = run.units
    assert dead.status == "dead"
    assert dead.record["reason"].startswith("0 of 1,")
    assert floor.status == "uninterpretable"
    assert "floor" in floor.label
    assert read(tmp_path / "r" / dead.record["transcript"]).ended == "concluded"


def test_nan_activations_are_refused(label, settings, tmp_path):
    target = Target.load(settings.target)
    weights = copy.deepcopy(target.network.state_dict())
    target.network.transformer.h[0].mlp.c_fc.weight[0, 1] = torch.nan  # type: ignore[union-attr]
    with pytest.raises(UsageError, match=r"mlp\.0 gives values that are not finite.*float32"):
        label(settings, tmp_path / "r", target=target)
    assert not (tmp_path / "r" / "labels.jsonl").exists()
    target.network.load_state_dict(weights)
    assert names(label(settings, tmp_path / "s", target=target)) == UNITS


def test_a_dry_run_writes_nothing(settings, toy_target, tmp_path):
    paid = replace(settings, planner="builtin", units="random:10")
    cost = what_it_costs(paid, tmp_path / "r", target=toy_target)
    assert (cost.units, cost.tokens_in) == (10, 0)
    assert cost.forward_tokens > sum(cost.windows.values())
    assert "nothing was written" in cost.text()
    llm = replace(paid, planner="openai:m", base_url="http://127.0.0.1:9/v1")
    cost = what_it_costs(llm, tmp_path / "r", how=How(prices=(1.0, 10.0)), target=toy_target)
    assert cost.cost == pytest.approx((cost.tokens_in + 10 * cost.tokens_out) / 1e6, abs=1e-3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("measure", ["variance", "firing"])
def test_top_units_are_those_that_a_plain_pass_finds(
    label, settings, tmp_path, toy_target, measure
):
    top = replace(settings, units=f"top:2:{measure}:mlp.1")
    explore = load_data(toy_target, top).windows["explore"]
    values = measured(toy_target, explore, [Unit("mlp.1", n) for n in range(32)])
    flat = values[:, explore.counted]
    rank = flat.var(1) if measure == "variance" else (flat > 0).mean(1)
    expected = [f"mlp.1/{n}" for n in np.argsort(-rank, kind="stable")[:2]]
    assert names(label(top, tmp_path / "r")) == expected


def test_too_little_data_is_said(label, settings, tmp_path):
    text = tmp_path / "t.jsonl"
    text.write_text("".join(f'{{"text": "the cat {n}"}}\n' for n in range(30)))
    with pytest.raises(UsageError, match="too little data to split by document: it has 30"):
        label(replace(settings, data=str(text)), tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_from_python(toy_target, settings, tmp_path):
    more = {"tokens": 4000, "context_length": 32, "controls": "none", "planner": toy.Toy()}
    data = settings.data
    run = label_from_python(toy_target, units="mlp.1/4", data=data, out=tmp_path / "r", **more)
    assert isinstance(run, LabelRun)
    assert "the word cat" in run.units[0].record["notes"][0]  # of a neuron that goes by its token
    assert run.units[0].label.startswith("word list:")
    with pytest.raises(UsageError, match="no setting 'tokns'; nearest: tokens"):
        label_from_python("minilm", units="a/1", data="x", out=tmp_path, tokns=3)


def test_held_out_windows_that_explore_nearly_holds_are_left_out(toy_target, tmp_path):
    """Documents of their own, most of whose text is one licence."""
    rng = random.Random(0)
    words = ["cat", "dog", "sun", "run", "red", "old", "big", "sea", "day", "way"]
    licence = " ".join(rng.choice(words) for _ in range(200))
    texts = [f"{' '.join(rng.choice(words) for _ in range(60))}. {licence}" for _ in range(60)]
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    data = load_data(toy_target, Settings(target="toy", units="x", data=str(path)))
    assert data.repeats["explore"] == 0
    assert data.repeats["validation"] > 0
    assert data.repeats["test"] > 0
    explore, validation, test = (data.windows[n] for n in ("explore", "validation", "test"))
    assert not repeated(test, [explore, validation]).any()
    splits = Splits(*(Measured(part, part.ids * 1.0) for part in (explore, validation, test)))
    assert np.isfinite(Case("x", splits).peaks).all()  # scorers and scores leave out the same


@pytest.mark.parametrize("damage", ["missing", "torn", "report", "torn report"])
def test_what_a_finished_run_lost_is_said_and_made_again(label, settings, tmp_path, damage):
    out, heard = tmp_path / "run", Counting()
    label(settings, out)
    before = (out / "labels.jsonl").read_text()
    path, report = out / "transcripts" / "mlp.0_1.jsonl", out / "report.html"
    if damage in ("missing", "report"):
        (path if damage == "missing" else report).unlink()
    elif damage == "torn":
        path.write_bytes(path.read_bytes()[:-30])
    else:
        report.write_text("<!doctype html><html>")
    label(settings, out, progress=heard)
    said = "\n".join(heard.lines)
    assert ("mlp.0/1: its transcript is missing or torn" in said) == ("report" not in damage)
    assert "report: " in said
    assert report.read_text().rstrip().endswith("</html>")
    assert '"event":"end"' in path.read_text()
    after = (out / "labels.jsonl").read_text()
    assert after.count('"unit":"mlp.0/1"') == before.count('"unit":"mlp.0/1"')
    assert len(after.splitlines()) == len(before.splitlines())


def test_a_tool_that_always_fails_is_said(label, settings, tmp_path, monkeypatch):
    def broken(*given: object, **more: object) -> None:
        raise IndexError("index 512 is out of range")

    monkeypatch.setattr("neuroscribe.tools.instruments.test_hypotheses.agreement", broken)
    run = label(settings, tmp_path / "r")
    (line,) = [line for line in run.said if "every call" in line]
    assert line.startswith("every call of test_hypotheses failed (")
    assert "IndexError: index 512 is out of range" in line
    tools = run.as_dict()["run"]["tools"]
    assert tools["test_hypotheses"]["errors"] == tools["test_hypotheses"]["calls"] > 0
    assert tools["hypothesise"]["errors"] == 0


def test_one_success_of_a_tool_is_enough():
    def record(*errors: str | None) -> dict:
        return {"evidence": [{"tool": "scan", "error": error} for error in errors]}

    found = tool_calls([record("no", None), record("no")])
    assert found["scan"] == (3, 2, "no")
    assert whole_failures(found) == ()
    failed = whole_failures(tool_calls([record("no\nroom", "no\nroom")]))
    assert failed == ("every call of scan failed (2 of 2): no room",)
    assert tool_calls([{}, {"evidence": [3]}]) == {}


@pytest.mark.parametrize(
    ("one", "field"), [(Labeller, "memo"), (Case, "memo"), (Shared, "memo"), (Workbench, "_memo")]
)
def test_what_units_share_is_made_once(one, field):
    """Tools ask it for what is made once; a plain dictionary would fail every call of them."""
    assert one.__dataclass_fields__[field].default_factory is Memo
