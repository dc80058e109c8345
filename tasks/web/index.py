"""An index of a run's labels: a few facts of each unit and where its line stands, not the lines.

1. Label files are read on from where reading stopped, for as long as a caller allows, so that a
   page opens while a large run is still being read, and sees what a run adds.
2. A file that was written anew (another inode, or shorter) is read from its beginning.
3. A line that cannot be read is no label, as everywhere.
"""

import os
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from ...agent.statuses import confidence_of
from ...tools.errors import UsageError
from ...tools.io.plain_text import clip
from ..labelling.folder import RunFolder, record_of
from ..search.records import effect_of, interval, label_of

PAGE = 50
"""Units of one page."""
SORTS = ("unit", "label", "status", "score", "firing", "confidence")
_LINE = 140  # letters of an effect in the grid
_WHILE = 0.1  # seconds that a page waits for what is unread
_FEW = 16  # lines between two looks at the clock


class Row(NamedTuple):
    """One unit, as the grid shows it."""

    unit: str
    label: str
    status: str
    score: float | None
    """Held-out correlation."""
    low: float | None
    high: float | None
    firing: float | None
    """Share of held-out tokens, or pictures, on which it is active."""
    confidence: float | None
    effect: str
    place: tuple[str, int, int]
    """File, offset and length of its line."""


@dataclass(frozen=True)
class View:
    """Which units are asked for, in which order."""

    text: str = ""
    """Words that the unit's name, label or effect holds, all of them."""
    status: str = ""
    hits: tuple[str, ...] | None = None
    """What a search found, best first, instead of the units that hold the words."""
    note: str = ""
    """What that search has to say."""
    sort: str = "score"
    """One of `SORTS`; empty: as the search found them."""
    down: bool = True
    page: int = 0


class Page(NamedTuple):
    """One page of the grid."""

    rows: Sequence[Row]
    found: int
    """Units that fit the view."""
    known: int
    """Units that were read so far."""
    unread: int
    """Bytes of labels that are still to be read."""
    view: View
    """The view with a page that exists."""


@dataclass
class _File:
    inode: int
    offset: int = 0


@dataclass
class RunIndex:
    """The labels of a run folder.

    Args:
        folder: A run folder.

    Raises:
        UsageError: if there is no run in it.
    """

    folder: Path
    rows: dict[str, Row] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """Lines that are no labels."""
    _files: dict[str, _File] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.run: Mapping[str, Any] = RunFolder(self.folder).read_run() or {}
        if not self.run and not any(self.folder.glob("labels*.jsonl")):
            raise UsageError(
                f"there is no run in {self.folder}: it has neither run.json nor labels.jsonl; "
                "make one with: neuroscribe label TARGET --units ... --out FOLDER"
            )

    @property
    def units(self) -> Sequence[str]:
        """Units that the run is to label, where that is known."""
        return self.run.get("units") or ()

    def refresh(self, seconds: float | None = None) -> int:
        """Reads what is new, for so many seconds at most; the bytes that are left.

        Args:
            seconds: None: until the end.
        """
        until = None if seconds is None else time.monotonic() + seconds
        with self._lock:
            try:
                paths = sorted(self.folder.glob("labels*.jsonl"))
                facts = {path: path.stat() for path in paths}
                if any(self._renewed(path, facts[path]) for path in paths):
                    self._files.clear()
                    self.rows.clear()
                    self.faults.clear()
                left = 0
                for path in paths:
                    known = self._files.setdefault(path.name, _File(facts[path].st_ino))
                    if facts[path].st_size > known.offset:
                        left += self._read(path, known, until)
                return left
            except OSError:  # a file that was just taken away
                return 0

    def _renewed(self, path: Path, facts: os.stat_result) -> bool:
        known = self._files.get(path.name)
        return known is not None and (known.inode != facts.st_ino or facts.st_size < known.offset)

    def page(self, view: View) -> Page:
        """The units of a view; reads on first."""
        unread = self.refresh(_WHILE)
        chosen = [
            row for row in self._asked_for(view) if not view.status or row.status == view.status
        ]
        last = max(0, (len(chosen) - 1) // PAGE)
        clamped = replace(view, page=min(max(0, view.page), last))
        start = clamped.page * PAGE
        part = _sorted(chosen, clamped)[start : start + PAGE]
        return Page(part, len(chosen), len(self.rows), unread, clamped)

    def record(self, unit: str) -> dict[str, Any]:
        """Everything that the run kept of a unit.

        Raises:
            UsageError: if it has no label, or its line is gone.
        """
        self.refresh(_WHILE)
        row = self.rows.get(unit)
        if row is None:
            raise UsageError(f"{unit} has no label in {self.folder}")
        name, offset, length = row.place
        try:
            with (self.folder / name).open("rb") as file:
                file.seek(offset)
                record = record_of(file.read(length))
            if isinstance(record, str) or record["unit"] != unit:
                raise ValueError
        except (OSError, ValueError) as error:
            raise UsageError(f"the label of {unit} was just written anew; try again") from error
        return record

    def _asked_for(self, view: View) -> list[Row]:
        """The hits of a search, or the units that hold all words."""
        if view.hits is not None:
            return [self.rows[unit] for unit in view.hits if unit in self.rows]
        words = view.text.casefold().split()
        return [
            row
            for row in list(self.rows.values())
            if all(word in f"{row.unit} {row.label} {row.effect}".casefold() for word in words)
        ]

    def _read(self, path: Path, known: _File, until: float | None) -> int:
        with path.open("rb") as file:
            file.seek(known.offset)
            for number_, line in enumerate(file):
                if not line.endswith(b"\n"):
                    return 0  # a line that is being written
                row = _row(line, (path.name, known.offset, len(line)))
                if isinstance(row, Row):
                    self.rows.setdefault(row.unit, row)
                else:
                    where = f"{path.name} at byte {known.offset}"
                    self.faults.append(f"{where}: {row}; it is left out")
                known.offset += len(line)
                if until is not None and number_ % _FEW == 0 and time.monotonic() > until:
                    return path.stat().st_size - known.offset
        return 0


def _row(line: bytes, place: tuple[str, int, int]) -> Row | str:
    """The row of a label; what is wrong with the line where it is none."""
    record = record_of(line)
    if isinstance(record, str):
        return record
    score, low, high = interval(record)
    tails = (record.get("scores") or {}).get("tails") or {}
    return Row(
        record["unit"],
        label_of(record),
        record["status"],
        score,
        low,
        high,
        (tails.get("half") or {}).get("base_rate"),
        confidence_of(record),
        clip(effect_of(record).partition(" (")[0], _LINE),
        place,
    )


def _sorted(rows: Sequence[Row], view: View) -> list[Row]:
    """In the order of a view; units without the value come last either way."""
    if not view.sort:
        return list(rows)
    if view.sort in ("unit", "label", "status"):
        return sorted(rows, key=lambda row: _natural(getattr(row, view.sort)), reverse=view.down)
    have = [row for row in rows if getattr(row, view.sort) is not None]
    have.sort(key=lambda row: getattr(row, view.sort), reverse=view.down)
    return [*have, *(row for row in rows if getattr(row, view.sort) is None)]


def _natural(text: str) -> list[tuple[int, int, str]]:
    """Orders `mlp.10/2` behind `mlp.9/11`."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold())
        for part in re.split(r"(\d{1,15})", text)
        if part
    ]
