"""Evidence: every result of every tool, kept under an id that a description can cite."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NotRequired, TypedDict

import numpy as np

from .io.shapes import fault


class Result(NamedTuple):
    """What a tool function returns."""

    text: str
    """Compact text for the planner."""
    data: dict[str, Any]
    """Everything, as plain JSON; `measured` in it holds inputs with their activations."""
    images: tuple[Path, ...] = ()
    """Pictures, as files."""
    error: str | None = None
    """What went wrong where something was found all the same; it counts as a failed call."""


@dataclass(frozen=True)
class Evidence:
    """A tool call with its result."""

    id: str
    """`E1`, `E2`, ... in the order of the calls."""
    tool: str
    arguments: Mapping[str, Any]
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    seconds: float = 0.0
    error: str | None = None
    """Why the call gave no result; the call is counted all the same."""

    @classmethod
    def from_dict(cls, record: Any) -> "Evidence":
        """The inverse of `asdict`, for a record out of a file.

        Raises:
            ValueError: if it is none; says which field is wrong.
        """
        wrong = fault(record, _Kept)
        if wrong is not None:
            raise ValueError(wrong)
        if not re.fullmatch(r"E[1-9][0-9]{0,8}", record["id"]):
            raise ValueError(f"id is '{record['id'][:20]}', not E1, E2, ...")
        fields = {name: record[name] for name in cls.__dataclass_fields__ if name in record}
        return cls(**{**fields, "images": tuple(record.get("images", ()))})


class _Kept(TypedDict):
    """Evidence as JSON."""

    id: str
    tool: str
    arguments: dict[str, Any]
    text: str
    data: NotRequired[dict[str, Any]]
    images: NotRequired[list[str]]
    seconds: NotRequired[float]
    error: NotRequired[str | None]


class EvidenceStore:
    """The evidence of one investigation, in order."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        """Where tools may put picture files; None: nowhere, they give no pictures."""
        self.memo: dict[Any, Any] = {}
        """What was derived from these results, which do not change."""
        self._kept: dict[str, Evidence] = {}

    @property
    def next_id(self) -> str:
        """The id that the next evidence will have."""
        return f"E{len(self._kept) + 1}"

    def add(self, evidence: Evidence) -> Evidence:
        """Keeps evidence under its id."""
        if evidence.id != self.next_id:
            raise ValueError(f"evidence {evidence.id} is out of order, expected {self.next_id}")
        self._kept[evidence.id] = evidence
        return evidence

    def __getitem__(self, key: str) -> Evidence:
        return self._kept[key]

    def __contains__(self, key: object) -> bool:
        return key in self._kept

    def __iter__(self) -> Iterator[Evidence]:
        return iter(self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)


def plain(value: Any) -> Any:
    """A copy made of JSON types only; floats keep six significant digits."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (bool, str, int)) or value is None:
        return value
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return float(f"{number:.6g}") if np.isfinite(number) else None
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, Path):
        return str(value)
    return json.loads(json.dumps(value, default=str))
