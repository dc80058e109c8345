"""Numbers with intervals as text; a table for notebooks, in which everything is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ...agent.transcript.page import nested_style
from ...tools.data.windows import clean


def with_interval(value: Mapping[str, Any] | None, digits: int = 2) -> str:
    """`.47 [.38, .56]`; `.47` where there is no interval; a dash for nothing."""
    if not value or value.get("value") is None:
        return "–"
    ends = [number(value.get(key), digits) for key in ("low", "high")]
    return number(value["value"], digits) + (f" [{', '.join(ends)}]" if "–" not in ends else "")


def number(value: float | None, digits: int = 2) -> str:
    """`.47`, `-.02`, `1.30`; a dash for nothing."""
    if value is None or value != value:
        return "–"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def table_html(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    notes: Iterable[str] = (),
    words: int = 1,
) -> str:
    """The table with its style.

    Args:
        title: Above it.
        columns: Their names.
        rows: Their cells.
        notes: Lines below it.
        words: So many columns from the left are words, the others numbers.
    """
    kinds = [Markup("") if i < words else Markup(' class="n"') for i in range(len(columns))]
    head = _row("th", columns, kinds)
    body = Markup("").join(_row("td", row, kinds) for row in rows)
    below = Markup("").join(Markup('<p class="small faint">{}</p>').format(one) for one in notes)
    page = Markup('<div class="ns alone"><style>{}</style><h3>{}</h3><table>{}{}</table>{}</div>')
    return clean(str(page.format(nested_style(), title, head, body, below)))


def _row(tag: str, cells: Sequence[object], kinds: Sequence[Markup]) -> Markup:
    one = Markup("<{}{}>{}</{}>")
    made = (one.format(tag, kind, cell, tag) for cell, kind in zip(cells, kinds, strict=True))
    return Markup("<tr>{}</tr>").format(Markup("").join(made))
