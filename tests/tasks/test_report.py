"""The report of a run: counts, medians, controls, every unit, and nothing hostile."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from neuroscribe.agent.transcript import Recorder
from neuroscribe.tasks.labelling.report import write_report
from neuroscribe.tasks.labelling.report_parts import controls_table, failures, tiles
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.evidence import Evidence
from neuroscribe.tools.statistics.bootstrap import median
from page import HOSTILE, Page, check_hostile


def _score(value: float, **more: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1, **more}


def _record(unit: str, value: float | None, **more: Any) -> dict[str, Any]:
    scores = {}
    if value is not None:
        half = _score(value / 2)
        scores = {
            "correlation": _score(value),
            "gain_over_lookup": _score(value - 0.4),
            "auprc": _score(value / 2, base_rate=0.02),
            "f1": half,
            "lookups": {"token": _score(0.3), "bigram": _score(0.4)},
            "tails": {"half": {"threshold": 1.0, "base_rate": 0.02, "f1": half}},
        }
    predictor = {"kind": "words", "words": ["cat"]}
    component = {"words": f"clause of {unit}", "predictor": predictor, "evidence": ["E1"]}
    return {
        "unit": unit,
        "label": f"label of {unit}",
        "status": "described",
        "components": [component],
        "scores": scores,
        "controls": {"constant": {"correlation": 0.0}, "shuffled": {"correlation": 0.05}},
        "seconds": 2.0,
        **more,
    }


RECORDS = [
    _record("mlp.0/1", 0.3),
    _record("mlp.0/2", 0.9, effect={"words": "raises numbers", "evidence": ["E1"]}),
    _record("mlp.0/3", 0.5, transcript="transcripts/mlp.0_3.jsonl"),
    _record("mlp.0/4", None, status="failed", reason="LLMError: 401", label="", components=[]),
    _record("mlp.0/5", None, status="failed", reason="LLMError: 401", label="", components=[]),
    _record("mlp.0/6", None, status="dead", reason="never above 0", components=[]),
]


def _write(folder: Path, records: list[dict[str, Any]], *, run: bool = True) -> Path:
    folder.mkdir()
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "labels.jsonl").write_text(lines)
    facts = {
        "format": 1,
        "created": "2030-01-01T00:00:00Z",
        "target": {"name": "tiny", "fingerprint": "abc"},
        "corpus": {"spec": "builtin:stories", "tokens": {"explore": 1000}},
        "settings": {"planner": "builtin", "seed": 7, "units": "mlp.0/1-7"},
        "units": [*(record["unit"] for record in records), "mlp.0/7"],
    }
    if run:
        (folder / "run.json").write_text(json.dumps(facts))
    return folder


def _transcript(path: Path) -> None:
    tokens = ["the", " kitten", HOSTILE]
    measured = [
        {"unit": "mlp.0/3", "window": n, "source": "top", "tokens": tokens, "activations": values}
        for n, values in enumerate([0.0, 2.0 - n / 10, None] for n in range(5))
    ]
    header = {"format": 1, "unit": "mlp.0/3", "target": {"name": "tiny"}}
    with Recorder(path, header) as recorder:
        found = Evidence("E1", "exemplars", {}, "said", {"measured": measured})
        recorder.write("evidence", evidence=found)
        recorder.write("end", reason="concluded")


def test_the_report_holds_every_unit_and_number(tmp_path):
    folder = _write(tmp_path / "run", RECORDS)
    _transcript(folder / "transcripts" / "mlp.0_3.jsonl")
    page = write_report(folder)
    assert page == folder / "report.html"
    found = Page(page)
    for said in (
        *(record["unit"] for record in RECORDS),
        *("6 units of tiny", "LLMError: 401", "never above 0", "clause of mlp.0/2"),
        *("raises numbers", "Not labelled yet: mlp.0/7", "How to read these scores"),
        *("shuffled", " kitten", "2030-01-01"),
    ):
        assert said in found.text, said
    assert found.text.count("raises numbers") == 2  # beneath the label, and opened
    order = re.findall(r'data-v="(mlp\.0/\d)"', page.read_text())
    assert order[:3] == ["mlp.0/2", "mlp.0/3", "mlp.0/1"]  # by correlation
    assert {f"transcripts/mlp.0_3.html{to}" for to in ("", "#E1")} <= set(found.links)
    for link in found.links:
        assert (folder / link.partition("#")[0]).is_file(), link


def test_hostile_text_stays_text(tmp_path):
    record = _record(HOSTILE, 0.5, transcript="../../etc/passwd", reason=HOSTILE, status=HOSTILE)
    record["label"] = record["components"][0]["words"] = HOSTILE
    record["effect"] = {"words": HOSTILE}
    failed = _record("mlp.0/4", None, status="failed", reason=HOSTILE, label=HOSTILE)
    folder = _write(tmp_path / "run", [record, failed, *RECORDS[:3]])
    _transcript(folder / "transcripts" / "mlp.0_3.jsonl")
    found = check_hostile(write_report(folder))
    assert not [link for link in found.links + found.loaded if "passwd" in link]


def test_what_is_missing_is_missing_in_the_report(tmp_path):
    bare = _write(tmp_path / "bare", [{"unit": "a/1"}, {"unit": "a/2", "scores": None}], run=False)
    torn, none = _write(tmp_path / "torn", RECORDS[:2]), _write(tmp_path / "none", [])
    with (torn / "labels.jsonl").open("a") as file:
        file.write('{"unit": "mlp.0/9", "la')
    for folder, said in (
        (bare, "2 units of a model"),
        (torn, "2 units of t"),
        (none, "0 units of"),
    ):
        assert said in Page(write_report(folder)).text
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no run"):
        write_report(tmp_path / "empty")


def test_a_damaged_transcript_leaves_the_unit_without_a_page(tmp_path):
    folder = _write(tmp_path / "run", RECORDS)
    (folder / "transcripts").mkdir()
    (folder / "transcripts" / "mlp.0_3.jsonl").write_text("nonsense\n")
    found = Page(write_report(folder))
    assert "mlp.0/3" in found.text
    assert not found.links


def test_medians_and_failures_count_what_was_measured():
    value, low, high, many = median([0.1, None, 0.5, 0.9])
    assert (value, many) == (0.5, 3)
    assert 0.1 <= low <= 0.5 <= high <= 0.9  # type: ignore[operator]
    assert median([None]) == (None, None, None, 0)
    assert median([0.2, 0.4]) == (pytest.approx(0.3), None, None, 2)
    said = {name: value for value, name in tiles(RECORDS, missing=1)}
    assert said["failed"] == "2"
    assert said["units still missing"] == "1"
    assert said["median correlation, 3 units"] == "0.50"
    assert failures(RECORDS) == [("LLMError: 401", 2, ["mlp.0/4", "mlp.0/5"])]


def test_controls_stand_beside_the_labels():
    once = {**RECORDS[0], "controls": {"one_shot": {"failed": "no word"}}}
    table = controls_table([once, *RECORDS[1:]])
    assert table is not None
    rows = {row["name"]: row for row in table["rows"]}
    assert set(rows) == {"these labels", "one-shot", "shuffled", "constant"}
    assert rows["shuffled"]["cells"][0]["said"] == "0.05"
    assert rows["these labels"]["many"] == 3
    assert "failed for 1" in rows["one-shot"]["meaning"]
    assert controls_table([]) is None


def test_the_causal_evidence_is_cited_and_drawn(tmp_path):
    dose = [
        {"percentile": at, "value": value, "raised": value / 2, "interval": [0.0, value]}
        for at, value in ((50, 0.1), (99, 1.0), (99.9, 2.0))
    ]
    effect = {"words": "raises numbers", "evidence": ["E9"]}
    whole = _record("mlp.0/1", 0.3, effect=effect, effect_scores={"sufficiency": dose})
    older = _record("mlp.0/2", 0.3, effect=effect)
    records = [whole, older, _record("mlp.0/3", 0.3, effect_scores=None)]
    text = write_report(_write(tmp_path / "run", records)).read_text()
    assert text.count("rise of its words by held at") == 1
    assert "percentile 99.9: 1 at 2" in text
    assert text.count(">E9<") == 2
