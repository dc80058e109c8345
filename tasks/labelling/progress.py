"""What a person sees while a run goes on: a bar, a line a unit, and the experiments if asked for.

Everything goes to stderr. On a terminal the bar stands below the lines; elsewhere there are lines
alone.
"""

import sys
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from rich import progress as bars
from rich.markup import escape

from ...tools.io.console import Console
from ..scoring.entries import value_of


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
            from .watch import lines

            with self._lock:
                for line in lines(unit, event, fields):
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
