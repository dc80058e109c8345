"""The report of a run over known questions: one self-contained page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...report.page import write_page
from ...report.tables import with_interval
from ...report.usage import spent_words
from .question import KINDS

HERE = Path(__file__).parent


def write_report(found: Mapping[str, Any], records: Sequence[Mapping[str, Any]], out: Path) -> Path:
    """Writes `report.html` into the folder of a run.

    Args:
        found: What `summary` gave.
        records: One a question.
        out: The folder.
    """
    order = sorted(records, key=lambda one: (KINDS.index(one["kind"]), one["id"]))
    return write_page(
        out / "report.html",
        f"{found['planner']} on questions whose answers are known",
        HERE / "known.html",
        over="neuroscribe · answers against known truth",
        found=found,
        said=with_interval,
        spent=spent_words(found["spent"]),
        records=[{**one, "cost": spent_words(one["spent"])} for one in order],
    )
