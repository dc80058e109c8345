"""Statuses stand in one place; specificity and the meaning of confidence stand where they show."""

import html
import io
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from neuroscribe.agent import transcript
from neuroscribe.agent.statuses import CONFIDENCE, CONFIDENT, MEANINGS, STATUSES, confidence_of
from neuroscribe.tasks.cli.label_tables import unit_detail
from neuroscribe.tasks.labelling.export import row
from neuroscribe.tasks.labelling.report_parts import statuses, tiles
from neuroscribe.tasks.labelling.results import UnitLabel
from neuroscribe.tasks.search.account import account
from neuroscribe.tasks.search.records import Filters
from neuroscribe.tasks.search.run_tools import Kind
from neuroscribe.tasks.search.search import RunSearch
from neuroscribe.tasks.search.terminal import hits
from neuroscribe.tasks.web.index import RunIndex, View
from neuroscribe.tasks.web.units import Units
from rich.console import Console

SPECIFICITY: dict[str, Any] = {
    **{"score": 0.41, "n": 63, "p": 0.125, "median_of_controls": 0.12},
    **{"as_high": [], "as_high_count": 7, "shared": [{"unit": "mlp.0/9", "correlation": 0.95}]},
    **{"shared_count": 1, "looked_at": 128, "matched": 63, "least": 20},
}
RECORD: dict[str, Any] = {
    "unit": "mlp.0/3",
    "label": "the word cat",
    "status": "not specific",
    "confidence": 0.15,
    "explained": -0.01,
    "components": [],
    "scores": {"beyond_tokens": {"value": -0.01, "low": -0.02, "high": 0.01}},
    "specificity": SPECIFICITY,
}


def test_every_status_is_listed_once_and_has_a_meaning_and_a_look():
    assert set(MEANINGS) == set(STATUSES) == set(get_args(Kind))
    style = (Path(str(transcript.__file__)).parent / "style.css").read_text()
    for status in STATUSES:
        assert f".chip.{status.split()[0]}" in style
        assert Filters(kinds=(status,)).keep("mlp.0/3", {"status": status})
    shown = statuses([{"status": status} for status in STATUSES])
    assert [name for name, *_ in shown["legend"]] == list(STATUSES)
    assert ("1", "not specific") in tiles([RECORD], missing=0)


def printed(part: Any) -> str:
    """What a terminal shows of it."""
    console = Console(width=300, record=True, file=io.StringIO())
    console.print(part)
    return console.export_text()


def test_no_confidence_stands_beside_a_label_that_claims_no_function():
    listed = RECORD | {"status": "word list", "confidence": 0.97}
    assert confidence_of(listed) is None
    assert confidence_of(RECORD) == 0.15
    assert "0.97" not in printed(
        unit_detail(UnitLabel("mlp.0/3", "the word cat", "word list", listed), Path())
    )


def test_specificity_is_shown_and_exported_and_confidence_says_of_what():
    unit = UnitLabel("mlp.0/3", "the word cat", "not specific", RECORD)
    text = printed(unit_detail(unit, Path("nowhere")))
    for said in (
        CONFIDENCE,
        "specificity, p = 0.12: correlation 0.41 here, as high on 7 of 63 matched units",
        "shared with mlp.0/9",
        "explains -1.0% (95% -2.0% .. 1.0%) of held-out variance",
    ):
        assert said in text
    assert text.count("as high on") == 1
    cells = row(unit)
    assert (cells["specificity_p"], cells["specificity_units"]) == (0.125, 63)
    assert cells["shared_with"] == "mlp.0/9"
    said, _ = account("mlp.0/3", RECORD, Path("nowhere"))
    assert f"confidence 0.15 {CONFIDENT}" in said
    assert "as high on 7 of 63 matched units" in said


@pytest.mark.parametrize("broken", [None, 3, {}, {"n": "x"}, {"n": 3, "shared": None}])
def test_records_of_other_versions_are_shown_too(broken):
    unit = UnitLabel("mlp.0/3", "x", "described", {**RECORD, "specificity": broken})
    assert printed(unit_detail(unit, Path("nowhere")))
    assert row(unit)["unit"] == "mlp.0/3"


def test_lists_of_units_say_what_confidence_is_of(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps({"units": ["mlp.0/3"], "settings": {}}))
    (tmp_path / "labels.jsonl").write_text(json.dumps(RECORD) + "\n")
    answer = RunSearch(tmp_path).search("", 5, Filters(kinds=("not specific",)))
    assert CONFIDENT in printed(hits(answer, {"mlp.0/3": RECORD}))
    assert CONFIDENCE in html.unescape(Units(RunIndex(tmp_path)).grid(View()))
