"""Several attempts at one unit, of which validation chooses.

**Tries** are independent investigations, each with randomness and an opening of its own. The one
that predicts validation best (cross-fitted, `scoring/validation.py`) is kept; a component of
another is added where it raises that by `LEAST_GAIN` or more, with an interval above zero.

**Triage** describes a unit at one look, and investigates it where that pays: where the description
predicts validation with a correlation under `GOOD`, or `BEHIND` or more under what a token or
bigram table reaches, and the tokens of the run are not spent. The better of the two is kept.

Test plays no part in any of it.
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...agent.description import Component, Description
from ...agent.state import PlannerFactory
from ...agent.statuses import Status
from ...agent.transcript.record import read, whole
from ...tools.evidence import plain
from ...tools.lab import Lab
from ...tools.statistics.bootstrap import Interval
from ..scoring.measured import Splits
from ..scoring.validation import agreement, ahead, best_table, cross_fitted

GOOD = 0.5
BEHIND = 0.1
"""Of 27 units of `planted` and MiniLM whose words at the peaks were .2 or more behind a table on
validation, the built-in investigation raised it on all, by .35 in the median; how far behind they
were and what it raised correlate by .67."""
LEAST_GAIN = 0.01
TYPICAL = 40_000
"""Tokens of a whole investigation, until the run has made some of its own (`estimate.py`)."""
_OPENINGS = {
    "": "",
    "Begin with the bands from high to low and with texts of your own, not with the strongest "
    "exemplars.": "exemplars",
    "Begin with pairs of one token (exemplars, kind pairs): what stands around the word?": (
        "exemplars"
    ),
    "Begin with the words that it is on at (scan), and with what switches them off.": "scan",
}
"""What the tries of a language model are told, in turn, and the tool that it is about."""


def opening(number: int, left_out: Collection[str]) -> str:
    """What a language model is told at a try, so far as the tool for it is offered."""
    able = [text for text, tool in _OPENINGS.items() if tool not in left_out]
    return able[number % len(able)]


class Attempt(NamedTuple):
    """One description of a unit, and how it came about."""

    planner: str
    description: Description
    concluded: Status | None
    """The status that the planner concluded; None: it was not asked."""
    lab: Lab
    path: Path
    """Its transcript."""
    seconds: float


class Kept(NamedTuple):
    """What became of the attempts at a unit."""

    number: int
    """The attempt that was kept."""
    description: Description
    scores: Sequence[Interval]
    """Of each attempt on validation."""
    merged: tuple[int, ...]
    """Other attempts that gave a component."""


def read_back(path: Path, lab: Lab, planner: str) -> Description | None:
    """The description of an attempt that was concluded before its run was interrupted.

    Args:
        path: Its transcript.
        lab: Gets its evidence, and what it took.
        planner: Who must have made it.
    """
    if not whole(path):
        return None
    kept = read(path)
    ends, conclusions = kept.of("end"), kept.of("conclusion")
    if kept.header.get("planner") != planner or not ends or not conclusions:
        return None
    description = Description.from_dict(conclusions[-1]["description"])
    if description.status == "failed":
        return None
    for item in kept.evidence.values():
        lab.evidence.add(item)
    lab.meter.restore(ends[-1].get("meter") or {})
    return description


def choose(attempts: Sequence[Attempt], splits: Splits) -> Kept:
    """The attempt that predicts validation best, with what others add to it."""
    split = splits.validation
    predicted = [cross_fitted(one.description.components, split) for one in attempts]
    scores = [agreement(one, split) for one in predicted]
    number = max(range(len(attempts)), key=lambda i: (_usable(attempts[i]), scores[i].value, -i))
    kept = attempts[number].description
    merged: list[int] = []
    for i, component in _others(attempts, number):
        both = cross_fitted([*kept.components, component], split)
        gain = ahead(both, cross_fitted(kept.components, split), split)
        if gain.value >= LEAST_GAIN and gain.low > 0:
            note = (
                f"component {len(kept.components) + 1} is from attempt {i + 1}: it raises the "
                f"correlation on validation by {gain.value:.3f}; its evidence is in "
                f"{attempts[i].path.name}"
            )
            components = (*kept.components, replace(component, evidence=()))
            kept = replace(kept, components=components, notes=(*kept.notes, note))
            merged.append(i)
    return Kept(number, kept, scores, tuple(dict.fromkeys(merged)))


def _usable(attempt: Attempt) -> bool:
    return attempt.description.status == "described" and bool(attempt.description.components)


def _others(attempts: Sequence[Attempt], kept: int) -> Iterator[tuple[int, Component]]:
    """Components of the attempts that were not kept; nothing is added to what describes nothing."""
    if not _usable(attempts[kept]):
        return
    for i, attempt in enumerate(attempts):
        if i != kept and _usable(attempt):
            yield from ((i, component) for component in attempt.description.components)


def pays(first: Attempt, splits: Splits) -> tuple[bool, dict[str, Any]]:
    """Whether a whole investigation is worth its tokens after one look, and why."""
    own = agreement(
        cross_fitted(first.description.components, splits.validation), splits.validation
    )
    table = best_table(splits)
    worth = not _usable(first) or own.value < GOOD or own.value <= table - BEHIND
    return worth, plain({"oneshot": own.as_dict(), "table": table, "pays": worth})


def reseeded(factory: PlannerFactory, number: int) -> PlannerFactory:
    """A planner with randomness of its own for another attempt."""
    seed = getattr(factory, "seed", None)
    if number and isinstance(seed, int) and is_dataclass(factory):
        return replace(factory, seed=seed + number)  # type: ignore[type-var]
    return factory


@dataclass
class RunTokens:
    """The language-model tokens of a run; whole investigations take theirs before they begin."""

    limit: int | None = None
    spent: int = 0
    whole: list[int] = field(default_factory=list)
    """What each whole investigation took."""
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    def take(self) -> int | None:
        """Sets aside what an investigation typically takes; None where it is not there."""
        with self._lock:
            typical = int(np.mean(self.whole)) if self.whole else TYPICAL
            if self.limit is not None and self.spent + typical > self.limit:
                return None
            self.spent += typical
            return typical

    def settle(self, taken: int, used: int) -> None:
        """Books what an investigation took in the place of what was set aside."""
        with self._lock:
            self.spent += used - taken
            self.whole.append(used)

    def book(self, used: int) -> None:
        """Books anything else."""
        with self._lock:
            self.spent += used


def used(lab: Lab) -> int:
    """Language-model tokens of an attempt."""
    return lab.meter.tokens_in + lab.meter.tokens_out


def as_records(attempts: Sequence[Attempt], kept: Kept, folder: Path) -> list[Mapping[str, Any]]:
    """The attempts for a unit's record."""
    return [
        {
            "planner": one.planner,
            "label": one.description.label,
            "status": one.description.status,
            "reason": one.description.reason,
            "validation": plain(score.as_dict()),
            "tokens": used(one.lab),
            "seconds": one.seconds,
            "transcript": str(one.path.relative_to(folder)),
            "kept": i == kept.number,
            "merged": i in kept.merged,
        }
        for i, (one, score) in enumerate(zip(attempts, kept.scores, strict=True))
    ]
