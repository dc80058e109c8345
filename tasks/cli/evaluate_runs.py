"""The verb `evaluate runs`: runs of labels compared on the units that they share."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .printing import present, table

if TYPE_CHECKING:
    from rich.console import RenderableType


def runs(
    folders: Annotated[
        list[Path], typer.Argument(help="Run folders: the others are compared with the first.")
    ],
    as_json: options.Json = False,
) -> None:
    """Compare runs of labels unit by unit: planners, or tools left out."""
    from ..evaluation.paired_runs import compared
    from ..labelling.folder import RunFolder
    from ..labelling.results import read_run

    present(compared([read_run(RunFolder(folder)) for folder in folders]), as_json, _rows)


def _rows(document: dict[str, Any]) -> "Iterator[RenderableType]":
    """A table for each run."""
    for run in document["runs"]:
        shown = table("score", "units", "first", "this", "difference", "95%", title=run["run"])
        for row in run["scores"]:
            low_high = row["interval"]
            ends = "" if low_high is None else "{:+.3f} .. {:+.3f}".format(*low_high)
            means = f"{row['first']:.3f}", f"{row['mean']:.3f}", f"{row['difference']:+.3f}"
            shown.add_row(row["score"], str(row["units"]), *means, ends)
        yield shown
        if run["tokens"] or document["tokens"]:
            yield "new LLM tokens a unit: {:,.0f}, the first {:,.0f}".format(
                run["tokens"], document["tokens"]
            )
