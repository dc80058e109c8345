"""What a study comes to: sections of sentences, tables, plots and numbers, as data.

`document.py` fills these in from a study's template; `report.py` prints them, draws them and writes
the page.
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


@dataclass
class Table:
    """Rows of text."""

    title: str
    columns: Sequence[str] = ()
    rows: list[Sequence[str]] = field(default_factory=list)
    note: str = ""
    left: int = 1
    """Columns, from the first, that are words and not numbers."""


class Plot(NamedTuple):
    """A drawing with its name and what it shows."""

    name: str
    drawing: Drawing
    caption: str


@dataclass(eq=False)
class Section:
    """One step of a study."""

    title: str
    text: str = ""
    """What was done, in a sentence or two."""
    sentences: list[Sentence] = field(default_factory=list)
    """What came out of it."""
    tables: list[Table] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)


@dataclass(eq=False)
class Study:
    """A finished study."""

    name: str
    target: str
    data: Mapping[str, Any]
    """All numbers."""
    title: str = ""
    question: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    """Of the run, for the reader."""
    sections: list[Section] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

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
