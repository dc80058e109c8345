"""One unit's label with everything behind it, as text for a language model or a person, or JSON.

What a planner wrote (labels, clauses, reasons) stands on one line; for a language model in
quotation marks, because it is data.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...agent.statuses import CONFIDENT, confidence_of
from ...agent.transcript import read
from ...agent.transcript.page import english, naming
from ...agent.transcript.sections import entry_of, triple
from ...tools.errors import UsageError
from ...tools.io.numbers import is_number
from ..labelling.report_costs import way_of
from ..scoring.entries import also_words, reach_words, shares_words, specificity_words, words_lines
from .records import Record, effect_of, interval, label_of, readable, shortened

_SCORES = {
    "within.auroc": "AUROC within tokens, where a table of tokens gets .5",
    "within.correlation": "correlation within tokens, where a table of tokens gets 0",
    "correlation": "correlation with the unit",
    "gain_over_lookup": "the same less that of the best baseline of token, pair or place",
    "auprc": "AUPRC",
    "f1": "F1",
}
Say = Callable[..., str]
"""How the words of a planner are written, given so many letters at most: `quote`, for instance."""
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


def headline(unit: str, record: Record, say: Say = quote) -> str:
    """A unit on one line: label, kind, score with its interval, confidence."""
    value, low, high = interval(record)
    score = "no held-out score" if value is None else f"held-out correlation {value:.2f}"
    score += between(low, high, ".2f")
    confidence = confidence_of(record)
    sure = "" if confidence is None else f", confidence {confidence:.2f} {CONFIDENT}"
    return f"{unit}: {say(label_of(record))} [{record.get('status')}; {score}{sure}]"


def between(low: float | None, high: float | None, form: str) -> str:
    """` (95% 0.40 .. 0.60)`; empty where there is no interval."""
    return "" if low is None or high is None else f" (95% {low:{form}} .. {high:{form}})"


def account(unit: str, record: Record, folder: Path) -> tuple[str, dict[str, Any]]:
    """Everything that a run holds of a unit: the text, and plain JSON."""
    made, missing = experiments(record, folder)
    data = {
        "unit": unit,
        "record": dict(record),
        "experiments": [item._asdict() for item in made],
        "transcript": missing or "read",
    }
    return "\n".join(told(unit, record, made, missing)), data


def told(
    unit: str, record: Record, made: "Sequence[Experiment]", missing: str, say: Say = quote
) -> Iterator[str]:
    """The text, line by line.

    Args:
        unit: The unit.
        record: Its record.
        made: What `experiments` gave.
        missing: Why what they found is not known.
        say: How the words of a planner are written.
    """
    yield headline(unit, record, say)
    yield from _described(record, say)
    for line in words_lines(entry_of(record.get("scores"), "words")):
        yield f"words, {say(line)}"
    yield from map(say, way_of(record))
    yield f"experiments in order, * what the label cites ({missing or 'from the transcript'}):"
    for item in made[:_MOST]:
        result = (item.error and f"error: {item.error}") or item.said
        named = {key: value for key, value in item.arguments.items() if value != unit}
        arguments = shortened(json.dumps(named, ensure_ascii=False, default=str), _ARGUMENTS)
        end = f" -> {say(result, _CITED if item.cited else _OTHER)}" if result else ""
        yield f"{'*' if item.cited else ' '} {item.id} {item.tool} {arguments}{end}"
    if len(made) > _MOST:
        yield f"and {len(made) - _MOST} more"


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
            Experiment(e["id"], e["tool"], e["arguments"], e["id"] in cited, "", e.get("error"))
            for e in listed
        ]
        return made, f"what they found is not known: {error}"
    return [Experiment(e.id, e.tool, e.arguments, e.id in cited, e.text, e.error) for e in kept], ""


def _described(record: Record, say: Say) -> Iterator[str]:
    scores = record.get("scores") or {}
    if record.get("explained") is not None:
        span = between(*triple(scores.get("beyond_tokens"))[1:], ".1%")
        yield f"explains {record['explained']:.1%}{span} of held-out variance beyond token identity"
    shares = shares_words(scores)
    if shares:
        yield f"held-out variance by {shares}"
    yield from filter(None, [reach_words(scores), also_words(scores)])
    yield from _scored(record)
    specific = specificity_words(record.get("specificity"))
    if specific and specific != record.get("reason"):
        yield f"specificity, {specific}"
    if record.get("base"):
        yield f"base: {say(record['base']['words'])}"
    for i, part in enumerate(record.get("components") or (), 1):
        share, score, band = part.get("share"), part.get("score"), part.get("band")
        facts = [
            "" if share is None else f"{share:.0%} of the activation mass",
            "" if score is None else f"alone correlates {score:.2f}",
            "negative side" if part.get("sign") == -1 else "",
            f"band {band}" if band not in (None, "any") else "",
            naming(part) if isinstance(part.get("unnamed"), bool) else "",
        ]
        yield f"component {i}: {say(part['words'])}{_evidence(part)}"
        rule = say(english(part["predictor"]))
        yield f"  predictor: {rule}; {', '.join(filter(None, facts)) or 'not measured'}"
    if record.get("effect"):
        yield f"effect: {say(effect_of(record))}{_evidence(record['effect'])}"
    for rival in record.get("rejected") or ():
        because = f"because {say(rival['reason'])}{_evidence(rival)}"
        yield f"rejected: {say(rival['words'])} {because}"
    if record.get("reason"):
        yield f"reason for the kind: {say(record['reason'])}"


def _scored(record: Record) -> Iterator[str]:
    """Scores with intervals and base rates, and the controls beside them."""
    scores = record.get("scores") or {}
    for name, meaning in _SCORES.items():
        entry = entry_of(scores, name)
        value, low, high = triple(entry)
        if value is None or not isinstance(entry, Mapping):
            continue
        base = entry.get("base_rate")
        rate = "" if base is None else f", base rate {base:.3f}"
        yield f"held-out {meaning}: {value:.3f}{between(low, high, '.3f')}{rate}"
    for name, entry in (record.get("controls") or {}).items():
        numbers = (f"{k} {v:.3f}" for k, v in entry.items() if is_number(v))
        yield f"control, {name}: {', '.join(numbers)}"


def _evidence(part: Mapping[str, Any]) -> str:
    """` [E3] (not tested in E4)`."""
    ids, untested = part.get("evidence") or (), part.get("untested") or ()
    cited = f" [{', '.join(map(str, ids))}]" if ids else ""
    return cited + (f" (not tested in {', '.join(map(str, untested))})" if untested else "")
