"""The expected-activation curve: what the unit does on average where so much is predicted.

A straight rising line is a description whose strengths are right; a flat one says nothing; one that
bends says that only the strongest predictions mean something.
"""

from typing import Any

import numpy as np

from ...tools.statistics.bootstrap import Resampler, interval

MOST = 8


def expected_activation(
    prediction: np.ndarray, truth: np.ndarray, resampler: Resampler
) -> list[dict[str, Any]]:
    """Mean activation by predicted activation, with intervals over documents.

    Args:
        prediction: What is predicted, `[token]`; mostly one value, where no component holds.
        truth: What was measured, `[token]`.
        resampler: Over the documents of the tokens.

    Returns:
        At most `MOST` points, by rising prediction: predicted, mean, low, high, tokens.
    """
    levels = np.unique(prediction)
    if not levels.size:
        return []
    if len(levels) > MOST:  # the lowest value apart, the rest in parts of equal size
        rest = prediction[prediction > levels[0]]
        inner = np.unique(np.quantile(rest, np.linspace(0, 1, MOST)[:-1]))
    else:
        inner = levels[1:]
    part = np.searchsorted(inner, prediction, side="right")
    points = []
    for number in range(len(inner) + 1):
        here = (part == number).astype(np.float64)
        if not here.any():
            continue
        n, mass, total = resampler.sums(here, here * truth, here * prediction).T
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = interval(mass / n)
        points.append(
            {
                "predicted": float(total[0] / n[0]),
                **mean.as_dict(),
                "tokens": int(n[0]),
            }
        )
    return [{"mean" if k == "value" else k: v for k, v in point.items()} for point in points]
