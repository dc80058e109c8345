"""What a search found as plain JSON, for `--json` and for tools of planners."""

from collections.abc import Mapping, Sequence
from typing import Any

from .groups import Duplicates, Grouped
from .likeness import Control
from .records import Record, interval, label_of, number
from .results import Found, Similar


def unit(name: str, record: Record) -> dict[str, Any]:
    """The line of one unit."""
    value, low, high = interval(record)
    return {
        "unit": name,
        "label": label_of(record),
        "kind": record.get("status"),
        "score": None if value is None else {"value": value, "low": low, "high": high},
        "confidence": number(record.get("confidence")),
    }


def found(answer: Found, records: Mapping[str, Record]) -> dict[str, Any]:
    """The answer to a query."""
    return {
        "used": list(answer.used),
        "notes": list(answer.notes),
        "searched": answer.searched,
        "found": answer.total,
        "hits": [
            {**unit(hit.unit, hit.record), "why": list(hit.why), "cosine": hit.cosine}
            for hit in answer
        ],
        "nearest": [unit(name, records[name]) for name in answer.nearest],
    }


def similar(answer: Similar) -> dict[str, Any]:
    """Units like one unit."""
    return {
        "unit": answer.unit,
        "by": answer.by,
        "compared": answer.compared,
        "others": answer.others,
        "standard_error": answer.error,
        "controls": _controls(answer.controls),
        "similar": [
            {**unit(one.unit, one.record), "value": one.value} for one in answer.neighbours
        ],
    }


def groups(answer: Grouped, many: int) -> dict[str, Any]:
    """Units that share a function."""
    return {
        "by": answer.by,
        "compared": answer.compared,
        "at_least": answer.at_least,
        "random_pairs_that_reach_it": answer.reach,
        "controls": _controls(answer.controls),
        "found": len(answer.groups),
        "in_no_group": answer.alone,
        "left_out": dict(answer.left_out),
        "groups": [
            {
                "name": group.name,
                "named_by": group.named_by,
                "score": group.score,
                "units": list(group.units),
                "mean": group.mean,
                "lowest": group.lowest,
            }
            for group in answer.groups[:many]
        ],
    }


def duplicates(answer: Duplicates, records: Mapping[str, Record], many: int) -> dict[str, Any]:
    """What a run says twice."""
    return {
        "at_least": answer.at_least,
        "compared": answer.compared or None,
        "controls": _controls(answer.controls),
        "found": len(answer.pairs),
        "pairs": [
            {
                "units": [unit(name, records[name]) for name in (pair.first, pair.second)],
                "correlation": pair.correlation,
                "exemplar_overlap": pair.overlap,
                "same_label": pair.same_label,
            }
            for pair in answer.pairs[:many]
        ],
        "found_labels": len(answer.labels),
        "labels": [
            {"label": label_of(records[units[0]]), "units": list(units)}
            for units in answer.labels[:many]
        ],
    }


def _controls(controls: Sequence[Control]) -> list[dict[str, Any]]:
    return [control._asdict() for control in controls]
