"""What of a run's labels a judge will be asked, and what that costs, before anything is asked.

1. Target and corpus of the run are loaded as `run.json` names them, and must be the same.
2. For each unit with a label: places, a line-up for retrieval, the label of the unit that is
   nearest in firing rate (shuffled), and where wanted the label that another run gives it.
3. A unit that has a line for the same judge, label and seed is done.

What is drawn for a unit depends on the run and the seed alone, so that a run that goes on asks what
it would have asked.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ....agent.statuses import LABELLED
from ....tools.errors import UsageError
from ....tools.models.target import Target
from ....tools.models.unit import Unit
from ...labelling import words
from ...labelling.data import RunData
from ...labelling.folder import RunFolder
from ...labelling.results import LabelRun, UnitLabel, read_run
from ...scoring.measured import Splits
from ...search.measure import data_of
from ..scorers.contract import Control
from ..scorers.judges import Question, instructions
from .control import questions
from .judging import sheets_of
from .places import Places, bars, draw
from .retrieval import Lineup, lineups

LETTERS_A_TOKEN = 4
OUT_A_PLACE = 6
"""Tokens of `"12": 7, `."""


@dataclass(frozen=True)
class Plan:
    """How a run is judged; the same plan in the same folder goes on."""

    judge: str
    """As the user named it."""
    seed: int = 0
    retrieval: bool = True
    max_tokens: int | None = None
    """Tokens of this call, in and out."""


@dataclass(frozen=True)
class Task:
    """One unit, ready to be judged."""

    unit: UnitLabel
    places: Places | str
    """A sentence where there are too few."""
    lineup: Lineup | None
    shuffled: UnitLabel | None
    """Whose label stands in for the control."""
    rival: UnitLabel | None
    """Its label in another run."""

    def questions(self) -> Iterator[Question]:
        """Every request that will be made about it."""
        labels = [self.unit.label]
        if self.rival is not None and self.rival.label != self.unit.label:
            labels.append(self.rival.label)
        if isinstance(self.places, Places):
            for label in labels:
                yield from (sheet.question for sheet in sheets_of(self.places, label))
            if self.shuffled is not None:
                paired = self.places.paired
                sheets = sheets_of(self.places, self.shuffled.label, pairs_only=paired)
                yield from (sheet.question for sheet in sheets)
        if self.lineup is not None:
            yield from (self.lineup.question(label) for label in labels)


@dataclass(frozen=True)
class Cost:
    """What is going to be asked."""

    units: int
    requests: int
    tokens_in: int
    """From the letters."""
    tokens_out: int

    @classmethod
    def of(cls, asked: Sequence[Question], units: int = 1) -> "Cost":
        """Of some questions."""
        letters = sum(
            len(instructions(one.job)) + len(json.dumps(one.data, ensure_ascii=False))
            for one in asked
        )
        out = sum(OUT_A_PLACE * len(one.data.get("places", "1")) + 10 for one in asked)
        return cls(units, len(asked), letters // LETTERS_A_TOKEN, out)

    @property
    def tokens(self) -> int:
        """In and out."""
        return self.tokens_in + self.tokens_out

    def as_dict(self, prices: tuple[float, float] | None = None) -> dict[str, Any]:
        """Plain JSON."""
        return {**asdict(self), "cost": self.money(prices)}

    def money(self, prices: tuple[float, float] | None) -> float | None:
        """None where no prices are known."""
        if prices is None:
            return None
        return round((self.tokens_in * prices[0] + self.tokens_out * prices[1]) / 1e6, 4)

    def text(self, prices: tuple[float, float] | None = None) -> str:
        """For a person."""
        cost = self.money(prices)
        return (
            f"{self.units} units to judge: {self.requests:,} requests, about {self.tokens_in:,} "
            f"tokens in and {self.tokens_out:,} out"
            + ("" if cost is None else f", about {cost:.2f} money")
        )


@dataclass(frozen=True)
class Work:
    """A run that is ready to be judged."""

    folder: Path
    plan: Plan
    data: RunData
    tasks: Sequence[Task]
    """Of units that have no line yet."""
    known: Control | None
    """What the judge did on control questions in an earlier call."""
    done: int
    """Units that have a line already."""
    left_out: int
    """Units without a label to judge."""
    against: Mapping[str, str] = field(default_factory=dict)
    """The other run: its folder and planner."""

    def cost(self) -> Cost:
        """Of everything that is left to ask."""
        asked = [one for task in self.tasks for one in task.questions()]
        if self.known is None and self.tasks:
            made = questions(self.data.windows["test"], self.rng())
            asked += [sheet.question for sheet, _ in made]
        return Cost.of(asked, len(self.tasks))

    def rng(self) -> np.random.Generator:
        """Draws the control questions."""
        return np.random.default_rng([self.plan.seed, 1])


def open_run(
    folder: Path,
    plan: Plan,
    *,
    against: Path | None = None,
    units: Sequence[str] = (),
    target: str | Target | None = None,
    data: str | None = None,
    trust_remote_code: bool = False,
) -> Work:
    """Gets a run ready to be judged; asks nothing.

    Args:
        folder: The run folder.
        plan: How it is judged.
        against: Another run over units of the same target.
        units: Some of the run's units; none: all.
        target: Instead of the run's.
        data: Instead of the run's.
        trust_remote_code: Run the own code of the model that `target` names.

    Raises:
        UsageError: if there is no run, its target or corpus cannot be loaded or is another, or it
            looks at pictures.
    """
    run = read_run(RunFolder(folder))
    chosen = [run.named(unit) for unit in units] or list(run.units)
    able = [unit for unit in run.units if unit.status in LABELLED and unit.label.strip()]
    if not able:
        raise UsageError(f"no unit of {folder} has a label that a judge could read")
    rivals = _rivals(against, run) if against is not None else {}
    loaded = data_of(folder, target=target, data=data, trust_remote_code=trust_remote_code)
    _check(folder, run, loaded)
    lines = [line for line in words.read_lines(folder) if line.get("seed") == plan.seed]
    lines = [line for line in lines if line["judge"] == plan.judge]
    done = {
        line["unit"]
        for line in lines
        if line["label"] == _label_of(run, line["unit"])
        and (against is None or (line.get("against") or {}).get("run") == str(against))
        and (not plan.retrieval or "retrieval" in line)
    }
    todo = [unit for unit in able if unit in chosen and unit.unit not in done]
    known = next((line["control"] for line in lines if line.get("control")), None)
    return Work(
        folder,
        plan,
        loaded,
        _tasks(loaded, able, todo, rivals, plan) if todo else (),
        None if known is None else Control(known["right"], int(known["failed"]), int(known["n"])),
        sum(unit.unit in done for unit in chosen),
        sum(unit not in able for unit in chosen),
        {} if against is None else {"run": str(against), "planner": _planner_of(against)},
    )


def _tasks(
    data: RunData,
    able: Sequence[UnitLabel],
    todo: Sequence[UnitLabel],
    rivals: Mapping[str, UnitLabel],
    plan: Plan,
) -> list[Task]:
    """What is drawn for each unit depends on the run and the seed, not on what is left to do."""
    parsed = {unit.unit: data.target.unit(unit.unit) for unit in able}
    groups = lineups(data, list(parsed.values()), seed=plan.seed) if plan.retrieval else []
    drawn: dict[str, Places | str] = {}
    rates: dict[str, float] = {}
    for group in data.groups(list(parsed.values())):
        for unit, splits in data.measure(group).items():
            rates[str(unit)] = float((splits.explore.flat > bars(splits)[0]).mean())
            if any(one.unit == str(unit) for one in todo):
                drawn[str(unit)] = _drawn(data, unit, splits, plan.seed)
    return [
        Task(
            unit,
            drawn[unit.unit],
            next((group for group in groups if unit.unit in group), None),
            _nearest(unit, able, rates, parsed),
            rivals.get(unit.unit),
        )
        for unit in todo
    ]


def _drawn(data: RunData, unit: Unit, splits: Splits, seed: int) -> Places | str:
    order = list(data.target.sites).index(unit.site)
    rng = np.random.default_rng([seed, order, unit.index, int(unit.sign > 0)])
    return draw(splits, rng, causal=data.target.kind == "causal")


def _nearest(
    unit: UnitLabel,
    able: Sequence[UnitLabel],
    rates: Mapping[str, float],
    parsed: Mapping[str, Unit],
) -> UnitLabel | None:
    """The unit with another label that is nearest in firing rate, of the same site if it can be."""
    others = [one for one in able if one.label != unit.label]
    site = parsed[unit.unit].site
    same = [one for one in others if parsed[one.unit].site == site]
    gap = lambda one: abs(rates[one.unit] - rates[unit.unit])  # noqa: E731
    return min(same or others, key=gap, default=None)


def _rivals(against: Path, run: LabelRun) -> dict[str, UnitLabel]:
    """Labels of the same units in another run."""
    other = read_run(RunFolder(against))
    theirs, ours = ((one.facts.get("target") or {}).get("fingerprint") for one in (other, run))
    if theirs != ours:
        raise UsageError(
            f"{against} labels another model than {run.folder} ({theirs} there, {ours} here)"
        )
    named = {
        unit.unit: unit for unit in other.units if unit.status in LABELLED and unit.label.strip()
    }
    shared = {unit.unit: named[unit.unit] for unit in run.units if unit.unit in named}
    if not shared:
        raise UsageError(f"{against} and {run.folder} have no labelled unit in common")
    return shared


def _planner_of(folder: Path) -> str:
    return str(read_run(RunFolder(folder)).settings.get("planner"))


def _label_of(run: LabelRun, unit: str) -> str | None:
    return next((one.label for one in run.units if one.unit == unit), None)


def _check(folder: Path, run: LabelRun, data: RunData) -> None:
    """Refuses another model or corpus than the run's, and pictures."""
    if data.target.image is not None:
        raise UsageError(f"a judge reads text, and {data.target.name} looks at pictures")
    known = {name: run.facts[name] for name in ("target", "corpus")}
    if not data.target.is_known_as(known["target"]["fingerprint"]):
        raise UsageError(
            f"{data.target.name} is another model than the one of {folder}; name the right one "
            "with --target"
        )
    if data.corpus.hash != known["corpus"]["hash"]:
        raise UsageError(
            f"{data.corpus.name} is another corpus than the one of {folder}, so its test split may "
            "hold what the planner saw; name the right one with --data"
        )
