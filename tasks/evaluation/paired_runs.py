"""Runs compared on the units that all of them labelled: paired differences to the first.

Each score is compared on the units for which both runs have it; the interval of the mean
difference is a bootstrap over units. Nothing is claimed where it holds 0.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...tools.errors import UsageError
from ...tools.llm.usage import new_tokens
from ...tools.statistics.bootstrap import mean_interval
from ..labelling.results import LabelRun
from ..scoring.entries import value_of

SCORES = {
    "words": "words.pairs",
    "within": "within.auroc",
    "within r": "within.correlation",
    "correlation": "correlation",
    "AUPRC": "auprc",
}
"""By the name that is shown: same-token pairs that a judge of the label gets right, and scores of
the predictors."""


class Difference(NamedTuple):
    """One score of one run beside the first run."""

    score: str
    units: int
    """That both runs have a score of."""
    first: float
    """Mean of the first run over these units."""
    mean: float
    """Of this run."""
    difference: float
    interval: tuple[float, float] | None
    """95%; None for fewer than two units."""


def compared(runs: Sequence[LabelRun]) -> dict[str, Any]:
    """What every run but the first scores beside it, as plain JSON.

    Raises:
        UsageError: if there are fewer than two runs, of different models or data, or without a
            unit in common.
    """
    if len(runs) < 2:
        raise UsageError("give two run folders or more: the others are compared with the first")
    first, *others = runs
    for run in others:
        _refuse_others(first, run)
    return {
        "first": str(first.folder),
        "tokens": _tokens(first),
        "runs": [
            {
                "run": str(run.folder),
                "tokens": _tokens(run),
                "scores": [one._asdict() for one in differences(first, run)],
            }
            for run in others
        ],
        "notes": ["difference: mean over units, with an interval; none is shown where it holds 0"],
    }


def differences(first: LabelRun, run: LabelRun) -> list[Difference]:
    """A run beside the first, score by score, over the units that have it in both."""
    known = {unit.unit: unit.record.get("scores") for unit in first.units}
    out = []
    for name, key in SCORES.items():
        pairs = [
            (value_of(known[unit.unit], key), value_of(unit.record.get("scores"), key))
            for unit in run.units
            if unit.unit in known
        ]
        scored = np.array([pair for pair in pairs if None not in pair], float).reshape(-1, 2)
        if len(scored):
            one, other = scored.mean(0).tolist()
            span = mean_interval(scored[:, 1] - scored[:, 0])
            out.append(Difference(name, len(scored), one, other, other - one, span))
    return out


def _refuse_others(first: LabelRun, run: LabelRun) -> None:
    """Refuses runs whose scores are not of the same units on the same texts."""
    for name in ("target", "data", "tokens", "context_length"):
        mine, theirs = first.settings.get(name), run.settings.get(name)
        if mine != theirs:
            raise UsageError(
                f"{run.folder} has {name} {theirs} and {first.folder} {mine}: compare runs over "
                "the same model and texts"
            )
    if not {unit.unit for unit in first.units} & {unit.unit for unit in run.units}:
        raise UsageError(f"{run.folder} and {first.folder} have no unit in common")


def _tokens(run: LabelRun) -> float:
    """LLM tokens a unit, cached ones not counted."""
    return new_tokens(run.spent) / max(1, len(run.units))
