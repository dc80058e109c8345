"""The index of a run: what is added, written anew, torn or damaged."""

import json
import os
from typing import Any

import pytest
from neuroscribe.tasks.web.index import PAGE, RunIndex, View
from neuroscribe.tools.errors import UsageError


def _line(unit: str, label: str = "cats", score: Any = 0.5) -> str:
    tails = {"half": {"base_rate": 0.1}}
    scores = {"correlation": {"value": score, "low": 0.4, "high": 0.6}, "tails": tails}
    record = {"unit": unit, "label": label, "status": "described", "scores": scores}
    return json.dumps(record) + "\n"


def test_labels_are_read_on_and_read_anew(tmp_path):
    labels = tmp_path / "labels.jsonl"
    labels.write_text(_line("mlp.0/10") + _line("mlp.0/9") + '{"unit": "mlp.0/1", "la')
    index = RunIndex(tmp_path)
    rows = index.page(View(sort="unit", down=False)).rows
    assert [row.unit for row in rows] == ["mlp.0/9", "mlp.0/10"]
    labels.write_text(labels.read_text() + 'bel": "whole now"}\n' + _line("mlp.0/2"))
    assert index.page(View()).known == 4
    assert index.record("mlp.0/1")["label"] == "whole now"
    fresh = tmp_path / "fresh"
    fresh.write_text(_line("mlp.0/2", "other"))
    os.replace(fresh, labels)
    assert [row.label for row in index.page(View()).rows] == ["other"]
    with pytest.raises(UsageError, match="no label"):
        index.record("mlp.0/9")
    labels.unlink()
    assert index.page(View()).known == 1
    with pytest.raises(UsageError, match="try again"):
        index.record("mlp.0/2")
    for folder in (tmp_path / "nowhere", fresh):
        with pytest.raises(UsageError, match="there is no run"):
            RunIndex(folder)


def test_what_cannot_be_read_is_no_label_and_odd_values_do_no_harm(tmp_path):
    odd = [
        "\x00\n",
        "[1, 2]\n",
        '{"unit": 7}\n',
        '{"unit": "a/1", "scores": 3, "label": ["x"], "status": {"a": 1}}\n',
        '{"unit": "a/2", "label": "\\ud800", "confidence": "high"}\n',
        _line("a/3", "9" * 6000, score="x"),
        _line("a/3", "a second line of the same unit"),
    ]
    (tmp_path / "labels.1-of-2.jsonl").write_text("".join(odd))
    index = RunIndex(tmp_path)
    for sort in ("unit", "label", "status", "score", "firing", "confidence"):
        for down in (True, False):
            page = index.page(View(sort=sort, down=down))
            assert {row.unit for row in page.rows} == {"a/3"}
    assert index.page(View(text="second")).found == 1
    said = "labels.1-of-2.jsonl at byte 9: unit is a whole number, not a text; it is left out"
    assert index.faults[2] == said
    assert len(index.faults) == 6


def test_pages_and_filters(tmp_path):
    lines = [_line(f"mlp.0/{at}", f"thing {at}", at / 120) for at in range(120)]
    (tmp_path / "labels.jsonl").write_text("".join(lines))
    index = RunIndex(tmp_path)
    first, last = index.page(View()), index.page(View(page=99))
    assert (len(first.rows), first.rows[0].unit) == (PAGE, "mlp.0/119")
    assert (last.view.page, len(last.rows)) == (2, 120 - 2 * PAGE)
    assert index.page(View(page=-5)).view.page == 0
    assert index.page(View(status="dead")).found == 0
    hits = index.page(View(hits=("mlp.0/7", "gone", "mlp.0/3"), sort=""))
    assert [row.unit for row in hits.rows] == ["mlp.0/7", "mlp.0/3"]
