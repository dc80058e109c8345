"""Scores the words of a run's labels with a judge, unit by unit, resumably.

1. The judge is asked control questions, unless it was in an earlier call.
2. Before a unit is begun, what it will take is added to what was spent: above the limit it ends.
3. Each unit is judged under its label, under the label of another unit (shuffled: at its pairs
   alone, where there are enough), and where wanted under the label of another run. The line is on
   the disk before the next unit is begun.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ....tools.data.image_rows import ImageRows
from ...labelling import words
from ...labelling.folder import RunFolder
from ..scorers.contract import TRUSTED, UNREADABLE, Control
from ..scorers.judges import Judge
from .control import control
from .cost import Cost
from .judging import Asked, all_the_same, judged, scores
from .places import kept
from .plan import Plan, Task, Work
from .retrieval import retrieved
from .views import form_of

Line = dict[str, Any]


def judge_run(
    work: Work,
    judge: Judge,
    told: Callable[[Mapping[str, Any]], None] = lambda line: None,
    *,
    asked_of: Callable[[Work, Judge, Any, Control | None], Line] | None = None,
    file: str = words.FILE,
) -> Asked:
    """Judges unit by unit until all are done or the limit is reached; what it took.

    Args:
        work: What `open_run` gave.
        judge: Who is asked.
        told: Called after each unit with its line.
        asked_of: Asks about one of the work's tasks and gives its line; None: about its label.
        file: Where lines are kept.

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
            line = (asked_of or _judged)(work, judge, task, how)
            words.append(work.folder, line, file=file)
            spent.add(line["asked"])
            told(line)
    return spent


def _judged(work: Work, judge: Judge, task: Any, how: Control | None) -> Line:
    """The line of one unit."""
    asked, label = Asked(), task.unit.label
    head = {
        "unit": task.unit.unit,
        "label": label,
        "judge": work.plan.judge,
        "seed": work.plan.seed,
        "form": form_of(work.data.windows["test"]),
    }
    if isinstance(work.data.windows["test"], ImageRows):
        head["shown"] = "pictures"
    own, given = _under(label, judge, task, asked, work.plan)
    line: Line = {**head, **own}
    if isinstance(task.places, str):
        line["reason"] = task.places
    else:
        line["places"] = kept(task.places, given)
        if task.shuffled is not None:
            other, pairs_only = task.shuffled, task.places.control_pairs_only
            shown = judged(judge, task.places, other.label, asked, pairs_only=pairs_only)
            found = scores(task.places, shown, seed=work.plan.seed, pairs_only=pairs_only)
            line["shuffled"] = {"unit": other.unit, "label": other.label, **found}
    if task.rival is not None:
        same = task.rival.label == label
        theirs = own if same else _under(task.rival.label, judge, task, asked, work.plan)[0]
        line["against"] = {**work.against, "label": task.rival.label, **theirs}
    control_ = None if how is None else how._asdict()
    line |= {"asked": asked.as_dict(), "control": control_}
    return {**line, "warnings": warnings(given, asked, how)}


def _under(
    label: str, judge: Judge, task: Task, asked: Asked, plan: Plan
) -> tuple[dict[str, Any], np.ndarray]:
    """The scores of a label at a unit's places and in its line-up, and the degrees `[place]`."""
    result: dict[str, Any] = {}
    given = np.zeros(0)
    if not isinstance(task.places, str):
        given = judged(judge, task.places, label, asked)
        result |= scores(task.places, given, seed=plan.seed)
    if plan.retrieval:
        unit, lineup = task.unit.unit, task.lineup
        found = None if lineup is None else retrieved(judge, lineup, unit, label, asked)
        result["retrieval"] = found  # None: the unit is active in no text that could be shown
    return result, given


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
