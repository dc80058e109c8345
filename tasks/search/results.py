"""What a search gives back: typed, as plain JSON, and what was compared, in sentences."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from .records import Record, interval, label_of

By = Literal["activations", "exemplars", "label"]
BY: tuple[By, ...] = ("activations", "exemplars", "label")


class Control(NamedTuple):
    """What pairs without a particular reason to be alike have."""

    what: str
    pairs: int
    p95: float | None
    """The value that 95% of the pairs stay below (in size, for correlations); None: no pairs."""


@dataclass(frozen=True)
class Hit:
    """A unit that answers a query."""

    unit: str
    record: Record
    why: tuple[str, ...]
    """Where the words were, how near the meaning is; empty for a query without words."""
    cosine: float | None = None
    """Of the query with the nearest of its label and components; None: not measured."""


@dataclass(frozen=True)
class Hits:
    """The answer to a query: a sequence of hits that knows how it was made."""

    hits: tuple[Hit, ...]
    total: int
    """Units that answer it, those beyond the limit included."""
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

    def __getitem__(self, i: int) -> Hit:
        return self.hits[i]

    def as_dict(self, records: Mapping[str, Record]) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "used": list(self.used),
            "notes": list(self.notes),
            "searched": self.searched,
            "found": self.total,
            "hits": [
                {**unit_line(hit.unit, hit.record), "why": list(hit.why), "cosine": hit.cosine}
                for hit in self
            ],
            "nearest": [unit_line(name, records[name]) for name in self.nearest],
        }


@dataclass(frozen=True)
class Neighbour:
    """A unit beside another."""

    unit: str
    record: Record
    value: float
    """Similarity; a negative correlation is of units that do the opposite."""


@dataclass(frozen=True)
class Similar:
    """Units like one unit."""

    unit: str
    by: By
    compared: str
    neighbours: tuple[Neighbour, ...]
    """By size of the similarity."""
    others: int
    """Units that it was compared with."""
    controls: tuple[Control, ...]
    error: float
    """Standard error of a value: 0 where nothing was approximated."""

    def sentences(self) -> list[str]:
        """What was compared, and how far the similarity of neighbours says something."""
        error = f"; standard error at most {self.error:.3f}" if self.error else ""
        compared = f"{self.compared}, with {self.others} other units{error}"
        return [compared, *control_lines(self.controls, self.by, self.others)]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "unit": self.unit,
            "by": self.by,
            "compared": self.compared,
            "others": self.others,
            "standard_error": self.error,
            "controls": _plain(self.controls),
            "similar": [
                {**unit_line(one.unit, one.record), "value": one.value} for one in self.neighbours
            ],
        }


class Group(NamedTuple):
    """Units that share a function."""

    name: str
    """The label of `named_by`."""
    named_by: str
    """The medoid; where it has no label that says what it does, the most like it that has."""
    score: float | None
    """Held-out correlation of that label, which says how far the name is to be trusted."""
    units: tuple[str, ...]
    """The medoid first, then the most like it first."""
    mean: float
    """Mean similarity of its pairs."""
    lowest: float
    """That of its least similar pair."""


@dataclass(frozen=True)
class Groups:
    """The groups of a run."""

    by: By
    compared: str
    at_least: float
    groups: tuple[Group, ...]
    """Largest first."""
    alone: int
    """Units that are in no group."""
    left_out: Mapping[str, str]
    reach: float | None
    """Share of random pairs of units that reach the bar; None: there are no pairs."""
    controls: tuple[Control, ...]

    def sentence(self) -> str:
        """What a group is, and how usual the bar is in this run."""
        reach = (
            "there are no random pairs"
            if self.reach is None
            else f"{self.reach:.1%} of random pairs of units reach it"
        )
        left_out = f"; not compared: {len(self.left_out)}" if self.left_out else ""
        return (
            f"every pair of a group reaches {self.at_least:g}, {self.compared}; {reach}{left_out}"
        )

    def as_dict(self, limit: int) -> dict[str, Any]:
        """Plain JSON of the first so many groups."""
        return {
            "by": self.by,
            "compared": self.compared,
            "at_least": self.at_least,
            "random_pairs_that_reach_it": self.reach,
            "controls": _plain(self.controls),
            "found": len(self.groups),
            "in_no_group": self.alone,
            "left_out": dict(self.left_out),
            "groups": [
                {**group._asdict(), "units": list(group.units)} for group in self.groups[:limit]
            ],
        }


class Pair(NamedTuple):
    """Two units that do nearly the same, or the opposite."""

    first: str
    second: str
    correlation: float
    overlap: float | None
    """Jaccard overlap of their exemplars; None where one has none."""
    same_label: bool


@dataclass(frozen=True)
class Duplicates:
    """What a run says twice."""

    at_least: float
    pairs: tuple[Pair, ...]
    """Nearly identical in activations, by size of the correlation; two sides of one unit are not
    counted."""
    labels: tuple[tuple[str, ...], ...]
    """Units whose labels are the same words; case and punctuation do not count."""
    compared: str
    """Empty: only labels were compared."""
    controls: tuple[Control, ...]

    def as_dict(self, records: Mapping[str, Record], limit: int) -> dict[str, Any]:
        """Plain JSON of the first so many pairs and labels."""
        return {
            "at_least": self.at_least,
            "compared": self.compared or None,
            "controls": _plain(self.controls),
            "found": len(self.pairs),
            "pairs": [
                {
                    "units": [unit_line(u, records[u]) for u in (pair.first, pair.second)],
                    "correlation": pair.correlation,
                    "exemplar_overlap": pair.overlap,
                    "same_label": pair.same_label,
                }
                for pair in self.pairs[:limit]
            ],
            "found_labels": len(self.labels),
            "labels": [
                {"label": label_of(records[units[0]]), "units": list(units)}
                for units in self.labels[:limit]
            ],
        }


def unit_line(unit: str, record: Record) -> dict[str, Any]:
    """One unit as plain JSON."""
    value, low, high = interval(record)
    return {
        "unit": unit,
        "label": label_of(record),
        "kind": record.get("status"),
        "score": None if value is None else {"value": value, "low": low, "high": high},
        "confidence": record.get("confidence"),
    }


def control_lines(controls: Sequence[Control], by: By, others: int | None = None) -> list[str]:
    """The 95th percentiles; and how many units would be beyond if all were as these pairs."""
    size = "|r|" if by == "activations" else "values"
    lines = []
    for control in controls:
        if control.p95 is None:
            lines.append(f"control: no {control.what}")
            continue
        beyond = f"; of {others} units, {others / 20:.1f} would be beyond" if others else ""
        lines.append(
            f"control, {control.what} ({control.pairs}): 95% have {size} up to "
            f"{control.p95:.2f}{beyond}"
        )
    return lines


def _plain(controls: Sequence[Control]) -> list[dict[str, Any]]:
    return [control._asdict() for control in controls]
