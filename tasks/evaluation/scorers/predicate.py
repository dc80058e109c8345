"""Predicate score: the description's own predictor against held-out activations, token by token.

It asks no judge: `tasks/scoring/scores.py` fits weights and thresholds on validation and reads test
once. The value is the correlation; AUPRC, F1, IoU, cosine, the baselines and the tails are parts.
"""

import numpy as np

from ....agent.description import Component, Description
from ...scoring.scores import score as labelling_score
from .contract import Case, Panel, Score
from .scorer import Scorer


def run(case: Case, panel: Panel, rng: np.random.Generator) -> Score:
    """Scores the predictors of a case."""
    components = tuple(Component(case.description, given) for given in case.predictors)
    description = Description(case.description, components)
    scored = labelling_score(description, case.splits, seed=int(rng.integers(2**31)))
    result = scored.scores.get("correlation")
    if result is None:
        return Score("predicate", None, reason=scored.description.reason or "no token counts")
    return Score(
        "predicate",
        result["value"],
        result["low"],
        result["high"],
        n=scored.scores["tokens"],
        parts=scored.scores,
    )


SCORER = Scorer(
    "predicate",
    needs=("predictor",),
    source="per-token correlation on held-out documents",
    value="correlation of the predictor with the activation",
    chance=0.0,
    run=run,
    pictures=True,
)
