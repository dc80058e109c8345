"""Whether a description recovers a planted function: every cell of its truth table, one by one.

1. The description's components are weighted on the validation split, against measured activations,
   and the prediction threshold is the one with the best F1 there, as in the scores.
2. On fresh inputs of each cell the thresholded prediction is compared with the noiseless function.
   Recovered: balanced accuracy of at least .95 for every cell. A cell has one true value, so that
   its balanced accuracy is the share of its places that are said rightly.
3. A graded function is recovered where R² against its noiseless level is at least .9.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ...agent.description import Description
from ...tools.models.planted import Vocabulary
from ...tools.statistics.association import correlation
from ..groundtruth.text.forms import Form as TextForm
from ..groundtruth.text.inputs import LEAST, Probes
from ..scoring.measured import Measured
from ..scoring.predictions import HEADLINE, best_f1_threshold, predictions, thresholds
from .suites import Form, Fresh

CELL = 0.95
GRADED = 0.90


class Recovery(NamedTuple):
    """The verdict on one description."""

    recovered: bool
    cells: dict[str, float]
    """Accuracy by cell; NaN where a cell has too few inputs."""
    correlation: float
    """Of the prediction with the noiseless function over all fresh inputs."""
    short: tuple[str, ...]
    """Cells with too few inputs: such a unit counts as not recovered."""
    r2: float | None = None
    """For graded functions."""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "recovered": self.recovered,
            "cells": {
                k: None if np.isnan(v) else round(float(v), 4) for k, v in self.cells.items()
            },
            "correlation": round(self.correlation, 4),
            "short": list(self.short),
            "r2": None if self.r2 is None else round(self.r2, 4),
        }


def recovery(
    description: Description, form: Form, inputs: Fresh, explore: Measured, validation: Measured
) -> Recovery:
    """Judges a description; one without components says "inactive" everywhere."""
    windows = inputs.windows
    level = inputs.level
    said = np.zeros(level.shape)
    active = np.zeros(level.shape, bool)
    if description.components:
        everywhere = Measured(windows, np.where(windows.counted, 0.0, np.nan))
        on_validation, fresh = predictions(description, validation, everywhere)
        positive = validation.flat > thresholds(explore)[HEADLINE]
        cut = best_f1_threshold(on_validation.total, positive)
        said[windows.counted] = fresh.total
        active[windows.counted] = fresh.total >= cut
    cells: dict[str, float] = {}
    for cell in form.cells:
        places = inputs.cells[cell.name]
        if len(places) < LEAST:
            cells[cell.name] = float("nan")
            continue
        right = active[places[:, 0], places[:, 1]] == cell.active
        cells[cell.name] = float(right.mean())
    here = windows.counted
    fit = correlation(said[here], level[here])
    r2 = None
    if form.kind == "graded":
        chosen = np.concatenate([places for places in inputs.cells.values() if len(places)])
        r2 = _r2(said[chosen[:, 0], chosen[:, 1]], level[chosen[:, 0], chosen[:, 1]])
        good = r2 >= GRADED and not inputs.short
    else:
        good = all(value >= CELL for value in cells.values())
    return Recovery(bool(good), cells, fit, tuple(inputs.short), r2)


def ceiling(form: TextForm, inputs: Probes, train: Measured, vocabulary: Vocabulary) -> float:
    """The best correlation with the noiseless function that a predicate reaches, as far as known.

    Two predicates with graded strength for every token are tried: of the token itself, and of the
    one before it. They are taken from the truth on explore and on half of the fresh inputs, and
    judged on the other half; what a planner said may be better still, and then counts.
    """
    half = np.arange(len(inputs.windows)) % 2 == 0
    learnt = {
        "explore": (train.windows.ids, form.values(train.windows.ids, vocabulary), train.counted),
        "fresh": (inputs.windows.ids[half], inputs.level[half], inputs.windows.counted[half]),
    }
    counted = inputs.windows.counted[~half]
    truth = inputs.level[~half][counted]
    best = 0.0
    for back in (0, 1):
        sums = np.zeros((2, len(vocabulary.surfaces)))
        for ids, level, known in learnt.values():
            tokens = _moved(ids, back)[known]
            sums[0] += np.bincount(tokens, level[known], sums.shape[1])
            sums[1] += np.bincount(tokens, minlength=sums.shape[1])
        table = sums[0] / np.maximum(sums[1], 1)
        said = table[_moved(inputs.windows.ids[~half], back)][counted]
        best = max(best, correlation(said, truth))
    return best


def balanced(cells: Mapping[str, float]) -> float | None:
    """The worst cell; None where none was judged."""
    known = [value for value in cells.values() if not np.isnan(value)]
    return min(known) if known else None


def _moved(ids: np.ndarray, back: int) -> np.ndarray:
    if not back:
        return ids
    out = np.zeros_like(ids)
    out[:, back:] = ids[:, :-back]
    return out


def _r2(said: np.ndarray, truth: np.ndarray) -> float:
    """Share of variance explained after the best scale and shift."""
    return correlation(said, truth) ** 2
