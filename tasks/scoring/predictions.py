"""What a description predicts on splits, and where a prediction means that the unit is active."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...agent.description import Description
from ...tools.activations.records import activity
from ...tools.predicates import parse
from .measured import Measured, Splits

TAILS = {"10%": 0.90, "1%": 0.99, "0.1%": 0.999}
HEADLINE = "half"
JUDGED = 240
"""Places of a split that a language model judges for a description's scores: 30 requests."""


class Prediction(NamedTuple):
    """What the components predict for the counted tokens of one split."""

    total: np.ndarray
    """float64 `[token]`, in units of the activation."""
    parts: np.ndarray
    """float64 `[component, token]`, each in 0..1."""


def predictions(description: Description, *splits: Measured) -> list[Prediction]:
    """What a description predicts on splits, with weights fitted on the first of them."""
    return weighted([parse(one.predictor) for one in description.components], *splits)


def weighted(predicates: Sequence[Any], *splits: Measured) -> list[Prediction]:
    """What predicates say of splits together, with weights fitted on the first of them."""
    parts = [
        np.stack([_degrees(one, split) for one in predicates]).astype(np.float64)
        for split in splits
    ]
    return fitted(parts, splits[0].flat, splits[0].weight)


def _degrees(predicate: Any, split: Measured) -> np.ndarray:
    """At the counted tokens, `[token]`; a language model is asked about these alone."""
    only = (split.counted,) if getattr(predicate, "sampled", False) else ()
    return predicate.evaluate(split.windows, *only)[split.counted]


def sampled(predicates: Sequence[Any], splits: Splits, *, seed: int = 0) -> Splits:
    """The splits on which predicates are scored: where a language model judges one of them,
    validation and test are samples of their places."""
    if not any(getattr(one, "sampled", False) for one in predicates):
        return splits
    threshold = thresholds(splits.explore)[HEADLINE]
    return splits._replace(
        validation=splits.validation.sampled(threshold, JUDGED, seed=seed),
        test=splits.test.sampled(threshold, JUDGED, seed=seed),
    )


def fitted(
    parts: Sequence[np.ndarray], truth: np.ndarray, weight: np.ndarray | None = None
) -> list[Prediction]:
    """Predictions of splits from their parts `[component, token]`, weighted on the first.

    Args:
        parts: By split.
        truth: `[token]` of the first split.
        weight: How many places each of its tokens stands for; None: one.
    """
    from sklearn.linear_model import LinearRegression

    model = LinearRegression(positive=True).fit(parts[0].T, truth, sample_weight=weight)
    # a sum of columns, not a matrix product: equal parts must give equal predictions to the bit,
    # as thresholds and ranks go by distinct values
    return [
        Prediction(sum((w * p for w, p in zip(model.coef_, part, strict=True)), base), part)
        for part in parts
        for base in [np.full(part.shape[1], float(model.intercept_))]
    ]


def thresholds(explore: Measured) -> dict[str, float]:
    """Activation above which a token counts as active, by tail."""
    values = explore.flat
    tails = {name: float(np.quantile(values, share)) for name, share in TAILS.items()}
    return {HEADLINE: activity(values), **tails}


def best_f1_threshold(
    prediction: np.ndarray, positive: np.ndarray, weight: np.ndarray | None = None
) -> float:
    """The prediction threshold with the best F1 among all distinct values; the lowest of equals.

    Infinite, above everything, where nothing is positive. A threshold that takes everything is only
    taken for a constant prediction.
    """
    if not positive.any():
        return float("inf")
    order = np.argsort(-prediction, kind="stable")
    weight = np.ones(len(order)) if weight is None else weight[order]
    value, hits = prediction[order], np.cumsum(positive[order] * weight)
    last = np.append(np.flatnonzero(np.diff(value)), len(value) - 1)  # of each distinct value
    if len(last) > 1:
        last = last[:-1]
    f1 = 2 * hits[last] / (np.cumsum(weight)[last] + hits[-1])
    return float(value[last[len(last) - 1 - np.argmax(f1[::-1])]])
