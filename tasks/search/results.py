"""What a search gives back."""

from collections.abc import Iterator
from dataclasses import dataclass

from .likeness import By, Control
from .records import Record


@dataclass(frozen=True)
class Hit:
    """A unit that was found."""

    unit: str
    record: Record
    why: tuple[str, ...]
    """Where the words were, how near the meaning is; empty for a query without words."""
    cosine: float | None = None
    """Of the query with the nearest of its label and components; None: not measured."""


@dataclass(frozen=True)
class Found:
    """The answer to a query: a sequence of hits that knows how it was made."""

    hits: tuple[Hit, ...]
    total: int
    """Units that were found, those beyond `many` included."""
    searched: int
    """Units that passed the filters."""
    used: tuple[str, ...]
    """`full text`, `embeddings by minilm`, or `filters only`."""
    notes: tuple[str, ...]
    """What a reader must know: words read as others, labels without an embedding."""
    nearest: tuple[str, ...] = ()
    """Where nothing was found: units with the labels that come nearest."""

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __getitem__(self, at: int) -> Hit:
        return self.hits[at]


@dataclass(frozen=True)
class Neighbour:
    """A unit beside another."""

    unit: str
    record: Record
    value: float
    """Likeness; a negative correlation is of units that do the opposite."""


@dataclass(frozen=True)
class Similar:
    """Units like one unit."""

    unit: str
    by: By
    compared: str
    neighbours: tuple[Neighbour, ...]
    """By size of the likeness."""
    others: int
    """Units that it was compared with."""
    controls: tuple[Control, ...]
    error: float
    """Standard error of a value: 0 where nothing was approximated."""
