"""Whether a description recovers a planted function: every cell of its truth table, one by one.

1. The description's components are weighted on the validation split, against measured activations,
   and the prediction threshold is the one with the best F1 there, as in the scores.
2. On fresh inputs of each cell the thresholded prediction is compared with the noiseless function.
   Recovered: balanced accuracy of at least .95 for every cell. A cell has one true value, so that
   its balanced accuracy is the share of its places that are said rightly.
3. A graded function is recovered where R² against its noiseless level is at least .9.
"""

from typing import Any, NamedTuple

import numpy as np

from ...agent.description import Description
from ...tools.statistics.association import correlation
from ..groundtruth.planted import LEAST, Probes
from ..scoring.measured import Measured
from ..scoring.predictions import HEADLINE, best_f1_threshold, predictions, thresholds

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
    description: Description, function: Any, inputs: Probes, explore: Measured, validation: Measured
) -> Recovery:
    """Judges a description; one without components says "inactive" everywhere."""
    windows = inputs.windows
    level = inputs.level
    prediction = np.zeros(level.shape)
    active = np.zeros(level.shape, bool)
    if description.components:
        everywhere = Measured(windows, np.where(windows.counted, 0.0, np.nan))
        on_validation, fresh = predictions(description, validation, everywhere)
        positive = validation.flat > thresholds(explore)[HEADLINE]
        cut = best_f1_threshold(on_validation.total, positive)
        prediction[windows.counted] = fresh.total
        active[windows.counted] = fresh.total >= cut
    cells: dict[str, float] = {}
    for cell in function.cells:
        places = inputs.cells[cell.name]
        if len(places) < LEAST:
            cells[cell.name] = float("nan")
            continue
        right = active[places[:, 0], places[:, 1]] == cell.active
        cells[cell.name] = float(right.mean())
    here = windows.counted
    fit = correlation(prediction[here], level[here])
    r2 = None
    if function.kind == "graded":
        chosen = np.concatenate([places for places in inputs.cells.values() if len(places)])
        at = chosen[:, 0], chosen[:, 1]
        r2 = correlation(prediction[at], level[at]) ** 2  # after the best scale and shift
        good = r2 >= GRADED and not inputs.short
    else:
        good = all(value >= CELL for value in cells.values())
    return Recovery(bool(good), cells, fit, tuple(inputs.short), r2)
