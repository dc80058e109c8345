"""Intruder: one of five texts is not the unit's; the judge finds it.

1. Four windows of the test split from one decile of the unit's peaks, with its active tokens
   marked, and one window without activity, marked at as many random places (delphi; Paulo &
   Belrose 2025).
2. The original judge is told nothing: that measures whether the unit's examples belong together,
   not whether a description is right. It is kept as the part `blind`.
3. For the value the judge is given the description and finds the text that does not fit it.
"""

import numpy as np

from ....tools.render.marked import marked
from ....tools.statistics.bootstrap import clustered
from ....tools.statistics.intervals import share_of
from .contract import Case, Panel, Score
from .judges import Judge, Question, ask
from .replies import one_of
from .sampling import DECILES, active_places, kinds, random_places
from .scorer import Scorer

QUESTIONS = 40
TEXTS = 5
LETTERS = "ABCDE"


def run(case: Case, panel: Panel, rng: np.random.Generator) -> Score:
    """Asks `QUESTIONS` times with the description, and as often without it."""
    assert panel.judge is not None
    asked = [_texts(case, rng) for _ in range(QUESTIONS)]
    told = _answers(panel.judge, asked, case.description)
    blind = _answers(panel.judge, asked, None)
    documents = case.splits.test.windows.document[[row for _, _, row in asked]]
    return Score.of(
        "intruder",
        clustered(share_of, documents, told == 1, rng=rng),
        QUESTIONS,
        int((told < 0).sum()),
        blind=clustered(share_of, documents, blind == 1, rng=rng).as_dict(),
        blind_failed=int((blind < 0).sum()),
    )


def _texts(case: Case, rng: np.random.Generator) -> tuple[list[str], str, int]:
    """Five texts, the letter of the intruder, and the intruder's row."""
    windows = case.splits.test.windows
    active, inactive = kinds(case)
    parts = [part for part in np.array_split(active, DECILES) if len(part) >= TEXTS - 1]
    pool = parts[int(rng.integers(len(parts)))] if parts else active
    chosen = [int(row) for row in rng.choice(pool, TEXTS - 1, replace=False)]
    places = [active_places(case, row) for row in chosen]
    texts = [marked(windows, row, at) for row, at in zip(chosen, places, strict=True)]
    row = int(rng.choice(inactive))
    n = len(places[int(rng.integers(len(places)))])
    at = int(rng.integers(TEXTS))
    texts.insert(at, marked(windows, row, random_places(case, row, n, rng)))
    return texts, LETTERS[at], row


def _answers(
    judge: Judge, asked: list[tuple[list[str], str, int]], description: str | None
) -> np.ndarray:
    """int `[question]`: 1 right, 0 wrong, -1 not readable."""
    job = "intruder" if description is not None else "intruder_blind"
    told = {"description": description} if description is not None else {}
    questions = [
        Question(job, {**told, "texts": dict(zip(LETTERS, texts, strict=True))})
        for texts, _, _ in asked
    ]
    result = [one_of(answer, LETTERS) for answer in ask(judge, questions)]
    return np.array(
        [
            -1 if given is None else int(given == letter)
            for given, (_, letter, _) in zip(result, asked, strict=True)
        ]
    )


SCORER = Scorer(
    "intruder",
    needs=("judge",),
    source="delphi (Paulo & Belrose 2025), with the description",
    value="share of intruders found among five texts",
    chance=1 / TEXTS,
    run=run,
    samples=True,
)
