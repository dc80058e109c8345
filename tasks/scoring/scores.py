"""Scores of one description against one unit, per token, on documents nobody has looked at.

1. Active means above a threshold fixed on explore: the 90th, 99th and 99.9th percentile, and half
   of the mean of the top 0.1% (`half`), which fits units that are either on or off. The headline
   AUPRC, F1 and IoU are those of `half`; the three tails are reported apart.
2. Validation gives the weights of the components (non-negative least squares), the prediction
   threshold of every tail, and the shares of activation mass.
3. Test is touched once: correlation, cosine, AUPRC beside its base rate, F1, IoU, each with a 95%
   interval by bootstrap over documents; the gain over the best n-gram baseline; the incremental R²
   beyond token identity, and what table and components explain apart (`base.py`); how well places
   of the *same token* are ranked (`statistics/within`).

Fewer than `LEAST_POSITIVES` active tokens in the test split: no score at that tail, and no headline
at all where that tail is `half`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ...agent.description import Description
from ...tools.data.image_rows import ImageRows
from ...tools.evidence import plain
from ...tools.predicates import parse
from ...tools.predicates.judging import LimitReachedError
from ...tools.statistics.association import correlation
from ...tools.statistics.bootstrap import (
    Interval,
    Resampler,
    average_precisions,
    correlations,
    interval,
    of_variance,
)
from ...tools.statistics.within import within
from .base import LEAST_VARIANCE, TokenTable, by_base, shares, silent
from .curve import expected_activation
from .entries import HEADLINES
from .measured import Measured, Splits
from .ngram_baselines import bigram_table, token_place_table, token_table
from .picture_baselines import class_table, colour_grid, colour_shares
from .predictions import (
    HEADLINE,
    Prediction,
    best_f1_threshold,
    predictions,
    sampled,
    thresholds,
    weighted,
)

LEAST_POSITIVES = 20


class Scored(NamedTuple):
    """A description with its numbers filled in."""

    description: Description
    scores: dict[str, Any]
    controls: dict[str, Any]
    predicates: tuple[Any, ...] = ()
    """What describes the unit: its components, or the table of tokens where these fail; empty
    where there are too few active tokens to tell, and where they are known at a sample alone."""


def score(description: Description, splits: Splits, *, seed: int = 0) -> Scored:
    """Scores a description, and by its base where its components fail.

    One without components or base gets no scores and keeps its status.
    """
    scored = Scored(description, {}, {})
    if min(split.flat.size for split in splits) == 0:
        return scored
    if description.components:
        predicates = tuple(parse(one.predictor) for one in description.components)
        seen = sampled(predicates, splits, seed=seed)
        try:
            on_validation, on_test = weighted(predicates, seen.validation, seen.test)
        except LimitReachedError:
            return _not_judged(description)
        scores = numbers(on_validation, on_test, seen, seed=seed)
        filled = _filled(description, seen, on_validation, on_test, scores)
        known = scores["correlation"] is not None and seen is splits
        scored = Scored(filled, plain(scores), constant(scores), predicates if known else ())
    failed = scored.scores.get("variance", {"value": 0.0})["value"] < LEAST_VARIANCE
    named = description.base is not None and description.base.tokens
    if scored.description.status == "uninterpretable" and failed and named:
        return _by_base(scored, splits, seed=seed)
    return scored


def _not_judged(description: Description) -> Scored:
    """A description whose judge reached its limit before it could be scored."""
    reason = "not judged: limit reached (--judge-requests)"
    kept = replace(description, status="insufficient held-out", reason=reason)
    return Scored(kept, {**dict.fromkeys(HEADLINES), "not_judged": "limit reached"}, {})


def _by_base(scored: Scored, splits: Splits, *, seed: int) -> Scored:
    """The same described by the table of tokens, where that one explains held-out variance.

    The scores stay those of the components, so that scores of ideas and their controls compare.
    """
    table, truth = TokenTable.of(splits.explore), splits.test.flat
    resampler = Resampler(splits.test.documents, seed=seed)
    _, on_test = weighted((table,), splits.validation, splits.test)
    explained = _r_squared(resampler, on_test.total, truth)
    positives = int((truth > thresholds(splits.explore)[HEADLINE]).sum())
    if explained.value < LEAST_VARIANCE or positives < LEAST_POSITIVES:
        return scored
    scores = scored.scores
    if not scores:
        validation, test = silent(splits)
        scores = plain({"shares": shares(validation, test, splits, resampler)})
    return Scored(by_base(scored.description, explained), scores, scored.controls, (table,))


def numbers(
    on_validation: Prediction, on_test: Prediction, splits: Splits, *, seed: int = 0
) -> dict[str, Any]:
    """The scores of a prediction, however it was made; weights are fitted on validation already."""
    truth = splits.test.flat
    resampler = Resampler(splits.test.documents, seed=seed, weight=splits.test.weight)
    own = correlations(resampler, on_test.total, truth)
    tables = baselines(splits)
    known = {name: correlations(resampler, table, truth) for name, table in tables.items()}
    best = max(known.values(), key=lambda values: values[0])
    tails = {
        name: _tail(threshold, on_validation.total, on_test.total, splits, resampler)
        for name, threshold in thresholds(splits.explore).items()
    }
    headline = tails[HEADLINE]
    scores: dict[str, Any] = {
        "correlation": interval(own).as_dict(),
        "cosine": _cosine(resampler, on_test.total, truth).as_dict(),
        "auprc": headline.get("auprc"),
        "f1": headline.get("f1"),
        "iou": headline.get("iou"),
        "gain_over_lookup": interval(own - best).as_dict(),
        "lookups": {name: interval(values).as_dict() for name, values in known.items()},
        "variance": _r_squared(resampler, on_test.total, truth).as_dict(),
        "beyond_tokens": _incremental_r_squared(
            resampler, next(iter(tables.values())), on_test.parts, splits.test
        ).as_dict(),
        "context_correlation": (
            _context(on_test.total, splits.test) if splits.test.weights is None else None
        ),
        "tails": tails,
        "curve": expected_activation(on_test.total, truth, resampler),
        "tokens": int(truth.size),
        "documents": resampler.count,
    }
    if splits.test.reaching is not None:
        every = int(np.isfinite(splits.test.values).sum())
        scores["out_of_reach"] = {"places": every - int(truth.size), "of": every}
    if splits.test.weights is not None:
        scores["sampled"] = {"places": int(truth.size), "of": round(splits.test.weight.sum())}
    if not isinstance(splits.test.windows, ImageRows):
        scores["within"] = _within(
            on_test.total, tables["bigram"], headline["threshold"], splits.test, resampler
        )
        scores["shares"] = shares(on_validation, on_test, splits, resampler)
    if "status" in headline:
        scores |= dict.fromkeys(HEADLINES)  # too few active tokens: counts, but no score
    return scores


def baselines(splits: Splits) -> dict[str, np.ndarray]:
    """What every baseline predicts on test, by name; the plainest first."""
    if isinstance(splits.explore.windows, ImageRows):
        tables = {"colours": colour_shares(splits), "grid": colour_grid(splits)}
        classes = class_table(splits)
        return tables if classes is None else {**tables, "classes": classes}
    return {
        "token": token_table(splits),
        "bigram": bigram_table(splits),
        "token_place": token_place_table(splits),
    }


def plain_scores(description: Description, splits: Splits) -> dict[str, float]:
    """Correlation, F1 and AUPRC without intervals, for controls; empty where there is no score."""
    from sklearn.metrics import average_precision_score, f1_score

    on_validation, on_test = predictions(description, splits.validation, splits.test)
    threshold = thresholds(splits.explore)[HEADLINE]
    truth = splits.test.flat
    positive = truth > threshold
    if positive.sum() < LEAST_POSITIVES:
        return {}
    least = best_f1_threshold(on_validation.total, splits.validation.flat > threshold)
    return {
        "correlation": correlation(on_test.total, truth),
        "f1": float(f1_score(positive, on_test.total >= least)),
        "auprc": float(average_precision_score(positive, on_test.total)),
    }


def _tail(
    threshold: float,
    on_validation: np.ndarray,
    prediction: np.ndarray,
    splits: Splits,
    resampler: Resampler,
) -> dict[str, Any]:
    """Scores of the two-class question "is the unit active here", at one threshold."""
    positive = splits.test.flat > threshold
    rate = float(np.average(positive, weights=splits.test.weight))
    counts: dict[str, Any] = {
        "threshold": threshold,
        "positives": int(positive.sum()),
        "base_rate": rate,
    }
    if positive.sum() < LEAST_POSITIVES:
        return {**counts, "status": "insufficient held-out"}
    validation = splits.validation
    predicted = prediction >= best_f1_threshold(
        on_validation, validation.flat > threshold, validation.weight
    )
    sums = resampler.sums(
        (predicted & positive).astype(float), predicted.astype(float), positive.astype(float)
    )
    hits, claims, positives = sums.T
    f1 = 2 * hits / np.maximum(claims + positives, 1e-12)
    iou = hits / np.maximum(claims + positives - hits, 1e-12)
    auprc = average_precisions(resampler, positive, prediction)
    return {
        **counts,
        "auprc": interval(auprc).as_dict(base_rate=rate),
        "f1": interval(f1).as_dict(),
        "iou": interval(iou).as_dict(),
        "precision": float(hits[0] / max(claims[0], 1e-12)),
        "recall": float(hits[0] / positives[0]),
        "always_active_f1": 2 * rate / (1 + rate),
    }


def _cosine(resampler: Resampler, x: np.ndarray, y: np.ndarray) -> Interval:
    def cosine(sums: np.ndarray) -> np.ndarray:
        return sums[:, 2] / np.maximum(np.sqrt(sums[:, 0] * sums[:, 1]), 1e-30)

    return resampler.interval(cosine, x * x, y * y, x * y)


def _r_squared(resampler: Resampler, prediction: np.ndarray, truth: np.ndarray) -> Interval:
    """Share of held-out variance explained; negative when worse than the mean."""
    return interval(1 - of_variance(resampler, np.square(truth - prediction), truth))


def _incremental_r_squared(
    resampler: Resampler, table: np.ndarray, parts: np.ndarray, test: Measured
) -> Interval:
    """R² of table and components beyond that of the table, cross-fitted.

    Each half of the documents is predicted by weights fitted on the other half; negative where
    the components make the prediction worse. The weights are not fitted anew in resamples.
    """
    from sklearn.linear_model import LinearRegression

    truth = test.flat
    columns = {"table": table[:, None], "both": np.column_stack([table, *parts])}
    half = (test.documents % 2).astype(bool)
    error = {name: np.zeros_like(truth) for name in columns}
    for fit in (half, ~half):
        if not fit.any() or fit.all():
            return Interval(0.0, np.nan, np.nan)
        for name, x in columns.items():
            model = LinearRegression().fit(x[fit], truth[fit], sample_weight=test.weight[fit])
            predicted = model.predict(x[~fit])
            error[name][~fit] = np.square(truth[~fit] - predicted)
    return interval(of_variance(resampler, error["table"] - error["both"], truth))


def _within(
    prediction: np.ndarray,
    bigram: np.ndarray,
    threshold: float,
    test: Measured,
    resampler: Resampler,
) -> dict[str, Any]:
    """AUROC and correlation within tokens, of the prediction and of the bigram table beside it.

    A token table gets .5 and 0.
    """
    truth, token = test.flat, test.tokens()
    own, table = (
        within(token, values, truth, truth > threshold, resampler).as_dict()
        for values in (prediction, bigram)
    )
    beside = {"auroc": table["auroc"], "correlation": table["correlation"]}
    return {**own, "bigram": beside, "reference": None}


def _context(prediction: np.ndarray, test: Measured) -> float:
    """Correlation between the largest prediction and the largest activation of each window."""
    whole = np.full(test.values.shape, -np.inf)
    whole[test.counted] = prediction
    peaks = np.where(test.counted, test.values, -np.inf).max(1)
    here = test.counted.any(1)
    return correlation(whole[here].max(1), peaks[here])


def constant(scores: Mapping[str, Any]) -> dict[str, Any]:
    """What a constant prediction gets on the tokens of `scores`."""
    headline = scores["tails"][HEADLINE]
    if "status" in headline:
        return {}
    rate = headline["base_rate"]
    f1 = headline["always_active_f1"]
    return {"constant": plain({"correlation": 0.0, "auprc": rate, "f1": f1, "iou": rate})}


def _attends(description: Description) -> bool:
    """Whether it says where a head attends: that is measured by itself, beside shuffles, and the
    size of what the head writes need not follow it."""
    return any(one.predictor["kind"] == "attends" for one in description.components)


def _adds(scores: Mapping[str, Any]) -> bool:
    """Whether the components explain held-out variance that token identity, if there is any, does
    not."""
    if "shares" not in scores:  # pictures
        return True
    ideas = scores["shares"]["ideas"]
    return ideas["low"] > 0 and ideas["value"] >= LEAST_VARIANCE


def _filled(
    description: Description,
    splits: Splits,
    on_validation: Prediction,
    on_test: Prediction,
    scores: Mapping[str, Any],
) -> Description:
    """The description with shares, component scores, `explained` and its final status."""
    truth = splits.test.flat
    resampler = Resampler(splits.test.documents, resamples=0, weight=splits.test.weight)
    mass = np.maximum(splits.validation.flat, 0) * splits.validation.weight
    components = []
    for i, component in enumerate(description.components):
        share = float(mass[on_validation.parts[i] > 0].sum() / max(mass.sum(), 1e-30))
        alone = float(correlations(resampler, on_test.parts[i], truth)[0])
        components.append(replace(component, share=round(share, 4), score=round(alone, 4)))
    status, reason = description.status, description.reason
    headline, explained = scores["tails"][HEADLINE], scores["variance"]["value"]
    if status == "described" and "status" in headline:
        status = "insufficient held-out"
        places = "pictures" if isinstance(splits.test.windows, ImageRows) else "tokens"
        reason = (
            f"{headline['positives']} active {places} in the test split, {LEAST_POSITIVES} are "
            "needed for a score"
        )
    elif status == "described" and explained < LEAST_VARIANCE and not _attends(description):
        status = "uninterpretable"
        reason = f"the description explains {explained:.1%} of held-out variance"
    elif status == "described" and not description.named and not _adds(scores):
        status = "word list"
        reason = (
            "the words that are listed have no name, and beyond token identity they explain "
            f"{scores['shares']['ideas']['value']:.1%} of held-out variance"
        )
    return replace(
        description,
        components=tuple(components),
        explained=round(scores["beyond_tokens"]["value"], 4),
        status=status,
        reason=reason,
    )
