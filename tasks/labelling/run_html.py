"""A labelling run as a table of a notebook."""

from typing import TYPE_CHECKING

from ...agent.statuses import CONFIDENT
from ..report.tables import table_html
from ..report.usage import spent_words

if TYPE_CHECKING:
    from .results import LabelRun

_MOST = 100


def run_html(run: "LabelRun") -> str:
    """A line a unit: label, status, held-out correlation, confidence."""
    notes = [f"{len(run.units) - _MOST} more units"] if len(run.units) > _MOST else []
    if run.missing:
        notes.append(f"{len(run.missing)} units have no label yet")
    return table_html(
        f"{len(run.units)} units of {run.settings.get('target')}, {len(run.failed)} failed",
        ["unit", "label", "status", "correlation", f"confidence {CONFIDENT}"],
        [
            [
                unit.unit,
                unit.label or unit.record.get("reason") or "–",
                unit.status,
                _number(unit.correlation),
                _number(unit.record.get("confidence")),
            ]
            for unit in run.units[:_MOST]
        ],
        notes=[*notes, spent_words(run.spent), str(run.folder / "report.html")],
        words=3,
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
