"""The parts of a run's report that speak of all units at once: counts, medians, controls, plots."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from ...agent.statuses import MEANINGS, STATUSES, Meaning
from ...agent.transcript.plots import Point, histogram, interval_bar, scatter
from ...agent.transcript.sections import NAMES, cell, entry_of, triple
from ...tools.statistics.bootstrap import median
from ..report.usage import total
from .data import SPLIT_KEYS

COMPARED = ("correlation", "gain_over_lookup", "auprc", "f1")
_HEADLINES = ("words.pairs", "within.auroc", *COMPARED)
ROWS = {
    "own": ("these labels", "what the planner wrote"),
    "matched": ("matched units", "the same predictor on other units, as active and of one site"),
    "one_shot": ("one-shot", "read off the top exemplars, no experiment"),
    "shuffled": ("shuffled", "another unit's description, of the same layer and firing rate"),
    "untrained": ("untrained copy", "the same pipeline on weights drawn anew"),
    "constant": ("constant", "a prediction that never changes"),
}
_SPLITS = {key: name for name, key in SPLIT_KEYS.items()}
Records = Sequence[Mapping[str, Any]]


def facts(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the run was made on, as names and values."""
    target, corpus = run.get("target") or {}, run.get("corpus") or {}
    settings, versions = run.get("settings") or {}, run.get("versions") or {}
    tokens = corpus.get("tokens") or {}
    result = [
        ("target", target.get("name")),
        ("weights", target.get("fingerprint")),
        ("corpus", corpus.get("spec") or corpus.get("name")),
        ("corpus hash", corpus.get("hash")),
        (
            "pictures" if target.get("kind") == "image" else "tokens",
            ", ".join(f"{_SPLITS.get(name, name)} {_many(n)}" for name, n in tokens.items()),
        ),
        ("files left out", corpus.get("skipped") or None),
        ("near-duplicate windows left out", sum((corpus.get("repeats") or {}).values()) or None),
        ("units", settings.get("units")),
        ("planner", run.get("planner")),
        ("reader", settings.get("reader")),
        ("seed", run.get("seed")),
        ("made", run.get("created")),
        ("versions", ", ".join(f"{name} {number}" for name, number in versions.items())),
    ]
    return [(name, str(value)) for name, value in result if value not in (None, "")]


def tiles(records: Records, *, missing: int) -> list[tuple[str, str]]:
    """The headline numbers, each with its name."""
    count = Counter(str(record.get("status")) for record in records)
    result = [(f"{len(records)}", "units labelled")]
    if missing:
        result.append((f"{missing}", "units still missing"))
    for status in ("described", "word list", "not specific", "failed"):
        result.append((f"{count[status]}", "word lists" if status == "word list" else status))
    for name in _HEADLINES:
        value, _, _, n = median([_score(record, name) for record in records])
        if value is not None:
            result.append((cell(value), f"median {NAMES.get(name, name)}, {n} units"))
    seconds = [record["seconds"] for record in records if record.get("seconds") is not None]
    if seconds:
        result.append((f"{np.median(seconds):.1f} s", "median time a unit"))
    spent = total(record.get("meter") for record in records)
    if spent["requests"]:
        names = {"tokens_in": "tokens in", "tokens_cached": "of them cached"}
        result += [(_many(spent[name]), words) for name, words in names.items()]
        result.append((_many(spent["tokens_out"]), "tokens out"))
    if spent["cost"]:
        result.append((f"{spent['cost']:.4f}", "money"))
    return result


def statuses(records: Records) -> dict[str, Any]:
    """How many units ended how: a bar and its legend."""
    count = Counter(str(record.get("status") or "?") for record in records)
    order = [*(name for name in STATUSES if name in count), *count]
    meanings = {name: MEANINGS.get(name, Meaning("", "#868e96")) for name in order}
    total = max(1, len(records))
    part = Markup('<span style="flex:{};background:{}" title="{}: {}"></span>')
    return {
        "bar": Markup("").join(
            part.format(count[name] / total, one.colour, name, count[name])
            for name, one in meanings.items()
        ),
        "legend": [(name, count[name], one.colour, one.words) for name, one in meanings.items()],
    }


def failures(records: Records) -> list[tuple[str, int, list[str]]]:
    """Reasons of failed units: the reason, how many, and which."""
    result: dict[str, list[str]] = {}
    for record in records:
        if record.get("status") == "failed":
            reason = str(record.get("reason") or "no reason given")
            result.setdefault(reason, []).append(str(record.get("unit")))
    rows = [(reason, len(units), units[:6]) for reason, units in result.items()]
    return sorted(rows, key=lambda row: -row[1])


def controls_table(records: Records) -> dict[str, Any] | None:
    """Median scores of the labels beside those of every control that the records hold."""
    rows = []
    for kind, (name, meaning) in ROWS.items():
        entries = (
            [record.get("scores") or {} for record in records]
            if kind == "own"
            else [(record.get("controls") or {}).get(kind) or {} for record in records]
        )
        cells = [median([triple(item.get(score))[0] for item in entries]) for score in COMPARED]
        n = max(cell_[3] for cell_ in cells)
        failed = sum("failed" in item for item in entries)
        if n == 0 and not failed:
            continue
        rows.append(
            {
                "name": name,
                "meaning": meaning + (f"; failed for {failed}" if failed else ""),
                "many": n,
                "cells": [
                    {
                        "said": cell(value),
                        "range": ""
                        if low is None or kind == "constant"
                        else f"{low:.2f} to {high:.2f}",
                        "bar": "" if value is None else interval_bar(value, low, high),
                    }
                    for value, low, high, _ in cells
                ],
            }
        )
    if not rows:
        return None
    return {"columns": [NAMES.get(name, name) for name in COMPARED], "rows": rows}


def distributions(records: Records) -> list[dict[str, Any]]:
    """A histogram of each headline score, and the labels against the best baseline."""
    result: list[dict[str, Any]] = []
    for name in (*COMPARED, "iou"):
        values = [value for record in records if (value := _score(record, name)) is not None]
        if not values:
            continue
        low = min(0.0, float(np.floor(min(values) * 10) / 10))
        edges = np.linspace(low, 1.0, round((1.0 - low) / 0.05) + 1)
        counts, _ = np.histogram(np.clip(values, low, 1.0), edges)
        title = NAMES.get(name, name)
        middle = float(np.median(values))
        plot = histogram(
            edges.tolist(),
            counts.tolist(),
            x_name=title,
            y_name="units",
            marks=[(middle, f"median {middle:.2f}")],
        )
        result.append({"title": title[:1].upper() + title[1:], "plot": plot, "said": ""})
    points = []
    for record in records:
        lookups = ((record.get("scores") or {}).get("lookups") or {}).values()
        best = max((v for v, _, _ in map(triple, lookups) if v is not None), default=None)
        own = _score(record, "correlation")
        if best is not None and own is not None:
            note = f"{record.get('unit')}: {record.get('label')} ({own:.2f}; baseline {best:.2f})"
            points.append(Point(best, own, note=note))
    if points:
        result.append(
            {
                "title": "Labels against baselines",
                "plot": scatter(points, x_name="best baseline", y_name="label"),
                "said": "Correlations, one point a unit; above the line the label beats all.",
            }
        )
    return result


def _score(record: Mapping[str, Any], name: str) -> float | None:
    return triple(entry_of(record.get("scores"), name))[0]


def _many(value: Any) -> str:
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)
