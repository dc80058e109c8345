"""Scorers: every way to put a number on a description in text (Neuron_Eval calls them metrics).

found = score_all(case, Panel(judge=LLMJudge(llm)), seed=0)
found["detection"].value, found["detection"].warnings
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from ....tools.errors import UsageError, nearest
from . import (
    choice,
    detection,
    embedding,
    intruder,
    output,
    predicate,
    predictive,
    simulation,
    surprisal,
)
from .contract import Case, Control, Panel, Score
from .control import control
from .judges import Answer, Judge, LLMJudge, Question
from .scorer import NEEDS, Scorer

__all__ = [
    "NEEDS",
    "SCORERS",
    "Answer",
    "Case",
    "Control",
    "Judge",
    "LLMJudge",
    "Panel",
    "Question",
    "Score",
    "Scorer",
    "score_all",
]

SCORERS: Mapping[str, Scorer] = MappingProxyType(
    {
        scorer.name: scorer
        for scorer in (
            predicate.SCORER,
            simulation.SCORER,
            detection.DETECTION,
            detection.FUZZING,
            intruder.SCORER,
            embedding.SCORER,
            surprisal.SCORER,
            predictive.SCORER,
            choice.SCORER,
            output.SCORER,
        )
    }
)
"""Every scorer by name."""


def score_all(
    case: Case, panel: Panel, *, names: Sequence[str] | None = None, seed: int = 0
) -> dict[str, Score]:
    """Scores by name; one whose needs are not met has a reason instead of a value.

    Args:
        case: The description and what the unit does.
        panel: Who reads the description; its judge is asked control questions first, unless it
            comes with what it did on some.
        names: Of scorers; None: all.
        seed: Of samples and orders; each scorer has its own stream.

    Raises:
        UsageError: for an unknown scorer, or a judge that cannot be reached.
    """
    for name in names or ():
        if name not in SCORERS:
            raise UsageError(f"there is no scorer '{name}'; nearest: {nearest(name, SCORERS)}")
    order = list(SCORERS)
    if panel.judge is not None and panel.control is None:
        rng = np.random.default_rng([seed, len(order)])
        panel = replace(panel, control=control(panel.judge, case.splits.test.windows, rng))
    return {
        name: SCORERS[name](case, panel, np.random.default_rng([seed, order.index(name)]))
        for name in names or order
    }
