"""A run in which a whole tool fails says so."""

import pytest
from neuroscribe.tasks.evaluation.scorers.contract import Case
from neuroscribe.tasks.labelling.labeller import Labeller
from neuroscribe.tasks.labelling.results import tool_calls, whole_failures
from neuroscribe.tasks.mcp.shared import Shared
from neuroscribe.tasks.web.workbench import Workbench
from neuroscribe.tools.memo import Memo


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


def test_one_success_is_enough():
    def record(*errors: str | None) -> dict:
        return {"evidence": [{"tool": "scan", "error": error} for error in errors]}

    found = tool_calls([record("no", None), record("no")])
    assert found["scan"] == (3, 2, "no")
    assert whole_failures(found) == ()
    assert whole_failures(tool_calls([record("no\nroom", "no\nroom")])) == (
        "every call of scan failed (2 of 2): no room",
    )
    assert tool_calls([{}, {"evidence": [3]}]) == {}


@pytest.mark.parametrize(
    ("one", "field"), [(Labeller, "memo"), (Case, "memo"), (Shared, "memo"), (Workbench, "_memo")]
)
def test_what_units_share_is_made_once(one, field):
    """Tools ask it for what is made once; a plain dictionary would fail every call of them."""
    assert one.__dataclass_fields__[field].default_factory is Memo
