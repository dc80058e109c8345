"""Scores of one description against one unit, per token, on documents nobody has looked at.

1. Active means above a threshold fixed on explore: the 90th, 99th and 99.9th percentile, and half
   of the mean of the top 0.1% (`half`), which fits units that are either on or off. The headline
   AUPRC, F1 and IoU are those of `half`; the three tails are reported apart.
2. Validation gives the weights of the components (non-negative least squares), the prediction
   threshold of every tail, and the shares of activation mass.
3. The test split is touched once: correlation, cosine, AUPRC beside its base rate, F1, IoU, each
   with a 95% interval by bootstrap over documents; the gain over the best lookup; the share of
   variance explained beyond token identity.

Fewer than `LEAST_POSITIVES` active tokens in the test split: no score at that tail, and no
headline at all where that tail is `half`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ...agent.description import Description
from ...tools.activations.records import activity
from ...tools.evidence import plain
from ...tools.predicates import parse
from ...tools.statistics.bootstrap import (
    Interval,
    Resampler,
    average_precisions,
    correlations,
    interval,
)
from .curve import expected_activation
from .ngram_baselines import Measured, lookup_tables

TAILS = {"10%": 0.90, "1%": 0.99, "0.1%": 0.999}
HEADLINE = "half"
HEADLINES = ("correlation", "cosine", "auprc", "f1", "iou", "gain_over_lookup")
LEAST_POSITIVES = 20
FLAT = 1e-12
"""Standard deviation up to which nothing varies."""
LEAST_VARIANCE = 0.02
"""Under this share of held-out variance explained, a description says nothing of the unit."""

__all__ = [
    "HEADLINE",
    "LEAST_POSITIVES",
    "TAILS",
    "Measured",
    "Scored",
    "best_cut",
    "constant",
    "fitted",
    "numbers",
    "plain_scores",
    "predictions",
    "score",
    "thresholds",
]


class Scored(NamedTuple):
    """A description with its numbers filled in."""

    description: Description
    scores: dict[str, Any]
    controls: dict[str, Any]


class Prediction(NamedTuple):
    """What the components predict for the counted tokens of one split."""

    total: np.ndarray
    """float64 `[token]`, in units of the activation."""
    parts: np.ndarray
    """float64 `[component, token]`, each in 0..1."""


def score(
    description: Description,
    explore: Measured,
    validation: Measured,
    test: Measured,
    *,
    seed: int = 0,
) -> Scored:
    """Scores a description; one without components gets no scores and keeps its status."""
    if not description.components or min(m.flat.size for m in (explore, validation, test)) == 0:
        return Scored(description, {}, {})
    on_validation, on_test = predictions(description, validation, test)
    scores = numbers(on_validation, on_test, explore, validation, test, seed=seed)
    filled = _filled(description, validation, on_validation, on_test, test.flat, scores)
    return Scored(filled, plain(scores), constant(scores))


def numbers(
    on_validation: Prediction,
    on_test: Prediction,
    explore: Measured,
    validation: Measured,
    test: Measured,
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """The scores of a prediction, however it was made; weights are fitted on validation already."""
    truth, documents = test.flat, test.documents
    resampler = Resampler(documents, seed=seed)
    own = correlations(resampler, on_test.total, truth)
    tables = lookup_tables(explore, validation, test)
    lookups = {name: correlations(resampler, table, truth) for name, table in tables.items()}
    best = max(lookups.values(), key=lambda values: values[0])
    tails = {
        name: _tail(
            threshold, on_validation.total, validation.flat, on_test.total, truth, resampler
        )
        for name, threshold in thresholds(explore).items()
    }
    headline = tails[HEADLINE]
    scores: dict[str, Any] = {
        "correlation": interval(own).as_dict(),
        "cosine": _cosine(resampler, on_test.total, truth).as_dict(),
        "auprc": headline.get("auprc"),
        "f1": headline.get("f1"),
        "iou": headline.get("iou"),
        "gain_over_lookup": interval(own - best).as_dict(),
        "lookups": {name: interval(values).as_dict() for name, values in lookups.items()},
        "variance": _variance(resampler, on_test.total, truth).as_dict(),
        "beyond_tokens": _beyond(
            resampler, next(iter(tables.values())), on_test.parts, truth, documents
        ).as_dict(),
        "context_correlation": _context(on_test.total, test),
        "tails": tails,
        "curve": expected_activation(on_test.total, truth, resampler),
        "tokens": int(truth.size),
        "documents": resampler.count,
    }
    if "status" in headline:
        scores |= dict.fromkeys(HEADLINES)  # too few active tokens: counts, but no score
    return scores


def plain_scores(
    description: Description, explore: Measured, validation: Measured, test: Measured
) -> dict[str, float]:
    """Correlation, F1 and AUPRC without intervals, for controls; empty where there is no score."""
    from sklearn.metrics import average_precision_score, f1_score

    on_validation, on_test = predictions(description, validation, test)
    threshold = thresholds(explore)[HEADLINE]
    positive = test.flat > threshold
    if positive.sum() < LEAST_POSITIVES:
        return {}
    said, truth = on_test.total, test.flat
    cut = best_cut(on_validation.total, validation.flat > threshold)
    varies = min(said.std(), truth.std()) > FLAT
    return {
        "correlation": float(np.corrcoef(said, truth)[0, 1]) if varies else 0.0,
        "f1": float(f1_score(positive, said >= cut)),
        "auprc": float(average_precision_score(positive, said)),
    }


def thresholds(explore: Measured) -> dict[str, float]:
    """Activation above which a token counts as active, by tail."""
    values = explore.flat
    found = {name: float(np.quantile(values, share)) for name, share in TAILS.items()}
    return {HEADLINE: activity(values), **found}


def predictions(description: Description, *splits: Measured) -> list[Prediction]:
    """What a description predicts on splits, with weights fitted on the first of them."""
    predicates = [parse(component.predictor) for component in description.components]
    parts = [
        np.stack([p.evaluate(split.windows)[split.counted] for p in predicates]).astype(np.float64)
        for split in splits
    ]
    return fitted(parts, splits[0].flat)


def fitted(parts: Sequence[np.ndarray], truth: np.ndarray) -> list[Prediction]:
    """Predictions of splits from their parts `[component, token]`, weighted on the first."""
    from sklearn.linear_model import LinearRegression

    model = LinearRegression(positive=True).fit(parts[0].T, truth)
    # a sum of columns, not a matrix product: equal parts must give equal predictions to the bit,
    # as thresholds and ranks go by distinct values
    return [
        Prediction(sum((w * p for w, p in zip(model.coef_, part, strict=True)), base), part)
        for part in parts
        for base in [np.full(part.shape[1], float(model.intercept_))]
    ]


def _tail(
    threshold: float,
    validation_prediction: np.ndarray,
    validation_truth: np.ndarray,
    prediction: np.ndarray,
    truth: np.ndarray,
    resampler: Resampler,
) -> dict[str, Any]:
    """Scores of the two-class question "is the unit active here", at one threshold."""
    positive = truth > threshold
    found: dict[str, Any] = {
        "threshold": threshold,
        "positives": int(positive.sum()),
        "base_rate": float(positive.mean()),
    }
    if positive.sum() < LEAST_POSITIVES:
        return {**found, "status": "insufficient held-out"}
    cut = best_cut(validation_prediction, validation_truth > threshold)
    said = prediction >= cut
    sums = resampler.sums(
        (said & positive).astype(float), said.astype(float), positive.astype(float)
    )
    hits, claims, positives = sums.T
    f1 = 2 * hits / np.maximum(claims + positives, 1e-12)
    iou = hits / np.maximum(claims + positives - hits, 1e-12)
    auprc = average_precisions(resampler, positive, prediction)
    return {
        **found,
        "auprc": interval(auprc).as_dict(base_rate=float(positive.mean())),
        "f1": interval(f1).as_dict(),
        "iou": interval(iou).as_dict(),
        "precision": float(hits[0] / max(claims[0], 1e-12)),
        "recall": float(hits[0] / positives[0]),
        "always_active_f1": float(2 * positive.mean() / (1 + positive.mean())),
    }


def best_cut(prediction: np.ndarray, positive: np.ndarray) -> float:
    """The prediction threshold with the best F1 among all distinct values; the lowest of equals.

    Infinite, above everything, where nothing is positive. A cut that takes everything is only
    taken for a constant prediction.
    """
    if not positive.any():
        return float("inf")
    order = np.argsort(-prediction, kind="stable")
    value, hits = prediction[order], np.cumsum(positive[order])
    last = np.append(np.flatnonzero(np.diff(value)), len(value) - 1)  # of each distinct value
    if len(last) > 1:
        last = last[:-1]
    f1 = 2 * hits[last] / (last + 1 + hits[-1])
    return float(value[last[len(last) - 1 - np.argmax(f1[::-1])]])


def _cosine(resampler: Resampler, x: np.ndarray, y: np.ndarray) -> Interval:
    def cosine(sums: np.ndarray) -> np.ndarray:
        return sums[:, 2] / np.maximum(np.sqrt(sums[:, 0] * sums[:, 1]), 1e-30)

    return resampler.interval(cosine, x * x, y * y, x * y)


def _variance(resampler: Resampler, prediction: np.ndarray, truth: np.ndarray) -> Interval:
    """Share of held-out variance explained; negative when worse than the mean."""

    def share(sums: np.ndarray) -> np.ndarray:
        n, error, total, squares = sums.T
        return 1 - error / np.maximum(squares - total**2 / n, 1e-30)

    error = np.square(truth - prediction)
    return resampler.interval(share, np.ones_like(truth), error, truth, np.square(truth))


def _beyond(
    resampler: Resampler,
    table: np.ndarray,
    parts: np.ndarray,
    truth: np.ndarray,
    documents: np.ndarray,
) -> Interval:
    """Share of variance that table and components predict beyond the table, cross-fitted.

    Each half of the documents is predicted by weights fitted on the other half; negative where
    the components make the prediction worse. The weights are not fitted anew in resamples.
    """
    from sklearn.linear_model import LinearRegression

    columns = {"table": table[:, None], "both": np.column_stack([table, *parts])}
    half = (documents % 2).astype(bool)
    error = {name: np.zeros_like(truth) for name in columns}
    for fit in (half, ~half):
        if not fit.any() or fit.all():
            return Interval(0.0, np.nan, np.nan)
        for name, x in columns.items():
            said = LinearRegression().fit(x[fit], truth[fit]).predict(x[~fit])
            error[name][~fit] = np.square(truth[~fit] - said)

    def share(sums: np.ndarray) -> np.ndarray:
        n, saved, total, squares = sums.T
        return saved / np.maximum(squares - total**2 / n, 1e-30)

    saved = error["table"] - error["both"]
    return resampler.interval(share, np.ones_like(truth), saved, truth, np.square(truth))


def _context(prediction: np.ndarray, test: Measured) -> float:
    """Correlation between the largest prediction and the largest activation of each window."""
    said = np.full(test.values.shape, -np.inf)
    said[test.counted] = prediction
    here = test.counted.any(1)
    x, y = said[here].max(1), np.nanmax(test.values[here], axis=1)
    return float(np.corrcoef(x, y)[0, 1]) if min(x.std(), y.std()) > FLAT else 0.0


def constant(scores: Mapping[str, Any]) -> dict[str, Any]:
    """What a constant prediction gets on the tokens of `scores`."""
    headline = scores["tails"][HEADLINE]
    if "status" in headline:
        return {}
    rate = headline["base_rate"]
    f1 = headline["always_active_f1"]
    return {"constant": plain({"correlation": 0.0, "auprc": rate, "f1": f1, "iou": rate})}


def _filled(
    description: Description,
    validation: Measured,
    on_validation: Prediction,
    on_test: Prediction,
    truth: np.ndarray,
    scores: Mapping[str, Any],
) -> Description:
    """The description with shares, component scores, `explained` and its final status."""
    mass = np.maximum(validation.flat, 0)
    components = []
    for number, component in enumerate(description.components):
        holds = on_validation.parts[number] > 0
        part = on_test.parts[number]
        varies = min(part.std(), truth.std()) > FLAT
        alone = float(np.corrcoef(part, truth)[0, 1]) if varies else 0.0
        share = float(mass[holds].sum() / max(mass.sum(), 1e-30))
        components.append(replace(component, share=round(share, 4), score=round(alone, 4)))
    status, reason = description.status, description.reason
    if status == "described" and "status" in scores["tails"][HEADLINE]:
        status = "insufficient held-out"
        positives = scores["tails"][HEADLINE]["positives"]
        reason = (
            f"{positives} active tokens in the test split, {LEAST_POSITIVES} are needed for a score"
        )
    elif status == "described" and scores["variance"]["value"] < LEAST_VARIANCE:
        status = "uninterpretable"
        reason = f"the description explains {scores['variance']['value']:.1%} of held-out variance"
    return replace(
        description,
        components=tuple(components),
        explained=round(scores["beyond_tokens"]["value"], 4),
        status=status,
        reason=reason,
    )
