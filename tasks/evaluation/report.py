"""The report of a benchmark run: one self-contained page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...agent.statuses import CONFIDENCE
from ..report.page import write_page
from ..report.tables import with_interval
from ..report.usage import spent_words
from .effects_by_kind import COLUMNS, WANTED
from .plots import draw
from .summary import recovery_rows

HERE = Path(__file__).parent


def write_report(
    result: Mapping[str, Any], records: Sequence[Mapping[str, Any]], out: Path, *, title: str
) -> Path:
    """Writes `report.html` and its pictures into the folder of a run.

    Args:
        found: What `summary` gave.
        records: One a unit.
        out: The folder.
        title: Of the page.
    """
    return write_page(
        out / "report.html",
        title,
        HERE / "evaluation.html",
        over="neuroscribe · planner against known truth",
        result=result,
        said=with_interval,
        spent=spent_words(result["spent"]),
        pictures=draw(result, out),
        effects=_effects(result.get("effects") or {}),
        tiers=[_tier(result, tier) for tier in result["tiers"]],
        units=[_unit(record) for record in sorted(records, key=_order)],
        nulls=_nulls(result),
        confidence_words=CONFIDENCE,
        effect_columns=COLUMNS,
    )


def _tier(result: Mapping[str, Any], tier: str) -> dict[str, Any]:
    entry = result["tiers"][tier]
    rows = [
        {
            "kind": row.kind,
            "n": row.value["n"],
            "said": with_interval(row.value),
            "others": ["–" if one is None else f"{one['value']:.2f}" for one in row.baselines],
        }
        for row in recovery_rows(result, tier, list(result["baselines"]))
    ]
    return {
        "name": tier,
        "rows": rows,
        "ceiling": with_interval(entry.get("ceiling")),
        "explained": with_interval(entry.get("explained")),
        "match": with_interval(result["text_match"].get(tier)),
        "inexpressible": tier == "C",
    }


def _nulls(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of the table of units without a function: the planner, then the baselines."""
    entries = {"the planner": result["null"]}
    entries |= {name: entry["null"] for name, entry in result["baselines"].items()}
    return [
        {
            "name": name,
            "cells": [
                with_interval(part[key]) for key in ("detected", "false") for part in (entry, own)
            ],
        }
        for name, entry in entries.items()
        if (own := entry.get("own")) is not None
    ]


def _effects(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of the table of effects, by what a unit writes."""
    return [
        {
            "relation": relation,
            "n": entry["n"],
            "cells": [
                {"said": with_interval(entry[name]), "wanted": WANTED[relation] == name}
                for name in COLUMNS
            ],
        }
        for relation, entry in result.items()
    ]


def _order(record: Mapping[str, Any]) -> tuple[Any, ...]:
    return (record["tier"], record["kind"], not record["right"], record["unit"])


def _unit(record: Mapping[str, Any]) -> dict[str, Any]:
    judged = record["recovery"] or {}
    cells = judged.get("cells") or {}
    return {
        "tier": record["tier"],
        "kind": " ".join(filter(None, (record["kind"], record["variant"]))),
        "truth": record["truth"],
        "label": record["record"].get("label") or record["status"],
        "said": record["said"],
        "right": record["right"],
        "confidence": "–" if record["confidence"] is None else f"{record['confidence']:.2f}",
        "cells": [
            {"name": name, "value": "–" if value is None else f"{value:.2f}", "bad": _bad(value)}
            for name, value in cells.items()
        ],
    }


def _bad(value: float | None) -> bool:
    return value is None or value < 0.95
