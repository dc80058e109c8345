"""The verb `evaluate confidence`: whether confidence means what it says, over several runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from . import options
from .printing import present


def confidence(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders of evaluate planner; a unit counts once.")
    ],
    tiers: Annotated[str, typer.Option(help="Tiers whose units count.")] = "A,B,C,M",
    as_json: options.Json = False,
) -> None:
    """Judge confidence over the planted units of several runs: AUROC, slope, Brier skill."""
    from ..evaluation.pooled import pooled_confidence

    present(pooled_confidence(folders, options.listed(tiers)), as_json, _lines)


def _lines(found: dict[str, Any]) -> Iterator[str]:
    from ..evaluation.planner_table import confidence_lines

    yield from confidence_lines(found)
