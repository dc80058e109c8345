"""A run that a judge is asked about: what of it is left to ask, what that costs, and the asking.

1. Target and corpus of the run are loaded as `run.json` names them, and must be the same.
2. `labels.py` or `components.py` says what is asked about each unit.
3. The judge is asked control questions, unless it was in an earlier call.
4. Before a unit is begun, what it will take is added to what was spent: above the limit it ends.
   The line of a unit is on the disk before the next one is begun.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ....agent.statuses import LABELLED
from ....tools.errors import UsageError
from ....tools.models.target import Target
from ...labelling import words
from ...labelling.data import RunData
from ...labelling.folder import RunFolder
from ...labelling.results import LabelRun, UnitLabel, read_run
from ...search.measure import data_of
from ..scorers.contract import TRUSTED, UNREADABLE, Control
from ..scorers.judges import Judge, Question
from .control import control, questions
from .cost import Cost
from .judging import Asked, all_the_same

Line = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """How a run is judged; the same plan in the same folder goes on."""

    judge: str
    """As the user named it."""
    seed: int = 0
    retrieval: bool = True
    max_tokens: int | None = None
    """Tokens of this call, in and out."""


class Asks(Protocol):
    """What is asked about one unit."""

    @property
    def unit(self) -> UnitLabel:
        """Which."""
        ...

    def questions(self) -> Iterator[Question]:
        """Every request that will be made about it."""
        ...

    def judged(self, judge: Judge, work: "Work", how: Control | None) -> Line:
        """Asks; the line of the unit."""
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
    file: str = words.FILE
    """Where its lines are kept."""
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
    file: str
    """Where lines are kept."""

    def work(self, tasks: Sequence[Asks], done: int, left_out: int, **more: Any) -> Work:
        """What is left to ask."""
        known = next((line["control"] for line in self.lines if line.get("control")), None)
        if known is not None:
            known = Control(known["right"], int(known["failed"]), int(known["n"]))
        counts = {"done": done, "left_out": left_out, "file": self.file}
        return Work(self.folder, self.plan, self.data, tasks, known, **counts, **more)


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
    return Opened(folder, plan, run, loaded, able, frozenset(chosen), mine, file)


def judge_run(
    work: Work, judge: Judge, told: Callable[[Mapping[str, Any]], None] = lambda line: None
) -> Asked:
    """Judges unit by unit until all are done or the limit is reached; what it took.

    Args:
        work: What `open_run` or `open_components` gave.
        judge: Who is asked.
        told: Called after each unit with its line.

    Raises:
        UsageError: if the judge cannot be used; the lines so far are kept.
    """
    spent, how, limit = Asked(), work.known, work.plan.max_tokens
    with RunFolder(work.folder).hold(".lock.words", " (scores of words)"):
        if how is None and work.tasks:
            how = control(judge, work.data.windows["test"], spent, work.rng())
        for task in work.tasks:
            if limit is not None and spent.tokens + Cost.of([*task.questions()]).tokens > limit:
                break
            line = task.judged(judge, work, how)
            words.append(work.folder, line, file=work.file)
            spent.add(line["asked"])
            told(line)
    return spent


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


def warnings(given: np.ndarray, asked: Asked, how: Control | None) -> list[str]:
    """What must be said beside the scores of a judge."""
    out = []
    if asked.unread > UNREADABLE * max(asked.places, 1):
        out.append(
            f"{asked.unread} of {asked.places} places have no readable answer and count against "
            "the label: the scores say more about the judge than about the label"
        )
    if all_the_same(given):
        out.append("the judge gave every place the same degree")
    if how is None:
        out.append(
            "the texts hold too few words for control questions: what the judge can do is not known"
        )
    elif how.right < TRUSTED:
        out.append(
            f"the judge gets {how.right:.0%} of {how.n} control questions right, whose answer "
            "stands in the question: do not believe its scores"
        )
    return out
