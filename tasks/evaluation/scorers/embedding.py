"""Embedding score (delphi): are the unit's texts nearer to the description than other texts are?

Description and texts go through a sentence encoder; the value is the chance that an active text has
a higher cosine with the description than one that is not (AUC). The encoder is MiniLM, of the
offline extra.
"""

import numpy as np

from .contract import Case, Panel, Score
from .sampling import auc_score, sample
from .scorer import Scorer


def run(case: Case, panel: Panel, rng: np.random.Generator) -> Score:
    """Embeds the description once and every text once."""
    assert panel.embed is not None
    result = sample(case, rng)
    windows = case.splits.test.windows
    vectors = panel.embed([case.description, *(windows.text(int(row)) for row in result.rows)])
    near = vectors[1:] @ vectors[0]  # [text]
    return auc_score("embedding", case, result, near, rng)


SCORER = Scorer(
    "embedding",
    needs=("embedder",),
    source="delphi (Paulo et al. 2024)",
    value="AUC of the cosine between description and text",
    chance=0.5,
    run=run,
    samples=True,
)
