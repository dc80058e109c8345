"""One unit's label with everything behind it, as text for a language model and as JSON.

What a planner wrote (labels, clauses, reasons) stands in quotation marks on one line: it is data.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...agent.statuses import CONFIDENT
from ...agent.transcript import read
from ...agent.transcript.page import english
from ...agent.transcript.sections import triple
from ...tools.errors import UsageError
from ..scoring.entries import specificity_words
from .records import Record, effect_of, interval, label_of, readable, shortened

_SCORES = {
    "correlation": "correlation with the unit",
    "gain_over_lookup": "the same less that of the best baseline of token, pair or place",
    "auprc": "AUPRC",
    "f1": "F1",
}
_CITED = 700
_OTHER = 180
_CLAUSE = 300
_ARGUMENTS = 120
_MOST = 30
"""Experiments that are told of; all are in the data."""


class Experiment(NamedTuple):
    """One tool call of an investigation."""

    id: str
    tool: str
    arguments: Mapping[str, Any]
    cited: bool
    """The label rests on it."""
    said: str
    """What it found; empty where there is no transcript."""
    error: str | None


def quote(text: Any, most: int = _CLAUSE) -> str:
    """Text on one line in quotation marks, cut."""
    return json.dumps(shortened(readable(text), most), ensure_ascii=False)


def headline(unit: str, record: Record) -> str:
    """A unit on one line: label, kind, score with its interval, confidence."""
    value, low, high = interval(record)
    score = "no held-out score" if value is None else f"held-out correlation {value:.2f}"
    if low is not None and high is not None:
        score += f" (95% {low:.2f} .. {high:.2f})"
    confidence = record.get("confidence")
    sure = "" if confidence is None else f", confidence {confidence:.2f} {CONFIDENT}"
    return f"{unit}: {quote(label_of(record))} [{record.get('status')}; {score}{sure}]"


def account(unit: str, record: Record, folder: Path) -> tuple[str, dict[str, Any]]:
    """Everything that a run holds of a unit: the text, and plain JSON."""
    made, missing = experiments(record, folder)
    lines = [headline(unit, record), *_described(record)]
    lines += [f"experiments in order, * what the label cites ({missing or 'from the transcript'}):"]
    for item in made[:_MOST]:
        result = (item.error and f"error: {item.error}") or item.said
        named = {key: value for key, value in item.arguments.items() if value != unit}
        arguments = shortened(json.dumps(named, ensure_ascii=False, default=str), _ARGUMENTS)
        end = f" -> {quote(result, _CITED if item.cited else _OTHER)}" if result else ""
        lines.append(f"{'*' if item.cited else ' '} {item.id} {item.tool} {arguments}{end}")
    if len(made) > _MOST:
        lines.append(f"and {len(made) - _MOST} more")
    data = {
        "unit": unit,
        "record": dict(record),
        "experiments": [item._asdict() for item in made],
        "transcript": missing or "read",
    }
    return "\n".join(lines), data


def experiments(record: Record, folder: Path) -> tuple[list[Experiment], str]:
    """The experiments of a unit in order; and why what they found is not known, or empty."""
    listed = record.get("evidence") or ()
    parts = [*(record.get("components") or ()), *(record.get("rejected") or ())]
    parts.append(record.get("effect") or {})
    cited = {str(key) for part in parts for key in part.get("evidence") or ()}
    cited |= {item["id"] for item in listed if item.get("cited")}
    path = folder / "transcripts" / Path(str(record.get("transcript") or "-")).name
    try:
        kept = read(path).evidence.values()
    except UsageError as error:
        made = [
            Experiment(
                item["id"],
                item["tool"],
                item["arguments"],
                item["id"] in cited,
                "",
                item.get("error"),
            )
            for item in listed
        ]
        return made, f"what they found is not known: {error}"
    return [Experiment(e.id, e.tool, e.arguments, e.id in cited, e.text, e.error) for e in kept], ""


def _described(record: Record) -> Iterator[str]:
    if record.get("explained") is not None:
        yield f"explains {record['explained']:.1%} of held-out variance beyond token identity"
    yield from _scored(record)
    specific = specificity_words(record.get("specificity"))
    if specific:
        yield f"specificity, {specific}"
    for i, part in enumerate(record.get("components") or (), 1):
        share, score, band = part.get("share"), part.get("score"), part.get("band")
        facts = [
            "" if share is None else f"{share:.0%} of the activation mass",
            "" if score is None else f"alone correlates {score:.2f}",
            "negative side" if part.get("sign") == -1 else "",
            f"band {band}" if band not in (None, "any") else "",
        ]
        yield f"component {i}: {quote(part['words'])}{_evidence(part)}"
        rule = quote(english(part["predictor"]))
        yield f"  predictor: {rule}; {', '.join(filter(None, facts)) or 'not measured'}"
    if record.get("effect"):
        yield f"effect: {quote(effect_of(record))}{_evidence(record['effect'])}"
    for rival in record.get("rejected") or ():
        because = f"because {quote(rival['reason'])}{_evidence(rival)}"
        yield f"rejected: {quote(rival['words'])} {because}"
    if record.get("reason"):
        yield f"reason for the kind: {quote(record['reason'])}"


def _scored(record: Record) -> Iterator[str]:
    """Scores with intervals and base rates, and the controls beside them."""
    scores = record.get("scores") or {}
    for name, meaning in _SCORES.items():
        entry = scores.get(name)
        value, low, high = triple(entry)
        if value is None or not isinstance(entry, Mapping):
            continue
        base = entry.get("base_rate")
        between = "" if low is None or high is None else f" (95% {low:.3f} .. {high:.3f})"
        rate = "" if base is None else f", base rate {base:.3f}"
        yield f"held-out {meaning}: {value:.3f}{between}{rate}"
    for name, entry in (record.get("controls") or {}).items():
        numbers = (f"{k} {v:.3f}" for k, v in entry.items() if _is_number(v))
        yield f"control, {name}: {', '.join(numbers)}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _evidence(part: Mapping[str, Any]) -> str:
    ids = [str(item) for item in part.get("evidence") or ()]
    return f" [{', '.join(ids)}]" if ids else ""
