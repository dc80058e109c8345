"""What a search found as a person reads it in a terminal."""

from collections.abc import Iterable, Mapping

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from ...agent.statuses import CONFIDENT
from .groups import Duplicates, Grouped
from .records import Record, interval, label_of, number, shortened
from .results import Found, Similar
from .said import compared_with, controls, reach_said

_LABEL = 56


def found(answer: Found, records: Mapping[str, Record]) -> RenderableType:
    """Hits with why they were found; the nearest labels where there are none."""
    lines = [Text(note) for note in answer.notes]
    if not answer.hits:
        lines.append(Text(f"nothing found among {answer.searched} units"))
        how = "meaning" if len(answer.used) > 1 else "spelling"
        lines += [
            Text(f"nearest in {how}: {unit}  {label_of(records[unit])}") for unit in answer.nearest
        ]
        return Group(*lines)
    table = _table(*_UNIT, ("found by" if any(hit.why for hit in answer) else "", "left"))
    for hit in answer:
        table.add_row(*_cells(hit.unit, hit.record), Text("; ".join(hit.why)))
    rest = f"{len(answer)} of {answer.total} found among {answer.searched} units, by "
    return Group(*lines, table, Text(), Text(rest + " and ".join(answer.used)))


def similar(answer: Similar, records: Mapping[str, Record]) -> RenderableType:
    """Neighbours beside the controls."""
    title = Text(f"like {answer.unit}  {label_of(records[answer.unit])}", style="bold")
    table = _table(*_UNIT, ("likeness", "right"))
    for one in answer.neighbours:
        table.add_row(*_cells(one.unit, one.record), Text(f"{one.value:+.2f}"))
    return Group(title, table, Text(), *map(Text, compared_with(answer)))


def groups(answer: Grouped, many: int) -> RenderableType:
    """A group a line, its units by name."""
    if not answer.groups:
        return Group(Text("no two units are as alike as that"), Text(reach_said(answer)))
    table = _table(*_GROUP)
    for group in answer.groups[:many]:
        cells = (
            str(len(group.units)),
            _cut(group.name),
            "" if group.score is None else f"{group.score:.2f}",
            f"{group.mean:.2f}",
            f"{group.lowest:.2f}",
            " ".join(group.units),
        )
        table.add_row(*map(Text, cells))
    shown = min(many, len(answer.groups))
    rest = f"{shown} of {len(answer.groups)} groups; {answer.alone} units are in none"
    return Group(table, Text(), Text(rest), Text(reach_said(answer)))


def duplicates(answer: Duplicates, records: Mapping[str, Record], many: int) -> RenderableType:
    """Pairs by correlation, then labels that are the same words."""
    lines: list[RenderableType] = []
    if answer.pairs:
        table = _table(*_PAIR)
        for pair in answer.pairs[:many]:
            overlap = "" if pair.overlap is None else f"{pair.overlap:.2f}"
            labels = [_cut(label_of(records[unit])) for unit in (pair.first, pair.second)]
            said = labels[0] if pair.same_label else "\n".join(labels)
            names = f"{pair.first} {pair.second}"
            table.add_row(*map(Text, (names, f"{pair.correlation:+.2f}", overlap, said)))
        lines += [table, Text()]
    if answer.compared:
        lines.append(
            Text(
                f"{len(answer.pairs)} pairs of units with |correlation| of at least "
                f"{answer.at_least:g} ({answer.compared})"
            )
        )
        lines += [Text(line) for line in controls(answer.controls, "activations")]
    for units in answer.labels[:many]:
        lines.append(Text(f"same label: {_cut(label_of(records[units[0]]))}  {' '.join(units)}"))
    lines.append(Text(f"{len(answer.labels)} labels are said of more than one unit"))
    return Group(*lines)


_PAIR: tuple[tuple[str, JustifyMethod], ...] = (
    ("units", "left"),
    ("corr.", "right"),
    ("overlap", "right"),
    ("labels", "left"),
)
_GROUP: tuple[tuple[str, JustifyMethod], ...] = (
    ("units", "right"),
    ("name", "left"),
    ("score", "right"),
    ("mean", "right"),
    ("lowest", "right"),
    ("which", "left"),
)
_UNIT: tuple[tuple[str, JustifyMethod], ...] = (
    ("unit", "left"),
    ("label", "left"),
    ("kind", "left"),
    ("score", "right"),
    ("95%", "right"),
    ("conf.", "right"),
)


def _table(*columns: tuple[str, JustifyMethod]) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name, side in columns:
        made.add_column(name, justify=side, overflow="fold", no_wrap=name in ("unit", "95%"))
    if ("conf.", "right") in columns:
        made.caption, made.caption_justify = f"conf.: confidence {CONFIDENT}", "left"
    return made


def _cells(unit: str, record: Record) -> Iterable[Text]:
    value, low, high = interval(record)
    confidence = number(record.get("confidence"))
    cells = (
        unit,
        _cut(label_of(record)),
        str(record.get("status") or ""),
        "" if value is None else f"{value:.2f}",
        "" if low is None or high is None else f"{low:.2f} .. {high:.2f}",
        "" if confidence is None else f"{confidence:.2f}",
    )
    return map(Text, cells)


def _cut(label: str) -> str:
    return shortened(label, _LABEL)
