"""What of a run's labels a judge will be asked, unit by unit.

1. For each unit with a label: places, a line-up for retrieval, the label of the unit that is
   nearest in firing rate (shuffled: at its pairs alone, where there are enough), and where wanted
   the label that another run gives it.
2. A unit that has a line for the same judge, label and seed is done.

What is drawn for a unit depends on the run and the seed alone, so that a run that goes on asks what
it would have asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ....agent.statuses import LABELLED
from ....tools.data.image_rows import ImageRows
from ....tools.errors import UsageError
from ....tools.models.unit import Unit
from ...labelling.data import RunData
from ...labelling.folder import RunFolder
from ...labelling.results import LabelRun, UnitLabel, read_run
from ...scoring.measured import Splits
from ..scorers.contract import Control
from ..scorers.judges import Judge, Question
from .judging import Asked, judged, scores, sheets_of
from .places import Places, bars, draw, kept
from .plan import Line, Plan, Work, open_work, warnings
from .retrieval import Lineup, lineups, retrieved
from .views import form_of


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

    def judged(self, judge: Judge, work: Work, how: Control | None) -> Line:
        """The line of the unit."""
        asked, label, seed = Asked(), self.unit.label, work.plan.seed
        windows = work.data.windows["test"]
        line: Line = {
            "unit": self.unit.unit,
            "label": label,
            "judge": work.plan.judge,
            "seed": seed,
            "form": form_of(windows),
        }
        if isinstance(windows, ImageRows):
            line["shown"] = "pictures"
        own, given = self._under(label, judge, asked, work.plan)
        line |= own
        if isinstance(self.places, str):
            line["reason"] = self.places
        else:
            line["places"] = kept(self.places, given)
            if self.shuffled is not None:
                other, pairs_only = self.shuffled, self.places.control_pairs_only
                shown = judged(judge, self.places, other.label, asked, pairs_only=pairs_only)
                found = scores(self.places, shown, seed=seed, pairs_only=pairs_only)
                line["shuffled"] = {"unit": other.unit, "label": other.label, **found}
        if self.rival is not None:
            same = self.rival.label == label
            theirs = own if same else self._under(self.rival.label, judge, asked, work.plan)[0]
            line["against"] = {**work.against, "label": self.rival.label, **theirs}
        line |= {"asked": asked.as_dict(), "control": None if how is None else how._asdict()}
        return {**line, "warnings": warnings(given, asked, how)}

    def _under(
        self, label: str, judge: Judge, asked: Asked, plan: Plan
    ) -> tuple[dict[str, Any], np.ndarray]:
        """The scores of a label at the places and in the line-up, and the degrees `[place]`."""
        result: dict[str, Any] = {}
        given = np.zeros(0)
        if not isinstance(self.places, str):
            given = judged(judge, self.places, label, asked)
            result |= scores(self.places, given, seed=plan.seed)
        if plan.retrieval:
            unit, lineup = self.unit.unit, self.lineup
            found = None if lineup is None else retrieved(judge, lineup, unit, label, asked)
            result["retrieval"] = found  # None: the unit is active in no text that could be shown
        return result, given


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
