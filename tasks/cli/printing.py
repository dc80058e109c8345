"""What verbs print, for people and for programs: tables, lines, notes, one JSON document."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from ...tools.io.console import Console
    from ..evaluation.formats.given import Problem

_PROBLEMS = 10


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


def present(
    document: dict[str, Any], as_json: bool, rows: "Callable[..., Iterable[RenderableType]]"
) -> None:
    """Prints a document as JSON, or for people its rows and its notes; a text is no markup."""
    from ...tools.evidence import plain

    if as_json:
        print_json(plain(document))
        return
    where = console()
    notes = (f"note: {note}" for note in document.get("notes", ()))
    for row in (*rows(document), *notes):
        where.print(row, markup=not isinstance(row, str))


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


def zeroed_words(test: dict[str, Any], beside: str = "p") -> str:
    """What zeroing the best units did to a prediction, and what random sets of units do."""
    line = f"control: zeroing the best {len(test['zeroed'])} lowers {beside} by {test['drop']:+.3g}"
    if "drop_probability" in test:
        line += f" (p by {test['drop_probability']:+.3g})"
    n = len(test["random"])
    if n:
        sets = "random sets" if n > 1 else "other set"
        line += f"; {n} {sets} of the same sites: {spread(test['random'], '{:+.3g}'.format)}; "
    return line


def spread(
    values: Sequence[float],
    form: Callable[[float], str],
    *,
    key: Callable[[float], float] | None = None,
) -> str:
    """`median M, largest L` of control values, in the order of `key`."""
    ordered = sorted(values, key=key)
    return f"median {form(ordered[len(ordered) // 2])}, largest {form(ordered[-1])}"


@contextmanager
def progress(unit: str, *, total: int | None = None) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, where that is a terminal; its value is the callback `(done, total)`."""
    from rich import progress as bars

    from ...tools.io.console import Console

    columns = (bars.TextColumn(unit), bars.BarColumn(), bars.MofNCompleteColumn())
    console = Console(stderr=True)
    with bars.Progress(*columns, bars.TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task(unit, total=total)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def print_problems(problems: "Sequence[Problem]", rest: str) -> None:
    """Names the first problems of a file on stderr, and how many more there are."""
    from ..evaluation.formats.given import one_line

    for problem in problems[:_PROBLEMS]:
        warn(f"{one_line(str(problem.place), 80)}: {one_line(problem.reason, 200)}")
    if len(problems) > _PROBLEMS:
        warn(f"{len(problems) - _PROBLEMS} {rest}")
