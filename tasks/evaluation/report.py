"""The report of a benchmark run: one self-contained page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...agent.statuses import CONFIDENCE
from ..report.page import write_page
from ..report.tables import with_interval
from ..report.usage import spent_words
from .effects_by_kind import COLUMNS, WANTED
from .planner_table import confidence_lines
from .plots import draw
from .summary import recovery_rows

HERE = Path(__file__).parent


def write_report(
    result: Mapping[str, Any], records: Sequence[Mapping[str, Any]], out: Path, *, title: str
) -> Path:
    """Writes `report.html` and its pictures into the folder of a run.

    Args:
        result: What `summary` gave.
        records: One a unit.
        out: The folder.
        title: Of the page.
    """
    nulls = {"the planner": result["null"]}
    nulls |= {name: entry["null"] for name, entry in result["baselines"].items()}
    return write_page(
        out / "report.html",
        title,
        HERE / "evaluation.html",
        over="neuroscribe · planner against known truth",
        result=result,
        said=with_interval,
        spent=spent_words(result["spent"]),
        pictures=draw(result, out),
        rows=lambda tier: recovery_rows(result, tier, list(result["baselines"])),
        units=sorted(records, key=lambda r: (r["tier"], r["kind"], not r["right"], r["unit"])),
        nulls={name: entry for name, entry in nulls.items() if entry.get("own") is not None},
        confidence_words=CONFIDENCE,
        confidence_lines=list(confidence_lines(result["calibration"])),
        effect_columns=COLUMNS,
        wanted=WANTED,
    )
