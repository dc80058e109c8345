"""Simulation (Bills et al. 2023): the judge predicts the unit's activation, token by token.

1. Windows of the test split: 20 with activity, two from each decile of their peaks, and 40
   without, so that a claim that is wrong in one window of twenty is met. One prompt a window; the
   judge gives every token a whole number 0 to 10.
2. The prediction is the expected value of that number under the judge's log-probabilities where
   the endpoint gives them, else the number itself.
3. The value is the Pearson correlation with the activation over all tokens, each weighted by the
   windows of the test split that its own stands for. Without the weights (`unweighted`) it is the
   top-and-random correlation of the paper, which forgives descriptions that claim too much.
4. Windows whose reply cannot be read count with correlation 0: the value is the correlation over
   the others times their share of the tokens.

`scaled` is the correlation with min(10, floor(10 relu(x) / max)), max being that of explore.
"""

import numpy as np

from ....tools.statistics.association import correlation
from ....tools.statistics.bootstrap import Interval, clustered
from ...scoring.measured import Measured
from .contract import Case, Panel, Score
from .judges import Question, ask
from .replies import activations
from .sampling import deciles, kinds
from .scorer import Scorer

ACTIVE = 20
INACTIVE = 40


def run(case: Case, panel: Panel, rng: np.random.Generator) -> Score:
    """Asks about `ACTIVE + INACTIVE` windows."""
    assert panel.judge is not None
    whole = kinds(case)
    active = deciles(whole.active, rng, ACTIVE)
    inactive = rng.choice(whole.inactive, min(INACTIVE, len(whole.inactive)), replace=False)
    rows = np.concatenate([active, inactive])
    stands_for = np.repeat(
        [len(whole.active) / len(active), len(whole.inactive) / len(inactive)],
        [len(active), len(inactive)],
    )
    test = case.splits.test
    questions = [
        Question("simulation", _data(case.description, test, row), logprobs=True) for row in rows
    ]
    columns: list[np.ndarray] = []  # each [5, token]: said, truth, weight, document, failed
    failures = 0
    answers = ask(panel.judge, questions)
    for row, weight, answer in zip(rows, stands_for, answers, strict=True):
        truth = test.values[row][test.counted[row]].astype(np.float64)
        said = activations(answer, len(truth))
        failures += said is None
        same = (weight, test.windows.document[row], said is None)
        rest = [np.full(len(truth), float(value)) for value in same]
        columns.append(np.stack([np.zeros(len(truth)) if said is None else said, truth, *rest]))
    said, truth, weight, document, failed = np.concatenate(columns, axis=1)
    scaled = np.minimum(10, np.floor(10 * np.maximum(truth, 0) / max(case.peak, 1e-12)))

    def interval(truth: np.ndarray, weight: np.ndarray) -> Interval:
        return clustered(_lowered, document, said, truth, weight, failed, rng=rng)

    return Score.of(
        "simulation",
        interval(truth, weight),
        len(rows),
        failures,
        unweighted=interval(truth, np.ones_like(weight)).as_dict(),
        scaled=interval(scaled, weight).as_dict(),
        tokens=len(truth),
        logprobs=sum(answer.logprobs is not None for answer in answers),
    )


def _lowered(said: np.ndarray, truth: np.ndarray, weight: np.ndarray, failed: np.ndarray) -> float:
    """Correlation over what could be read, times its share of the tokens; never above either."""
    read = failed == 0
    if not read.any():
        return 0.0
    result = correlation(said[read], truth[read], weight[read])
    return min(result, result * float(weight[read].sum() / weight.sum()))


def _data(description: str, test: Measured, row: int) -> dict:
    windows = test.windows
    ids = windows.ids[row][test.counted[row]]
    tokens = {str(at): windows.vocabulary[int(i)] for at, i in enumerate(ids)}
    return {"description": description, "text": windows.text(int(row)), "tokens": tokens}


SCORER = Scorer(
    "simulation",
    needs=("judge",),
    source="neuron explainer (Bills et al. 2023)",
    value="correlation of simulated with real activation",
    chance=0.0,
    run=run,
    samples=True,
)
