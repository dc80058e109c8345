"""The sanity tables as JSON, and as a person reads them in a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from . import SCORERS
from .control import Control
from .sanity import LEAST, Fall, Sanity
from .sanity_units import Row

_COLUMNS: tuple[tuple[str, JustifyMethod], ...] = (
    ("", "left"),
    ("true", "right"),
    ("missing", "right"),
    ("worst", "right"),
    ("extra", "right"),
    ("worst", "right"),
    ("passes", "left"),
)


def document(
    metrics: Mapping[str, Sanity],
    scorers: Mapping[str, Row],
    left_out: Mapping[str, str],
    control: Control | None = None,
) -> dict[str, Any]:
    """The JSON document.

    Args:
        metrics: What each metric does.
        scorers: What each scorer does.
        left_out: Why a scorer has no value, or not for every unit.
        control: How the judge did on control questions.
    """
    return {
        "metrics": {name: sanity.as_dict() for name, sanity in metrics.items()},
        "scorers": {
            name: {
                **row.sanity.as_dict(),
                "random": row.random,
                "nonsense": row.nonsense,
                "unreadable": row.failed,
                "chance": row.chance,
                "needs": needs(name),
            }
            for name, row in scorers.items()
        },
        "left_out": dict(left_out),
        "control": None if control is None else control._asdict(),
        "failing": {
            name: list(sanity.failing)
            for name, sanity in [*metrics.items(), *((n, r.sanity) for n, r in scorers.items())]
            if sanity.failing
        },
    }


def tables(
    metrics: Mapping[str, Sanity],
    scorers: Mapping[str, Row],
    left_out: Mapping[str, str],
    control: Control | None = None,
) -> RenderableType:
    """Both tables."""
    first = _table("metric", _COLUMNS)
    for name, sanity in metrics.items():
        first.add_row(*_cells(name, sanity))
    more: tuple[tuple[str, JustifyMethod], ...] = (
        ("chance", "right"),
        ("random", "right"),
        ("half nonsense", "right"),
        ("unreadable", "right"),
        ("needs", "left"),
    )
    second = _table("scorer", (*_COLUMNS, *more))
    for name, row in scorers.items():
        numbers = (row.chance, row.random, row.nonsense, row.failed)
        second.add_row(*_cells(name, row.sanity), *map(_number, numbers), ", ".join(needs(name)))
    legend = (
        f"A value must fall by {LEAST:.0%} or more where the description misses half of what the "
        "unit responds to, and where it claims as much again: metrics at every base rate, scorers "
        "in every group of planted units; the worst counts. random, half nonsense: the true "
        "description, judged at random, and by an oracle of which half of the answers cannot be "
        "read."
    )
    notes = [Text(f"{name}: no value for some units: {why}") for name, why in left_out.items()]
    if control is not None:
        notes.append(
            Text(f"the judge got {control.right:.0%} of {control.n} control answers right")
        )
    return Group(first, Text(), second, Text(), *notes, Text(legend, style="dim"))


def needs(row: str) -> Sequence[str]:
    """What the scorer behind a row needs beyond held-out activations."""
    return SCORERS[row.split(",")[0]].needs


def _table(first: str, columns: Sequence[tuple[str, JustifyMethod]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for at, (name, side) in enumerate(columns):
        table.add_column(name or (first if at == 0 else ""), justify=side)
    return table


def _cells(name: str, sanity: Sanity) -> list[str]:
    passes = "both" if sanity.passes else f"fails {' and '.join(sanity.failing)}"
    return [
        name,
        _number(sanity.true),
        *_fall(sanity.missing),
        *_fall(sanity.extra),
        passes,
    ]


def _fall(fall: Fall) -> tuple[str, str]:
    mean = sum(fall.by.values()) / len(fall.by)
    return f"{-mean:+.1%}", f"{-fall.fall:+.1%}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
