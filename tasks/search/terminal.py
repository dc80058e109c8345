"""What a search gives back, as a person reads it in a terminal."""

from collections.abc import Container, Iterable, Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ...agent.statuses import CONFIDENT, confidence_of
from .records import Record, interval, label_of, shortened
from .results import Duplicates, Groups, Hits, Similar, control_lines

_LABEL = 56
_UNIT = ("unit", "label", "kind", "score", "95%", "conf.")
_NUMBERS = frozenset(("score", "95%", "conf.", "mean", "lowest", "corr.", "overlap", "similarity"))


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
    table = listing(*_UNIT, "found by" if any(hit.why for hit in answer) else "")
    for hit in answer:
        table.add_row(*_cells(hit.unit, hit.record), Text("; ".join(hit.why)))
    rest = f"{len(answer)} of {answer.total} found among {answer.searched} units, by "
    return Group(*lines, table, Text(), Text(rest + " and ".join(answer.used)))


def similar(answer: Similar, records: Mapping[str, Record]) -> RenderableType:
    """Neighbours beside the controls."""
    title = Text(f"like {answer.unit}  {label_of(records[answer.unit])}", style="bold")
    table = listing(*_UNIT, "similarity")
    for one in answer.neighbours:
        table.add_row(*_cells(one.unit, one.record), Text(f"{one.value:+.2f}"))
    return Group(title, table, Text(), *map(Text, answer.sentences()))


def groups(answer: Groups, limit: int) -> RenderableType:
    """A group a line, its units by name."""
    if not answer.groups:
        return Group(Text("no two units are as similar as that"), Text(answer.sentence()))
    table = listing("units", "name", "score", "mean", "lowest", "which")
    for group in answer.groups[:limit]:
        table.add_row(
            str(len(group.units)),
            Text(_cut(group.name)),
            number(group.score),
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
        table = listing("units", "corr.", "overlap", "labels")
        for pair in answer.pairs[:limit]:
            labels = [_cut(label_of(records[unit])) for unit in (pair.first, pair.second)]
            table.add_row(
                Text(f"{pair.first} {pair.second}"),
                f"{pair.correlation:+.2f}",
                number(pair.overlap),
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


def listing(
    *columns: str, numbers: Container[str] = _NUMBERS, confidence: str = f"confidence {CONFIDENT}"
) -> Table:
    """A table without rules; where it has a column of confidences, it says below of what."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        side = "right" if name in numbers else "left"
        table.add_column(name, justify=side, overflow="fold", no_wrap=name in ("unit", "95%"))
    if "conf." in columns:
        table.caption, table.caption_justify = f"conf.: {confidence}", "left"
    return table


def _cells(unit: str, record: Record) -> Iterable[Text]:
    value, low, high = interval(record)
    status, confidence = str(record.get("status") or ""), number(confidence_of(record))
    score = (number(value), ends(low, high))
    return map(Text, (unit, _cut(label_of(record)), status, *score, confidence))


def ends(low: float | None, high: float | None) -> str:
    """Those of an interval."""
    return "" if low is None or high is None else f"{low:.2f} .. {high:.2f}"


def number(value: float | None, form: str = ".2f") -> str:
    """A number; empty where there is none."""
    return "" if value is None else format(value, form)


def _cut(label: str) -> str:
    return shortened(label, _LABEL)
