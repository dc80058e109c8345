"""Sections of a transcript's page: facts, scores, activations, expected activation, the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ...tools.evidence import Evidence
from . import heat
from .plots import COLOURS, Point, Series, curve, histogram, interval_bar, lines
from .record import Transcript
from .words import PICTURES, TEXT, Words, meanings, words_of

NAMES = {
    "words.pairs": "words",
    "within.auroc": "within tokens",
    "within.correlation": "correlation within tokens",
    "shares.base": "by token identity only",
    "shares.ideas": "by components only",
    "gain_over_lookup": "gain over baselines",
    "auprc": "AUPRC",
    "f1": "F1",
    "iou": "IoU",
}
TESTED = ("correlation", "auprc", "f1", "precision", "recall", "mean_inside", "mean_outside")
_RIVALS = len(COLOURS)


def facts(transcript: Transcript) -> list[tuple[str, str]]:
    """What the investigation ran on, as names and values."""
    header = transcript.header
    target, corpus = header.get("target") or {}, header.get("corpus") or {}
    windows, budget = header.get("windows") or {}, header.get("budget") or {}
    versions = header.get("versions") or {}
    ends = transcript.of("end")
    meter = (ends[-1].get("meter") if ends else None) or {}
    words = words_of(transcript)
    limits = [f"{_thousands(v)} {k}" for k, v in budget.items() if v is not None]
    options = [f"{k} {v}" for k, v in (target.get("options") or {}).items()]
    found = [
        ("target", ", ".join([str(target.get("name")), *options])),
        ("weights", target.get("fingerprint")),
        ("corpus", corpus.get("spec")),
        ("corpus hash", corpus.get("hash")),
        (
            "explored",
            f"{_thousands(windows.get('tokens'))} "
            + words.places
            + ("" if words is PICTURES else f" in windows of {windows.get('length')}"),
        ),
        ("planner", header.get("planner")),
        ("seed", header.get("seed")),
        ("budget", ", ".join(limits)),
        ("spent", _spent(meter, len(transcript.evidence), words_of(transcript))),
        ("versions", ", ".join(f"{name} {said}" for name, said in versions.items())),
    ]
    return [(name, str(value)) for name, value in found if value not in (None, "")]


def score_table(scores: Mapping[str, Any], words: Words = TEXT) -> list[dict[str, Any]]:
    """The headline scores with their intervals and meaning."""
    found = []
    for name, meaning in meanings(words).items():
        entry = entry_of(scores, name)
        value, low, high = triple(entry)
        if value is None:
            continue
        base = entry.get("base_rate") if isinstance(entry, Mapping) else None
        found.append(
            {
                "name": NAMES.get(name, name),
                "value": f"{value:.2f}",
                "range": "" if low is None or high is None else f"{low:.2f} to {high:.2f}",
                "bar": interval_bar(value, low, high, base=base),
                "meaning": meaning + (f" Base rate {base:.3g}." if base is not None else ""),
            }
        )
    return found


def entry_of(scores: Mapping[str, Any] | None, name: str) -> Any:
    """A score by name; `within.auroc` is the `auroc` of `within`. None where there is none."""
    entry: Any = scores
    for part in name.split("."):
        entry = entry.get(part) if isinstance(entry, Mapping) else None
    return entry


def triple(entry: Any) -> tuple[float | None, float | None, float | None]:
    """Value, low and high of a score, which may be a number, a dict or absent."""
    if isinstance(entry, Mapping):
        return entry.get("value"), entry.get("low"), entry.get("high")
    return (entry, None, None) if isinstance(entry, (int, float)) else (None, None, None)


def histogram_of(evidence: Iterable[Evidence], things: str = "tokens") -> dict[str, Any] | None:
    """The first histogram among results; `things` are what it counts."""
    for item in evidence:
        given = item.data.get("histogram")
        if not isinstance(given, Mapping):
            continue
        edges, counts = given.get("edges") or (), given.get("counts") or ()
        if len(counts) < 1 or len(edges) != len(counts) + 1:
            continue
        stats = item.data.get("stats") or {}
        marks = [
            (value, name)
            for name, value in (("active", stats.get("active_above")),)
            if value is not None
        ]
        said = f"Counts on a logarithmic scale, over {_thousands(sum(counts))} {things} of explore."
        plot = histogram(edges, counts, x_name="activation", y_name=things, log=True, marks=marks)
        return {"plot": plot, "said": said, "id": item.id}
    return None


def expected_activation(
    scores: Mapping[str, Any], evidence: Iterable[Evidence], words: Words = TEXT
) -> dict[str, Any] | None:
    """Mean activation against what is predicted: a good description's curve rises.

    From the held-out scores where they hold one; else from the last test on explore, where a
    predictor either holds or does not.
    """
    given = scores.get("curve")
    if isinstance(given, Sequence) and len(given) > 1:
        points = [
            Point(
                item["predicted"],
                item["mean"],
                item.get("low"),
                item.get("high"),
                f"predicted {item['predicted']:.3g}: mean {item['mean']:.3g} over "
                f"{_thousands(item.get('tokens'))} {words.places}",
            )
            for item in given
        ]
        said = (
            f"Mean activation of held-out {words.places} by what the description predicts for them."
        )
        plot = curve(points, x_name="predicted activation", y_name="mean activation")
        return {"plot": plot, "said": said}
    tests = [item for item in evidence if item.data.get("tests")]
    if not tests:
        return None
    rows = [
        row
        for row in tests[-1].data["tests"]
        if row.get("mean_inside") is not None and row.get("mean_outside") is not None
    ]
    rows = sorted(rows, key=lambda row: -(row.get("correlation") or -2))[:_RIVALS]
    if not rows:
        return None
    series = [
        Series(str(row["id"]), [Point(0, row["mean_outside"]), Point(1, row["mean_inside"])])
        for row in rows
    ]
    plot = lines(
        series,
        x_name="the predictor",
        y_name="mean activation",
        x_labels=[(0, "does not hold"), (1, "holds")],
        size=(420, 190),
    )
    said = (
        f"Mean activation over explore where each predictor holds and where not ({tests[-1].id})."
    )
    return {"plot": plot, "said": said}


def tops_of(evidence: Iterable[Evidence], *, scale: float, limit: int = 8) -> list[dict[str, Any]]:
    """Heat maps of the strongest windows that any result shows, cut around the peak."""
    best: dict[Any, tuple[float, Mapping[str, Any]]] = {}
    for item in evidence:
        for entry in item.data.get("measured") or ():
            known = [v for v in entry.get("activations") or () if isinstance(v, (int, float))]
            if "window" in entry and known:
                best.setdefault(entry["window"], (max(known), entry))
    order = sorted(best.values(), key=lambda pair: -pair[0])[:limit]
    rows = [heat.row(entry, scale=scale, around=16) for peak, entry in order if peak > 0]
    return [{"name": "", "rows": rows}] if rows else []


def tests_of(item: Evidence) -> list[dict[str, Any]]:
    """What `test_hypotheses` found: a row a predictor, its numbers in the order of `TESTED`."""
    tests = [test for test in item.data.get("tests") or () if isinstance(test, Mapping)]
    return [{**test, "cells": [cell(test.get(name)) for name in TESTED]} for test in tests]


def ledger_over_time(transcript: Transcript) -> dict[str, Any] | None:
    """Every rival's correlation after each experiment, and the last scores."""
    rivals: dict[str, dict[str, Any]] = {}
    history: dict[str, dict[str, list[Point]]] = {"explore": {}, "written": {}}
    for event in transcript.of("ledger"):
        for row in event.get("rows") or ():
            key = str(row.get("id"))
            known = rivals.setdefault(key, {})
            known.update({name: value for name, value in row.items() if value is not None})
            place = _number_of(row.get("after") or event.get("after"))
            for kind, lines_ in history.items():
                value = (row.get(kind) or {}).get("correlation")
                if value is not None and place is not None:
                    note = f"{key} after E{place}: {value:.2f}"
                    lines_.setdefault(key, []).append(Point(place, value, note=note))
    if not rivals:
        return None
    order = sorted(rivals, key=lambda key: -_standing(rivals[key]))
    shown = order[:_RIVALS]
    colours = {key: COLOURS[i] for i, key in enumerate(shown)}
    plots = []
    for kind, named in (("explore", "explore windows"), ("written", "written texts")):
        series = [Series(key, history[kind].get(key, [])) for key in shown]
        if any(line.points for line in series):
            ticks = sorted({int(p.x) for line in series for p in line.points})
            plots.append(
                lines(
                    series,
                    x_name="after experiment",
                    y_name=f"correlation, {named}",
                    x_labels=[(i, f"E{i}") for i in ticks],
                    size=(500, 230),
                )
            )
    return {
        "plot": Markup('<div class="two">{}</div>').format(Markup("").join(plots)),
        "said": "How well each rival predicts everything measured so far. Windows of the corpus "
        "and texts written to separate the rivals are scored apart; r is the correlation, b the "
        "balanced accuracy at half of the unit's top activation.",
        "columns": ("shown r", "shown b", "written r", "written b", "all r"),
        "rows": [
            {
                "id": key,
                "words": rivals[key].get("statement") or rivals[key].get("english") or "",
                "colour": colours.get(key, COLOURS[-1]),
                "cells": _cells(rivals[key]),
            }
            for key in order[:40]
        ],
    }


def cell(value: Any) -> str:
    """A number for a table; a dash for none."""
    if not isinstance(value, (int, float)):
        return "–"
    return f"{0.0 if abs(value) < 0.005 else value:.2f}"


def _cells(row: Mapping[str, Any]) -> list[str]:
    pairs = [(row.get(kind) or {}).get(name) for kind, name in _SCORES]
    return [cell(value) for value in [*pairs, (row.get("test") or {}).get("correlation")]]


_SCORES = [(kind, name) for kind in ("explore", "written") for name in ("correlation", "balanced")]


def _standing(row: Mapping[str, Any]) -> float:
    values = [(row.get(kind) or {}).get("correlation") for kind in ("explore", "written", "test")]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else -1.0


def _number_of(evidence: Any) -> int | None:
    text = str(evidence or "")
    return int(text[1:]) if text[:1] == "E" and text[1:].isdecimal() else None


def _spent(meter: Mapping[str, Any], calls: int, words: Words) -> str:
    parts = [f"{calls} experiments"]
    if meter.get("seconds") is not None:
        parts.append(f"{meter['seconds']:.1f} s")
    if meter.get("forward_tokens"):
        parts.append(f"{_thousands(meter['forward_tokens'])} {words.places} through the target")
    if meter.get("requests"):
        used = meter.get("tokens_in", 0) + meter.get("tokens_out", 0)
        parts.append(f"{meter['requests']} requests, {_thousands(used)} tokens")
    if meter.get("cost"):
        parts.append(f"{meter['cost']:.4f} money")
    return ", ".join(parts)


def _thousands(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}" if isinstance(value, (int, float)) else "?"
