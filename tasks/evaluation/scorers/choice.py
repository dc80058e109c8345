"""Two-alternative choice (MAIA; Shaham et al. 2024): which of two descriptions is the unit's?

Each question shows five active windows of the test split with the active tokens marked, and ten
that are not active (a claim too many shows in them alone); the descriptions stand in random order.
The value is the share of questions in which this description is preferred to its rival.
"""

import numpy as np

from ....tools.render.marked import marked
from ....tools.statistics.bootstrap import clustered
from ....tools.statistics.intervals import share_of
from .contract import Case, Panel, Score
from .judges import Question, ask
from .replies import one_of
from .sampling import active_places, deciles, kinds
from .scorer import Scorer

QUESTIONS = 20
ACTIVE = 5
INACTIVE = 10


def run(case: Case, panel: Panel, rng: np.random.Generator) -> Score:
    """Asks `QUESTIONS` times, each time with other texts."""
    assert panel.judge is not None
    assert case.rival is not None
    whole = kinds(case)
    windows = case.splits.test.windows
    questions, letters, documents = [], [], []
    for _ in range(QUESTIONS):
        pool = deciles(whole.active, rng)
        active = [int(row) for row in rng.choice(pool, ACTIVE, replace=False)]
        inactive = [int(row) for row in rng.choice(whole.inactive, INACTIVE, replace=False)]
        letter = "AB"[int(rng.integers(2))]
        other = "BA"["AB".index(letter)]
        described = {letter: case.description, other: case.rival}
        data = {
            "descriptions": {key: described[key] for key in "AB"},
            "active": [marked(windows, row, active_places(case, row)) for row in active],
            "inactive": [windows.text(row) for row in inactive],
        }
        questions.append(Question("choice", data))
        letters.append(letter)
        documents.append(windows.document[active[0]])
    result = [one_of(answer, "AB") for answer in ask(panel.judge, questions)]
    right = np.array([given == letter for given, letter in zip(result, letters, strict=True)])
    return Score.of(
        "choice",
        clustered(share_of, np.array(documents), right, rng=rng),
        QUESTIONS,
        result.count(None),
        first=float(np.mean([given == "A" for given in result])),
        rival=case.rival,
    )


SCORER = Scorer(
    "choice",
    needs=("judge", "rival"),
    source="MAIA (Shaham et al. 2024)",
    value="share of questions in which it is preferred to its rival",
    chance=0.5,
    run=run,
    samples=True,
)
