"""Detection and fuzzing (delphi, Paulo et al. 2024): does the description tell texts apart?

1. 50 windows of the test split in which the unit is active, five from each decile of their peaks,
   and 50 in which it is not, are shuffled and shown five to a prompt.
2. Detection: the judge says for each text whether it fits the description.
   Fuzzing: tokens are marked, and the judge says whether the marked ones fit. Half of the wrong
   texts are windows without activity, half are active windows with the marks elsewhere; the marks
   stand at random places, as many as in an active window.
3. The value is balanced accuracy. A prompt whose reply cannot be read counts five wrong answers.

Half of the texts are active, whatever the unit's rate: a description that claims far too much loses
little. `f1_at_base_rate` weighs each text by the windows of the test split that it stands for.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ....tools.render.marked import marked
from ....tools.statistics.association import balanced_accuracy, f1
from ....tools.statistics.bootstrap import Interval, clustered
from .contract import Case, Panel, Score
from .judges import Judge, Question, ask
from .replies import yes_or_no
from .sampling import (
    Sample,
    active_places,
    in_parts,
    kinds,
    random_places,
    sample,
)
from .scorer import Scorer


class ShownText(NamedTuple):
    """One text of a prompt."""

    text: str
    truth: bool
    row: int
    """Of the test split."""
    kind: str
    """`active`, `inactive`, or `moved`: an active window with the marks elsewhere."""


class Answers(NamedTuple):
    """What a judge said of texts."""

    yes: np.ndarray
    """bool `[text]`; the wrong answer where the reply could not be read."""
    failed: np.ndarray
    """bool `[text]`."""


def detection(case: Case, panel: Panel, rng: np.random.Generator) -> Score:
    """Shows whole texts."""
    result = sample(case, rng)
    windows = case.splits.test.windows
    shown = [
        ShownText(windows.text(int(row)), bool(true), int(row), "active" if true else "inactive")
        for row, true in zip(result.rows, result.truth, strict=True)
    ]
    return _scored("detection", case, panel, shown, rng)


def fuzzing(case: Case, panel: Panel, rng: np.random.Generator) -> Score:
    """Shows texts with marked tokens."""
    result = sample(case, rng)
    return _scored("fuzzing", case, panel, fuzzed(case, result, rng), rng)


def fuzzed(case: Case, result: Sample, rng: np.random.Generator) -> list[ShownText]:
    """Active windows marked where they are active; as many others marked at random places."""
    windows = case.splits.test.windows
    places = {int(row): active_places(case, int(row)) for row in result.active}
    shown = [ShownText(marked(windows, row, at), True, row, "active") for row, at in places.items()]
    counts = [len(at) for at in places.values()]
    others = [int(row) for row in result.inactive]
    moved = rng.permutation(kinds(case).active)[: len(others) // 2]
    wrong = [(int(row), "moved") for row in moved]
    wrong += [(row, "inactive") for row in others[: len(others) - len(wrong)]]
    for row, kind in wrong:
        active = active_places(case, row) if kind == "moved" else ()
        at = random_places(case, row, int(rng.choice(counts)), rng, but=list(active))
        if len(at):
            shown.append(ShownText(marked(windows, row, at), False, row, kind))
    return shown


def answers_of(
    judge: Judge, job: str, description: str, shown: Sequence[ShownText], rng: np.random.Generator
) -> Answers:
    """Asks about all texts in shuffled order, five to a prompt."""
    order = rng.permutation(len(shown))
    parts = [np.array(part) for part in in_parts(order.tolist())]
    questions = [
        Question(job, {"description": description, "texts": [shown[at].text for at in part]})
        for part in parts
    ]
    answers = np.array([not item.truth for item in shown])
    failed = np.ones(len(shown), bool)
    for part, answer in zip(parts, ask(judge, questions), strict=True):
        read = yes_or_no(answer, len(part))
        if read is not None:
            answers[part], failed[part] = read, False
    return Answers(answers, failed)


def _scored(
    name: str, case: Case, panel: Panel, shown: Sequence[ShownText], rng: np.random.Generator
) -> Score:
    assert panel.judge is not None
    answers, failed = answers_of(panel.judge, name, case.description, shown, rng)
    truth = np.array([item.truth for item in shown])
    weight = _weights(case, shown)
    documents = case.splits.test.windows.document[[item.row for item in shown]]

    def interval(statistic: Callable[..., float], *columns: np.ndarray) -> Interval:
        return clustered(statistic, documents, *columns, rng=rng)

    kind = np.array([item.kind for item in shown])
    return Score.of(
        name,
        interval(balanced_accuracy, truth, answers),
        len(shown),
        int(failed.sum()),
        f1=interval(f1, truth, answers).as_dict(),
        f1_at_base_rate=interval(f1, truth, answers, weight).as_dict(),
        base_rate=float(weight[truth].sum() / weight.sum()),
        right={str(k): float((answers == truth)[kind == k].mean()) for k in np.unique(kind)},
    )


def _weights(case: Case, shown: Sequence[ShownText]) -> np.ndarray:
    """`[text]`: windows of the test split that each text stands for."""
    whole = kinds(case)
    right = np.array([item.truth for item in shown])
    active, inactive = len(whole.active), len(whole.inactive)
    return np.where(right, active / right.sum(), inactive / max((~right).sum(), 1))


DETECTION = Scorer(
    "detection",
    needs=("judge",),
    source="delphi (Paulo et al. 2024)",
    value="balanced accuracy over whole texts",
    chance=0.5,
    run=detection,
    samples=True,
)
FUZZING = Scorer(
    "fuzzing",
    needs=("judge",),
    source="delphi (Paulo et al. 2024)",
    value="balanced accuracy over texts with marked tokens",
    chance=0.5,
    run=fuzzing,
    samples=True,
)
