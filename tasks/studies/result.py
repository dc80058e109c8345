"""What a study comes to: sentences, tables, pictures and all numbers as JSON.

The same sections are printed, written to a page and kept: what is printed is what is reported.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...tools.io.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 100
"""Columns of a terminal that every table fits."""


@dataclass(frozen=True)
class Sentence:
    """One finding."""

    text: str
    found: bool | None = None
    """Found, looked for and not found, or neither: a remark."""


@dataclass(frozen=True)
class Table:
    """Rows of text."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""
    left: int = 1
    """Columns, from the first, that are words and not numbers."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One plot."""

    name: str
    figure: "Figure"
    caption: str


@dataclass(frozen=True, eq=False)
class Section:
    """One step of a study."""

    title: str
    text: str
    """What was done, in a sentence or two."""
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, eq=False)
class Study:
    """A finished study."""

    name: str
    title: str
    question: str
    target: str
    facts: dict[str, str]
    """Of the run, for the reader."""
    sentences: tuple[Sentence, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...]
    data: dict[str, Any] = field(default_factory=dict)
    """All numbers."""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON: `study.json`."""
        from ...tools.evidence import plain

        return plain(
            {
                "study": self.name,
                "target": self.target,
                "found": [one.text for one in self.sentences if one.found],
                "not_found": [one.text for one in self.sentences if one.found is False],
                "remarks": [one.text for one in self.sentences if one.found is None],
                "facts": self.facts,
                "notes": self.notes,
                **self.data,
            }
        )


def write(study: Study, out: Path) -> Path:
    """Writes `study.json`, `report.html` and its pictures; returns the report."""
    from .page import write_page

    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(study.as_dict(), ensure_ascii=False, indent=1)
    write_whole(out / "study.json", text + "\n")
    return write_page(study, out)


def show(study: Study) -> None:
    """Prints sentences and tables."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table as Drawn

    from ...tools.io.console import Console

    console = Console(highlight=False)
    wide = min(console.width, WIDTH) if console.is_terminal else WIDTH
    console = Console(highlight=False, width=wide)
    console.print(f"[bold]{escape(study.title)}[/]\n{escape(study.question)}\n")
    for section in study.sections:
        console.print(f"[bold]{escape(section.title)}[/]: {escape(section.text)}")
        for table in section.tables:
            drawn = Drawn(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
            for at, name in enumerate(table.columns):
                words = at < table.left
                drawn.add_column(
                    escape(name), justify="left" if words else "right", no_wrap=not words
                )
            for row in table.rows:
                drawn.add_row(*(escape(cell) for cell in row))
            console.print(f"\n{escape(table.title)}")
            console.print(drawn)
            if table.note:
                console.print(f"[dim]{escape(table.note)}[/]")
        console.print()
    marks = {True: "[green]found[/]", False: "[yellow]not found[/]", None: "[dim]remark[/]"}
    console.print("[bold]What came out[/]")
    for one in study.sentences:
        console.print(f"  {marks[one.found]}: {escape(one.text)}")
    for note in study.notes:
        console.print(f"  [dim]note: {escape(note)}[/]")
