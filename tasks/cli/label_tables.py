"""A labelling run as a person reads it in a terminal: a table, or one unit in full."""

from collections import Counter
from pathlib import Path
from statistics import median

from rich.console import Group, RenderableType
from rich.text import Text

from ...agent.statuses import CONFIDENCE, confidence_of
from ...agent.transcript.sections import entry_of, triple
from ..labelling.results import LabelRun, UnitLabel
from ..report.usage import spent_words
from ..scoring.entries import (
    beside_within,
    judged_pictures,
    reference_line,
    value_of,
    words_value,
)
from ..search.account import experiments, told
from ..search.records import readable, shortened
from ..search.terminal import ends, listing, number

_WITHIN = "within: AUROC of active against silent places of one token; a table of tokens gets 0.50"
_WORDS = "words: same-token pairs that {judge} tells right from the label alone; chance is 0.50"
_OF_PICTURES = (
    "words: AUROC of active against silent pictures, as {judge} sees them, from the label alone; "
    "chance is 0.50"
)


def table(run: LabelRun) -> RenderableType:
    """Every unit on a line, the run's sums below."""
    numbers = ("words", "within", "corr.", "95%", "vs baseline", "AUPRC", "conf.")
    columns = ("unit", "label", "status", *numbers)
    rows = listing(*columns, numbers=numbers, confidence=CONFIDENCE)
    for unit in run.units:
        rows.add_row(*map(Text, _row(unit)))
    return Group(rows, Text(), Text(_sums(run)))


def unit_detail(unit: UnitLabel, folder: Path) -> RenderableType:
    """Everything that is known of one unit."""
    record = unit.record
    made, missing = experiments(record, folder)
    rows = list(told(unit.unit, record, made, missing, _plainly))
    rows += [f"within tokens, {line}" for line in beside_within(record.get("scores"))]
    for name, entry in ((record.get("scores") or {}).get("lookups") or {}).items():
        if (value := triple(entry)[0]) is not None:
            rows.append(f"baseline, {name.replace('_', ' x ')}: {value:.3f}")
    rows += [_plainly(line) for line in reference_line(record.get("scores"))]
    rows += [f"note: {note}" for note in record.get("notes") or ()]
    if confidence_of(record) is not None:
        rows.append(f"confidence: {CONFIDENCE}")
    if record.get("transcript"):
        rows.append(f"transcript: {record['transcript']}")
    return Group(*map(Text, rows))


def _plainly(text: object, most: int | None = None) -> str:
    """Words of a planner on one line."""
    line = readable(text)
    return line if most is None else shortened(line, most)


def _row(unit: UnitLabel) -> list[str]:
    scores = unit.record.get("scores") or {}
    value, low, high = triple(scores.get("correlation"))
    return [
        unit.unit,
        unit.label or str(unit.record.get("reason") or ""),
        unit.status,
        number(words_value(scores)),
        number(value_of(scores, "within.auroc")),
        number(value),
        ends(low, high),
        number(value_of(scores, "gain_over_lookup"), "+.2f"),
        number(value_of(scores, "auprc")),
        number(confidence_of(unit.record)),
    ]


def _sums(run: LabelRun) -> str:
    counts = sorted(Counter(unit.status for unit in run.units).items())
    parts = [f"{n} {status}" for status, n in counts]
    if run.missing:
        parts.append(f"{len(run.missing)} without a label yet")
    if run.not_judged:
        parts.append(f"{run.not_judged} not judged: limit reached")
    values = [v for unit in run.units if (v := unit.correlation) is not None]
    middle = f"; median correlation {median(values):.2f}" if values else ""
    counted = f"{len(run.units)} units: {', '.join(parts) or 'none labelled'}{middle}"
    within = any(value_of(unit.record.get("scores"), "within.auroc") for unit in run.units)
    judges = {entry_of(unit.record.get("scores"), "words.judge") for unit in run.units} - {None}
    notes = [_WITHIN] if within else []
    seen = any(judged_pictures(entry_of(u.record.get("scores"), "words")) for u in run.units)
    said = _OF_PICTURES if seen else _WORDS
    notes += [said.format(judge=_plainly(judge)) for judge in judges]
    return "\n".join([counted, *notes, spent_words(run.spent)])
