"""What verbs print, for people and for programs: tables, lines, notes, one JSON document."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from ...tools.io.console import Console


def print_json(document: Any) -> None:
    """One line of JSON."""
    typer.echo(json.dumps(document, ensure_ascii=True))


def picked(item: Any, *names: str, **renamed: str) -> dict[str, Any]:
    """Attributes of an item by name; `key="name"` keeps one under another key."""
    keys = {**dict.fromkeys(names), **renamed}
    return {key: getattr(item, name or key) for key, name in keys.items()}


def warn(line: str) -> None:
    """A line on stderr."""
    typer.echo(f"neuroscribe: {line}", err=True)


def console(*, wide: bool = False) -> "Console":
    """Where results are printed; with `wide` a pipe gets long lines."""
    from ...tools.io.console import Console

    made = Console(highlight=False)
    return made if made.is_terminal or not wide else Console(highlight=False, width=160)


def lines(where: "Console") -> Callable[[str], None]:
    """Prints lines in which nothing is markup."""
    return lambda text: where.print(text, markup=False, highlight=False)


def print_notes(where: "Console", notes: Iterable[str]) -> None:
    """A line each."""
    for note in notes:
        lines(where)(f"note: {note}")


def table(first: str, *numbers: str, width: int = 0, title: str | None = None) -> "Table":
    """A table whose first column is words, the others numbers.

    Args:
        first: The name of the first column.
        numbers: The names of the others.
        width: The least width of a column of numbers.
        title: Above it.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(
        box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, title=title, title_justify="left"
    )
    made.add_column(first, no_wrap=True, min_width=len(first))
    for name in numbers:
        least = max(len(name), width) if width else None
        made.add_column(Text(name), justify="right", no_wrap=True, min_width=least)
    return made


def fitting(parts: Iterable[str], room: int) -> str:
    """As many parts as fit; of the first, what fits."""
    out = ""
    for part in parts:
        if out and len(out) + len(part) > room:
            break
        out += f"{part} "
    return out.rstrip()[:room]


def spread(
    values: Sequence[float],
    form: Callable[[float], str],
    *,
    key: Callable[[float], float] | None = None,
) -> str:
    """`median M, largest L` of control values, in the order of `key`."""
    ordered = sorted(values, key=key)
    return f"median {form(ordered[len(ordered) // 2])}, largest {form(ordered[-1])}"


def progress(unit: str, *, total: int | None) -> Any:
    """A bar on stderr, where that is a terminal; its value is the callback `(done, total)`."""
    from contextlib import contextmanager

    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from ...tools.io.console import Console

    @contextmanager
    def shown() -> Any:
        columns = (TextColumn(unit), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(unit, total=total)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    return shown()


def with_interval(entry: Mapping[str, Any], digits: int = 3) -> str:
    """`.912 (.870 to .940)`."""
    value, low, high = (entry[key] for key in ("value", "low", "high"))
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
