"""The report of a run over known questions: one self-contained page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ....agent.transcript.page import HERE as PAGE
from ....agent.transcript.page import environment, page_assets
from ....tools.io.files import write_whole
from ...evaluation.report import said
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
    text = (
        environment(HERE, PAGE)
        .get_template("known.html")
        .render(
            title=f"{found['planner']} on questions whose answers are known",
            found=found,
            said=said,
            spent=spent_words(found["spent"]),
            records=[{**one, "cost": spent_words(one["spent"])} for one in order],
            css=page_assets("page.js")["css"],
        )
    )
    path = out / "report.html"
    write_whole(path, text)
    return path
