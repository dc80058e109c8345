"""A labelling run as a person reads it in a terminal: a table, or one unit in full."""

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any, TypeGuard

from rich.console import Group, JustifyMethod, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ...agent.statuses import CONFIDENCE
from ...agent.transcript.page import english
from ..labelling.results import LabelRun, UnitLabel
from ..report.usage import spent_words
from ..scoring.entries import HEADLINES, specificity_words, value_of


def table(run: LabelRun) -> RenderableType:
    """Every unit on a line, the run's sums below."""
    rows = Table(box=None, pad_edge=False, header_style="bold")
    columns: tuple[tuple[str, JustifyMethod], ...] = (
        ("unit", "left"),
        ("label", "left"),
        ("status", "left"),
        ("corr.", "right"),
        ("95%", "right"),
        ("vs baseline", "right"),
        ("AUPRC", "right"),
        ("conf.", "right"),
    )
    for name, side in columns:
        rows.add_column(name, justify=side, overflow="fold", no_wrap=name in ("unit", "95%"))
    for unit in run.units:
        rows.add_row(*_row(unit))
    return Group(rows, Text(), Text(_sums(run)))


def unit_detail(unit: UnitLabel) -> RenderableType:
    """Everything that is known of one unit."""
    return Group(*_detail(unit, unit.record))


def _row(unit: UnitLabel) -> list[Text]:
    record = unit.record
    scores = record.get("scores") or {}
    entry = scores.get("correlation")
    between = f"{entry['low']:.2f} .. {entry['high']:.2f}" if _whole(entry) else ""
    cells = [
        unit.unit,
        unit.label or str(record.get("reason") or ""),
        unit.status,
        _number(value_of(scores, "correlation")),
        between,
        _number(value_of(scores, "gain_over_lookup"), sign=True),
        _number(value_of(scores, "auprc")),
        _number(record.get("confidence")),
    ]
    return [Text(cell) for cell in cells]


def _detail(unit: UnitLabel, record: Mapping[str, Any]) -> Iterable[RenderableType]:
    yield Text.from_markup(f"[bold]{escape(unit.unit)}[/bold]  {escape(unit.label)}")
    yield Text(f"status      {unit.status}{_reason(record)}")
    if record.get("confidence") is not None:
        yield Text(f"confidence  {record['confidence']:.2f}: {CONFIDENCE}")
    if record.get("explained") is not None:
        yield Text(f"explained   {_explained(record)} of held-out variance, beyond token identity")
    if specificity_words(record.get("specificity")) not in ("", record.get("reason")):
        yield Text(f"specificity {specificity_words(record['specificity'])}")
    for number, part in enumerate(record.get("components") or (), 1):
        yield Text()
        sign = "" if part.get("sign", 1) > 0 else ", negative side"
        yield Text(f"{number}. {part['words']}{_cited(part)}")
        band = part.get("band", "any")
        yield Text(f"   predictor {english(part['predictor'])}{sign}, band {band}")
        share, score = _number(part.get("share")), _number(part.get("score"))
        yield Text(
            f"   holds {share or '?'} of the activation mass; alone correlates {score or '?'}"
        )
    effect = record.get("effect")
    if effect:
        yield Text(f"\neffect      {effect['words']}{_cited(effect)}")
    for rival in record.get("rejected") or ():
        yield Text(f"rejected    {rival['words']}: {rival['reason']}{_cited(rival)}")
    yield from _scores(record)
    for item in record.get("evidence") or ():
        mark = "*" if item.get("cited") else " "
        arguments = ", ".join(f"{key}={_short(value)}" for key, value in item["arguments"].items())
        wrong = f" -> error: {item['error']}" if item.get("error") else ""
        yield Text(f"{mark} {item['id']:<4} {item['tool']}({arguments}){wrong}")
    for note in record.get("notes") or ():
        yield Text(f"note        {note}")
    if record.get("transcript"):
        yield Text(f"transcript  {record['transcript']}")


def _scores(record: Mapping[str, Any]) -> Iterable[RenderableType]:
    scores = record.get("scores") or {}
    if not scores:
        return
    yield Text("\nheld-out scores (95% interval over documents)")
    for name in HEADLINES:
        entry = scores.get(name)
        if _whole(entry):
            base = f", base rate {entry['base_rate']:.3f}" if "base_rate" in entry else ""
            yield Text(
                f"  {name.replace('_', ' '):<17} {entry['value']:.3f} "
                f"({entry['low']:.3f} .. {entry['high']:.3f}{base})"
            )
    for name, entry in (scores.get("lookups") or {}).items():
        if _whole(entry):
            yield Text(f"  {name.replace('_', ' x ') + ' baseline':<17} {entry['value']:.3f}")
    for name, control in (record.get("controls") or {}).items():
        if isinstance(control, Mapping):
            numbers = ", ".join(
                f"{key} {value:.3f}" for key, value in control.items() if isinstance(value, float)
            )
            yield Text(f"  {name + ' control':<17} {numbers}")
    yield Text()


def _explained(record: Mapping[str, Any]) -> str:
    entry = (record.get("scores") or {}).get("beyond_tokens")
    between = f" ({entry['low']:.2f} .. {entry['high']:.2f})" if _whole(entry) else ""
    return f"{record['explained']:.2f}{between}"


def _sums(run: LabelRun) -> str:
    counts: dict[str, int] = {}
    for unit in run.units:
        counts[unit.status] = counts.get(unit.status, 0) + 1
    parts = [f"{n} {status}" for status, n in sorted(counts.items())]
    if run.missing:
        parts.append(f"{len(run.missing)} without a label yet")
    values = [v for unit in run.units if (v := unit.correlation) is not None]
    middle = f"; median correlation {median(values):.2f}" if values else ""
    usage = spent_words(run.spent)
    sure = "\nconf.: " + CONFIDENCE if any(u.record.get("confidence") for u in run.units) else ""
    return f"{len(run.units)} units: {', '.join(parts) or 'none labelled'}{middle}{sure}\n{usage}"


def _reason(record: Mapping[str, Any]) -> str:
    return f": {record['reason']}" if record.get("reason") else ""


def _cited(part: Mapping[str, Any]) -> str:
    ids = list(part.get("evidence") or ())
    out = f" [{', '.join(ids)}]" if ids else ""
    return out + (f" (not tested in {', '.join(part['untested'])})" if part.get("untested") else "")


def _whole(entry: Any) -> TypeGuard[Mapping[str, float]]:
    """Whether an entry is a value with its interval."""
    return isinstance(entry, Mapping) and None not in (
        entry.get("value"),
        entry.get("low"),
        entry.get("high"),
    )


def _number(value: float | None, *, sign: bool = False) -> str:
    return "" if value is None else f"{value:+.2f}" if sign else f"{value:.2f}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
