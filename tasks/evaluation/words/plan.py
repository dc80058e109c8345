"""What of a run's labels a judge will be asked, and what that costs, before anything is asked.

1. Target and corpus of the run are loaded as `run.json` names them, and must be the same.
2. For each unit with a label: places, a line-up for retrieval, the label of the unit that is
   nearest in firing rate (shuffled), and where wanted the label that another run gives it.
3. A unit that has a line for the same judge, label and seed is done.

What is drawn for a unit depends on the run and the seed alone, so that a run that goes on asks what
it would have asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

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
from ..scorers.judges import Question
from .control import questions
from .cost import Cost
from .judging import sheets_of
from .places import Places, bars, draw
from .retrieval import Lineup, lineups
from .views import form_of


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
                only = self.places.control_pairs_only
                sheets = sheets_of(self.places, self.shuffled.label, pairs_only=only)
                yield from (sheet.question for sheet in sheets)
        if self.lineup is not None:
            yield from (self.lineup.question(label) for label in labels)


class Asks(Protocol):
    """What is asked about one unit."""

    @property
    def unit(self) -> UnitLabel:
        """Which."""
        ...

    def questions(self) -> Iterator[Question]:
        """Every request that will be made about it."""
        ...


@dataclass(frozen=True)
class Work:
    """A run that is ready to be judged."""

    folder: Path
    plan: Plan
    data: RunData
    tasks: Sequence[Asks]
    """Of units that have no line yet."""
    known: Control | None
    """What the judge did on control questions in an earlier call."""
    done: int
    """Units that have a line already."""
    left_out: int
    """Units without a label to judge."""
    against: Mapping[str, Any] = field(default_factory=dict)
    """The other run: its folder and planner, and whether it had the same corpus."""

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


@dataclass(frozen=True)
class Opened:
    """A run as its judge finds it."""

    folder: Path
    plan: Plan
    run: LabelRun
    data: RunData
    able: Sequence[UnitLabel]
    """Units with a label."""
    chosen: frozenset[str]
    """Units that are to be judged, if they can be."""
    lines: Sequence[Mapping[str, Any]]
    """What the same judge said with the same seed."""

    def work(self, tasks: Sequence[Asks], done: int, left_out: int, **more: Any) -> Work:
        """What is left to ask."""
        known = next((line["control"] for line in self.lines if line.get("control")), None)
        if known is not None:
            known = Control(known["right"], int(known["failed"]), int(known["n"]))
        return Work(self.folder, self.plan, self.data, tasks, known, done, left_out, **more)


def open_work(
    folder: Path,
    plan: Plan,
    *,
    units: Sequence[str] = (),
    target: str | Target | None = None,
    data: str | None = None,
    reader: str | None = None,
    trust_remote_code: bool = False,
    file: str = words.FILE,
) -> Opened:
    """Reads a run and loads what it was measured on; see `open_run`."""
    run = read_run(RunFolder(folder))
    chosen = {run.named(unit).unit for unit in units} or {unit.unit for unit in run.units}
    able = [unit for unit in run.units if unit.status in LABELLED and unit.label.strip()]
    if not able:
        raise UsageError(f"no unit of {folder} has a label that a judge could read")
    named = {"target": target, "data": data, "reader": reader}
    loaded = data_of(folder, **named, trust_remote_code=trust_remote_code)
    _check(folder, run, loaded)
    said = [line for line in words.read_lines(folder, file=file) if line.get("seed") == plan.seed]
    mine = [line for line in said if line["judge"] == plan.judge]
    return Opened(folder, plan, run, loaded, able, frozenset(chosen), mine)


def open_run(folder: Path, plan: Plan, *, against: Path | None = None, **given: Any) -> Work:
    """Gets a run ready to be judged; asks nothing.

    Args:
        folder: The run folder.
        plan: How it is judged.
        against: Another run over units of the same target.
        given: `units`, some of the run's; `target`, `data` and `reader` instead of the run's;
            `trust_remote_code`, to run the own code of the model that `target` names.

    Raises:
        UsageError: if there is no run, or its target or corpus cannot be loaded or is another.
    """
    if against is not None:
        run = read_run(RunFolder(folder))
        rivals, other = _rivals(against, run)  # before anything heavy
    else:
        rivals, other = {}, {}
    opened = open_work(folder, plan, **given)
    form = form_of(opened.data.windows["test"])
    lines = [line for line in opened.lines if line.get("form", 1) == form]
    opened = replace(opened, lines=lines)
    labels = {unit.unit: unit.label for unit in opened.able}
    done = {line["unit"] for line in opened.lines if _is_done(line, labels, rivals, plan)}
    done &= opened.chosen
    todo = [unit for unit in opened.able if unit.unit in opened.chosen - done]
    return opened.work(
        _tasks(opened.data, opened.able, todo, rivals, plan) if todo else (),
        len(done),
        len(opened.chosen - labels.keys()),
        against=other,
    )


def _is_done(
    line: Mapping[str, Any],
    labels: Mapping[str, str],
    rivals: Mapping[str, UnitLabel],
    plan: Plan,
) -> bool:
    """Whether a line answers everything that would be asked of its unit."""
    rival = rivals.get(line["unit"])
    beside = (line.get("against") or {}).get("label")
    return (
        line["label"] == labels.get(line["unit"])
        and (rival is None or rival.label == beside)
        and (not plan.retrieval or "retrieval" in line)
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
    wanted = {unit.unit for unit in todo}
    groups = lineups(data, list(parsed.values()), seed=plan.seed) if plan.retrieval else []
    drawn: dict[str, Places | str] = {}
    rates: dict[str, float] = {}
    for group in data.groups(list(parsed.values())):
        for unit, splits in data.measure(group).items():
            rates[str(unit)] = float((splits.explore.flat > bars(splits)[0]).mean())
            if str(unit) in wanted:
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


def _rivals(against: Path, run: LabelRun) -> tuple[dict[str, UnitLabel], dict[str, Any]]:
    """Labels of the same units in another run, and which run that is."""
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
    seen = [(one.facts.get("corpus") or {}).get("hash") for one in (other, run)]
    about = {"run": str(against), "planner": str(other.settings.get("planner"))}
    return shared, {**about, "same_corpus": seen[0] == seen[1]}


def _check(folder: Path, run: LabelRun, data: RunData) -> None:
    """Refuses another model or corpus than the run's."""
    known = {name: run.facts[name] for name in ("target", "corpus")}
    if not data.target.is_known_as(known["target"]["fingerprint"]):
        raise UsageError(
            f"{data.target.name} is another model than the one of {folder}; name the right one "
            "with --target"
        )
    if not data.corpus.is_known_as(known["corpus"]["hash"]):
        raise UsageError(
            f"{data.corpus.name} is another corpus than the one of {folder}, so its test split may "
            "hold what the planner saw; name the right one with --data"
        )
