"""A run as one flat file: CSV for spreadsheets, JSONL for programs."""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...agent.transcript.sections import entry_of, triple
from ...tools.errors import UsageError
from ...tools.io.files import write_whole
from ..scoring.entries import HEADLINES, value_of
from .results import LabelRun, UnitLabel

COLUMNS: tuple[str, ...] = (
    "unit",
    "label",
    "status",
    "reason",
    "confidence",
    "explained",
    "words_pairs",
    "words_pairs_low",
    "words_pairs_high",
    "words_auroc",
    "words_judge",
    "correlation",
    "correlation_low",
    "correlation_high",
    "cosine",
    "auprc",
    "auprc_base_rate",
    "f1",
    "iou",
    "gain_over_lookup",
    "within_auroc",
    "within_correlation",
    "share_base",
    "share_ideas",
    "share_both",
    "specificity_p",
    "specificity_units",
    "shared_with",
    "effect",
    "base",
    "components",
    "predictors",
    "evidence",
    "seconds",
    "planner",
)

_SHARES = ("base", "ideas", "both")
_PAIRS = ("words_pairs", "words_pairs_low", "words_pairs_high")


def row(unit: UnitLabel) -> dict[str, Any]:
    """One unit as flat cells; several components stand in one cell, split by ` | `."""
    record = unit.record
    scores = record.get("scores") or {}
    parts = record.get("components") or ()
    cited = [item["id"] for item in record.get("evidence") or () if item.get("cited")]
    specific = record.get("specificity")
    specific = specific if isinstance(specific, Mapping) else {}
    _, low, high = triple(scores.get("correlation"))
    pairs = triple(entry_of(scores, "words.pairs"))
    auprc = scores.get("auprc")
    return {name: record.get(name) for name in COLUMNS} | {
        **{name: value_of(scores, name) for name in HEADLINES},
        **dict(zip(_PAIRS, pairs, strict=True)),
        "words_auroc": value_of(scores, "words.auroc"),
        "words_judge": entry_of(scores, "words.judge"),
        "specificity_p": specific.get("p"),
        "specificity_units": specific.get("n"),
        "shared_with": " ".join(str(one["unit"]) for one in specific.get("shared") or ()),
        "within_auroc": value_of(scores, "within.auroc"),
        "within_correlation": value_of(scores, "within.correlation"),
        **{f"share_{name}": value_of(scores, f"shares.{name}") for name in _SHARES},
        "correlation_low": low,
        "correlation_high": high,
        "auprc_base_rate": auprc.get("base_rate") if isinstance(auprc, Mapping) else None,
        "effect": (record.get("effect") or {}).get("words"),
        "base": (record.get("base") or {}).get("words"),
        "components": " | ".join(part["words"] for part in parts),
        "predictors": json.dumps([part["predictor"] for part in parts], ensure_ascii=False),
        "evidence": " ".join(cited),
    }


def csv_text(run: LabelRun) -> str:
    """The table as CSV; cells that a spreadsheet would take for formulas are quoted with `'`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for unit in run.units:
        writer.writerow({name: _safe(value) for name, value in row(unit).items()})
    return text.getvalue()


def jsonl_text(run: LabelRun) -> str:
    """One JSON object a line: the units of `show --json`."""
    return "".join(f"{json.dumps(unit.as_dict(), ensure_ascii=False)}\n" for unit in run.units)


def write_export(path: Path, content: str | bytes) -> None:
    """Writes an export.

    Raises:
        UsageError: if the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content, errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def _safe(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
