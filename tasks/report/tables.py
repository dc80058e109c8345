"""A table as a piece of a page, for notebooks; everything in it is escaped."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from ...agent.transcript.nested import nested_style


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
    kinds = [Markup("") if at < words else Markup(' class="n"') for at in range(len(columns))]
    head = _row("th", columns, kinds)
    body = Markup("").join(_row("td", row, kinds) for row in rows)
    below = Markup("").join(Markup('<p class="small faint">{}</p>').format(one) for one in notes)
    page = Markup('<div class="ns alone"><style>{}</style><h3>{}</h3><table>{}{}</table>{}</div>')
    text = page.format(nested_style(), title, head, body, below)
    return str(text).encode("utf-8", "replace").decode("utf-8")


def _row(tag: str, cells: Sequence[object], kinds: Sequence[Markup]) -> Markup:
    one = Markup("<{}{}>{}</{}>")
    made = (one.format(tag, kind, cell, tag) for cell, kind in zip(cells, kinds, strict=True))
    return Markup("<tr>{}</tr>").format(Markup("").join(made))
