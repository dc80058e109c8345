"""What a study comes to: sections of sentences, tables, plots and numbers, as data.

A study measures and fills these in; `report.py` prints them, draws them and writes the page.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..report.plots import Drawing

Log = Callable[[str], None]
"""Told of progress, a line at a time."""


class Sentence(NamedTuple):
    """One finding."""

    text: str
    found: bool | None = None
    """Found, looked for and not found, or neither: a remark."""


@dataclass(frozen=True)
class Table:
    """Rows of text."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    left: int = 1
    """Columns, from the first, that are words and not numbers."""


class Plot(NamedTuple):
    """A drawing with its name and what it shows."""

    name: str
    drawing: Drawing
    caption: str


@dataclass(frozen=True, eq=False)
class Section:
    """One step of a study."""

    title: str
    text: str
    """What was done, in a sentence or two."""
    sentences: Sequence[Sentence] = ()
    """What came out of it."""
    tables: Sequence[Table] = ()
    plots: Sequence[Plot] = ()


@dataclass(frozen=True, eq=False)
class Study:
    """A finished study."""

    name: str
    title: str
    question: str
    target: str
    facts: Mapping[str, str]
    """Of the run, for the reader."""
    sections: Sequence[Section]
    notes: Sequence[str] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    """All numbers."""

    @property
    def sentences(self) -> list[Sentence]:
        """Of all sections."""
        return [one for section in self.sections for one in section.sentences]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON: `study.json`."""
        from ...tools.evidence import plain

        kinds = {"found": True, "not_found": False, "remarks": None}
        return plain(
            {
                "study": self.name,
                "target": self.target,
                **{k: [s.text for s in self.sentences if s.found is v] for k, v in kinds.items()},
                "facts": self.facts,
                "notes": self.notes,
                **self.data,
            }
        )
