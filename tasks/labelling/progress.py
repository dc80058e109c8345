"""What a person sees while a run goes on: a bar, a line a unit, and the experiments if asked for.

Everything goes to stderr. On a terminal the bar stands below the lines; elsewhere there are lines
alone.
"""

import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

from rich import progress as bars
from rich.markup import escape
from rich.text import Text

from ...tools.io.console import Console
from ...tools.io.plain_text import clip
from ..scoring.entries import value_of

WIDTH = 110
LINES = 6
"""Of a result that is shown as it comes."""


class Progress(AbstractContextManager["Progress"]):
    """Says nothing: what Python callers get unless they ask for more."""

    def say(self, text: str) -> None:
        """A line for the user."""

    def begin(self, total: int, done: int) -> None:
        """How many units there are, and how many have a label already."""

    def unit(self, record: Mapping[str, Any]) -> None:
        """A unit has its label."""

    def watch(self, unit: object, event: str, fields: Mapping[str, Any]) -> None:
        """Something happened in an investigation."""

    def __exit__(self, *error: object) -> None:
        pass


class TerminalProgress(Progress):
    """Tells a person on stderr.

    Args:
        watching: Show every experiment of every unit too.
        bar: Show a bar where there is a terminal.
    """

    def __init__(self, *, watching: bool = False, bar: bool = True) -> None:
        self.console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self.watching = watching
        self._with_bar = bar
        self._lock = threading.Lock()
        self._done = self._total = self._tokens = 0
        self._money = 0.0
        self._bar: bars.Progress | None = None
        self._task: Any = None

    def say(self, text: str) -> None:
        self.console.print(f"[dim]{escape(text)}[/dim]")

    def begin(self, total: int, done: int) -> None:
        self._total, self._done = total, done
        if done:
            self.say(f"{done} of {total} units have a label already")
        if self._with_bar and self.console.is_terminal and done < total:
            self._bar = bars.Progress(
                bars.TextColumn("units"),
                bars.BarColumn(),
                bars.MofNCompleteColumn(),
                bars.TextColumn("{task.fields[spent]}"),
                bars.TimeElapsedColumn(),
                console=self.console,
                transient=True,
            )
            self._task = self._bar.add_task("units", total=total, completed=done, spent="")
            self._bar.start()

    def unit(self, record: Mapping[str, Any]) -> None:
        with self._lock:
            self._done += 1
            meter = record.get("meter") or {}
            self._tokens += int(meter.get("tokens_in", 0) + meter.get("tokens_out", 0))
            self._money += float(meter.get("cost", 0))
            self.console.print(self._line(record))
            if self._bar is not None:
                money = f", {self._money:.2f} money" if self._money else ""
                spent = f"{self._tokens:,} tokens{money}" if self._tokens else ""
                self._bar.update(self._task, completed=self._done, spent=spent)

    def watch(self, unit: object, event: str, fields: Mapping[str, Any]) -> None:
        if self.watching:
            with self._lock:
                for line in _watched(unit, event, fields):
                    self.console.print(line)

    def _line(self, record: Mapping[str, Any]) -> str:
        value, status = value_of(record.get("scores"), "correlation"), record["status"]
        outcome = status if value is None or status == "failed" else f"correlation {value:.2f}"
        return (
            f"{self._done}/{self._total} [bold]{escape(record['unit'])}[/bold] "
            f"{escape(record['label'] or record.get('reason') or '')} "
            f"[dim]({outcome}, {record.get('seconds') or 0.0:.1f} s)[/dim]"
        )

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _watched(unit: object, event: str, fields: Mapping[str, Any]) -> Iterator[Text]:
    """What to print of one event of a transcript.

    Args:
        unit: The unit, put before each line.
        event: `message`, `evidence`, `ledger`, `conclusion` or `end`.
        fields: The event's own fields, as a recorder is given them.
    """
    for text, style in _lines(event, fields):
        yield Text.assemble((f"{unit}  ", "dim"), (text, style))


def _lines(event: str, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Lines with their style."""
    if event == "message":  # what the planner says beside its calls
        message = fields["message"]
        content = message.get("content") if message.get("role") == "assistant" else None
        if isinstance(content, str) and content.strip():
            yield clip(" ".join(content.split()), WIDTH), "italic"
    elif event == "evidence":
        yield from _evidence(_mapping(fields["evidence"]))
    elif event == "ledger":
        yield from _ledger(fields["rows"])
    elif event == "conclusion":
        end = _mapping(fields["description"])
        yield f"=> {end.get('label') or end.get('reason') or end.get('status')}", "bold"


def _evidence(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    given = item["arguments"]
    code = str(given.get("code", "")) if item["tool"] == "program" else ""
    arguments = (
        f"{key}={clip(str(given[key]), 60)}" for key in given if key != "unit" and not code
    )
    yield f"{item['id']} {item['tool']}({', '.join(arguments)})", "cyan"
    for line in code.splitlines():
        yield f"     > {clip(line, WIDTH)}", "dim"
    result = [line for line in str(item["text"]).splitlines() if line.strip()]
    for line in result[:LINES]:
        yield f"     {clip(line, WIDTH)}", ""
    if len(result) > LINES:
        yield f"     ... {len(result) - LINES} lines more", "dim"


def _ledger(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    from ...agent.ledger import strength

    best = sorted(rows, key=strength, reverse=True)[:3]
    if best:
        rivals = (f"{row['id']} {clip(str(row['statement']), 50)}{_fit(row)}" for row in best)
        yield f"     rivals: {'; '.join(rivals)}", "magenta"


def _fit(row: Mapping[str, Any]) -> str:
    for kind in ("test", "explore", "written"):
        value = (row.get(kind) or {}).get("correlation")
        if value is not None:
            return f" ({value:.2f})"
    return ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else asdict(value)
