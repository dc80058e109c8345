"""What a search gives back, as a person reads it in a terminal."""

from collections.abc import Iterable, Mapping

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from ...agent.statuses import CONFIDENT
from .records import Record, interval, label_of, shortened
from .results import Duplicates, Groups, Hits, Similar, control_lines

Column = tuple[str, JustifyMethod]
_LABEL = 56
_UNIT: tuple[Column, ...] = (
    ("unit", "left"),
    ("label", "left"),
    ("kind", "left"),
    ("score", "right"),
    ("95%", "right"),
    ("conf.", "right"),
)
_GROUP: tuple[Column, ...] = (
    ("units", "right"),
    ("name", "left"),
    ("score", "right"),
    ("mean", "right"),
    ("lowest", "right"),
    ("which", "left"),
)
_PAIR: tuple[Column, ...] = (
    ("units", "left"),
    ("corr.", "right"),
    ("overlap", "right"),
    ("labels", "left"),
)


def hits(answer: Hits, records: Mapping[str, Record]) -> RenderableType:
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
    table = _table(*_UNIT, ("similarity", "right"))
    for one in answer.neighbours:
        table.add_row(*_cells(one.unit, one.record), Text(f"{one.value:+.2f}"))
    return Group(title, table, Text(), *map(Text, answer.sentences()))


def groups(answer: Groups, limit: int) -> RenderableType:
    """A group a line, its units by name."""
    if not answer.groups:
        return Group(Text("no two units are as similar as that"), Text(answer.sentence()))
    table = _table(*_GROUP)
    for group in answer.groups[:limit]:
        table.add_row(
            str(len(group.units)),
            Text(_cut(group.name)),
            _number(group.score),
            f"{group.mean:.2f}",
            f"{group.lowest:.2f}",
            Text(" ".join(group.units)),
        )
    shown = min(limit, len(answer.groups))
    rest = f"{shown} of {len(answer.groups)} groups; {answer.alone} units are in none"
    return Group(table, Text(), Text(rest), Text(answer.sentence()))


def duplicates(answer: Duplicates, records: Mapping[str, Record], limit: int) -> RenderableType:
    """Pairs by correlation, then labels that are the same words."""
    lines: list[RenderableType] = []
    if answer.pairs:
        table = _table(*_PAIR)
        for pair in answer.pairs[:limit]:
            labels = [_cut(label_of(records[unit])) for unit in (pair.first, pair.second)]
            table.add_row(
                Text(f"{pair.first} {pair.second}"),
                f"{pair.correlation:+.2f}",
                _number(pair.overlap),
                Text(labels[0] if pair.same_label else "\n".join(labels)),
            )
        lines += [table, Text()]
    if answer.compared:
        lines.append(
            Text(
                f"{len(answer.pairs)} pairs of units with |correlation| of at least "
                f"{answer.at_least:g} ({answer.compared})"
            )
        )
        lines += map(Text, control_lines(answer.controls, "activations"))
    for units in answer.labels[:limit]:
        lines.append(Text(f"same label: {_cut(label_of(records[units[0]]))}  {' '.join(units)}"))
    lines.append(Text(f"{len(answer.labels)} labels are said of more than one unit"))
    return Group(*lines)


def _table(*columns: Column) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, side in columns:
        table.add_column(name, justify=side, overflow="fold", no_wrap=name in ("unit", "95%"))
    if ("conf.", "right") in columns:
        table.caption, table.caption_justify = f"conf.: confidence {CONFIDENT}", "left"
    return table


def _cells(unit: str, record: Record) -> Iterable[Text]:
    value, low, high = interval(record)
    between = "" if low is None or high is None else f"{low:.2f} .. {high:.2f}"
    status, confidence = str(record.get("status") or ""), record.get("confidence")
    cells = (unit, _cut(label_of(record)), status, _number(value), between, _number(confidence))
    return map(Text, cells)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _cut(label: str) -> str:
    return shortened(label, _LABEL)
