"""The report of a study: JSON, one self-contained page, plots as files, and the terminal."""

import json
import re
from pathlib import Path
from typing import Any

from ...tools.io.console import Console
from ...tools.io.files import write_whole
from ..report.page import write_page
from ..report.plots import save
from .result import Plot, Section, Study, Table

HERE = Path(__file__).parent
WIDTH = 100
"""Columns of a terminal that every table fits."""


def write(study: Study, out: Path) -> Path:
    """Writes `study.json`, `report.html` and the plots into a folder; returns the report."""
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(study.as_dict(), ensure_ascii=False, indent=1)
    write_whole(out / "study.json", text + "\n")
    plots = {id(one): _drawn(one, out) for section in study.sections for one in section.plots}
    path, page = out / "report.html", HERE / "study.html"
    over = f"neuroscribe · study · {study.name}"
    return write_page(path, study.title, page, over=over, study=study, plots=plots, key=id)


def _drawn(one: Plot, out: Path) -> dict[str, Any]:
    """A plot as a file, and what the page needs of it."""
    figure = one.drawing.figure()
    path = out / (re.sub(r"\W+", "-", one.name) + ".png")
    return {"width": round(figure.get_figwidth() * 96), "source": save(figure, path)}


def show(study: Study) -> None:
    """Prints sentences and tables."""
    from rich.markup import escape

    console = Console(highlight=False)
    width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    console = Console(highlight=False, width=width)
    console.print(f"[bold]{escape(study.title)}[/]\n{escape(study.question)}\n")
    for section in study.sections:
        _print_section(console, section)
    marks = {True: "[green]found[/]", False: "[yellow]not found[/]", None: "[dim]remark[/]"}
    console.print("[bold]What came out[/]")
    for one in study.sentences:
        console.print(f"  {marks[one.found]}: {escape(one.text)}")
    for note in study.notes:
        console.print(f"  [dim]note: {escape(note)}[/]")


def _print_section(console: Console, section: Section) -> None:
    from rich.markup import escape

    if section.title:
        console.print(f"[bold]{escape(section.title)}[/]: {escape(section.text)}")
    for table in section.tables:
        console.print(f"\n{escape(table.title)}")
        console.print(_rich(table))
        if table.note:
            console.print(f"[dim]{escape(table.note)}[/]")
    console.print()


def _rich(table: Table) -> Any:
    from rich import box
    from rich.table import Table as Rich
    from rich.text import Text

    made = Rich(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
    for i, name in enumerate(table.columns):
        words = i < table.left
        made.add_column(Text(name), justify="left" if words else "right", no_wrap=not words)
    for row in table.rows:
        made.add_row(*map(Text, row))
    return made
