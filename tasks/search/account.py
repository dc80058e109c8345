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
from ...tools.errors import UsageError
from ..scoring.entries import specificity_words
from .records import Record, effect_of, interval, label_of, number, parts, readable, shortened

_SCORES = {
    "correlation": "correlation with the unit",
    "gain_over_lookup": "the same less that of the best lookup of token, pair or place",
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
    confidence = number(record.get("confidence"))
    sure = "" if confidence is None else f", confidence {confidence:.2f} {CONFIDENT}"
    return f"{unit}: {quote(label_of(record))} [{record.get('status')}; {score}{sure}]"


def account(unit: str, record: Record, folder: Path) -> tuple[str, dict[str, Any]]:
    """Everything that a run holds of a unit: the text, and plain JSON."""
    found, missing = experiments(record, folder)
    lines = [headline(unit, record), *_described(record)]
    lines += [f"experiments in order, * what the label cites ({missing or 'from the transcript'}):"]
    for item in found[:_MOST]:
        said = (item.error and f"error: {item.error}") or item.said
        most = _CITED if item.cited else _OTHER
        given = {key: value for key, value in item.arguments.items() if value != unit}
        arguments = shortened(json.dumps(given, ensure_ascii=False, default=str), _ARGUMENTS)
        lines.append(
            f"{'*' if item.cited else ' '} {item.id} {item.tool} {arguments}"
            + (f" -> {quote(said, most)}" if said else "")
        )
    if len(found) > _MOST:
        lines.append(f"and {len(found) - _MOST} more")
    data = {
        "unit": unit,
        "record": dict(record),
        "experiments": [item._asdict() for item in found],
        "transcript": missing or "read",
    }
    return "\n".join(lines), data


def experiments(record: Record, folder: Path) -> tuple[list[Experiment], str]:
    """The experiments of a unit in order; and why what they found is not known, or empty."""
    listed = {str(item.get("id")): item for item in parts(record, "evidence")}
    cited = {key for key, item in listed.items() if item.get("cited")} | set(_cited(record))
    path = folder / "transcripts" / Path(str(record.get("transcript") or "-")).name
    try:
        kept = read(path).evidence
    except UsageError as error:
        found = [
            Experiment(
                key,
                str(item.get("tool")),
                item.get("arguments") or {},
                key in cited,
                "",
                item.get("error"),
            )
            for key, item in listed.items()
        ]
        return found, f"what they found is not known: {error}"
    found = [
        Experiment(key, item.tool, item.arguments, key in cited, item.text, item.error)
        for key, item in kept.items()
    ]
    return found, ""


def _described(record: Record) -> Iterator[str]:
    explained = number(record.get("explained"))
    if explained is not None:
        yield f"explains {explained:.1%} of held-out variance beyond token identity"
    yield from _scored(record)
    if specificity_words(record.get("specificity")):
        yield f"specificity, {specificity_words(record.get('specificity'))}"
    for i, part in enumerate(parts(record, "components"), 1):
        share, score = number(part.get("share")), number(part.get("score"))
        facts = [
            "" if share is None else f"{share:.0%} of the activation mass",
            "" if score is None else f"alone correlates {score:.2f}",
            "negative side" if part.get("sign") == -1 else "",
            f"band {part.get('band')}" if part.get("band") not in (None, "any") else "",
        ]
        yield f"component {i}: {quote(part.get('words'))}{_evidence(part)}"
        predictor = part.get("predictor")
        rule = quote(english(predictor)) if isinstance(predictor, Mapping) else "none"
        yield f"  predictor: {rule}; {', '.join(fact for fact in facts if fact) or 'not measured'}"
    effect = record.get("effect")
    if isinstance(effect, Mapping):
        yield f"effect: {quote(effect_of(record))}{_evidence(effect)}"
    for rival in parts(record, "rejected"):
        reason = quote(rival.get("reason"))
        yield f"rejected: {quote(rival.get('words'))} because {reason}{_evidence(rival)}"
    if record.get("reason"):
        yield f"reason for the kind: {quote(record['reason'])}"


def _scored(record: Record) -> Iterator[str]:
    """Scores with intervals and base rates, and the controls beside them."""
    scores = record.get("scores")
    for name, meaning in _SCORES.items():
        entry = scores.get(name) if isinstance(scores, Mapping) else None
        if isinstance(entry, Mapping) and number(entry.get("value")) is not None:
            low, high, base = (number(entry.get(key)) for key in ("low", "high", "base_rate"))
            between = "" if low is None or high is None else f" (95% {low:.3f} .. {high:.3f})"
            rate = "" if base is None else f", base rate {base:.3f}"
            yield f"held-out {meaning}: {entry['value']:.3f}{between}{rate}"
    controls = record.get("controls")
    for name, entry in controls.items() if isinstance(controls, Mapping) else ():
        if isinstance(entry, Mapping):
            numbers = [f"{k} {v:.3f}" for k, v in entry.items() if number(v) is not None]
            yield f"control, {name}: {', '.join(numbers)}"


def _cited(record: Record) -> Iterator[str]:
    effect = record.get("effect")
    for item in (
        *parts(record, "components"),
        *parts(record, "rejected"),
        *([effect] if isinstance(effect, Mapping) else []),
    ):
        yield from map(str, item.get("evidence") or ())


def _evidence(part: Mapping[str, Any]) -> str:
    ids = [str(item) for item in part.get("evidence") or ()]
    return f" [{', '.join(ids)}]" if ids else ""
