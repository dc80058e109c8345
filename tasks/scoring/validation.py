"""How well descriptions of one unit predict validation: what chooses between them.

Weights of components are fitted on one half of validation's documents and predict the other, so
that a description with more components has no advantage of its own. Explore has shown the planner
what it wrote, and test is touched once, by the description that was chosen.
"""

from collections.abc import Sequence

import numpy as np

from ...agent.description import Component
from ...tools.data.image_rows import ImageRows
from ...tools.predicates import parse
from ...tools.statistics.bootstrap import Interval, Resampler, correlations, interval
from .measured import Measured, Splits
from .ngram_baselines import bigram_table, token_table


def cross_fitted(components: Sequence[Component], split: Measured) -> np.ndarray:
    """What components predict at the places of a split, `[token]`; 0 without components.

    Those that a language model judges are known at a sample of places alone, and are left out.
    """
    from sklearn.linear_model import LinearRegression

    truth = split.flat
    out = np.zeros_like(truth)
    predicates = [parse(one.predictor) for one in components]
    held = [
        one.evaluate(split.windows)[split.counted]
        for one in predicates
        if not getattr(one, "sampled", False)
    ]
    if not held:
        return out
    parts = np.stack(held, 1).astype(np.float64)  # [token, component]
    _, number = np.unique(split.documents, return_inverse=True)
    half = number % 2 == 0
    for fit in (half, ~half):
        if fit.any() and not fit.all():
            model = LinearRegression(positive=True).fit(parts[fit], truth[fit])
            out[~fit] = model.predict(parts[~fit])
    return out


def agreement(prediction: np.ndarray, split: Measured) -> Interval:
    """Correlation of a prediction `[token]` with the unit, with an interval over documents."""
    return interval(correlations(Resampler(split.documents), prediction, split.flat))


def ahead(one: np.ndarray, other: np.ndarray, split: Measured) -> Interval:
    """By how much one prediction correlates better than another, in the same resamples."""
    resampler = Resampler(split.documents)
    mine, theirs = (correlations(resampler, each, split.flat) for each in (one, other))
    return interval(mine - theirs)


def best_table(splits: Splits) -> float:
    """Correlation on validation of the better of the token and the bigram table of explore."""
    if isinstance(splits.explore.windows, ImageRows):
        return 0.0
    again = splits._replace(test=splits.validation)
    tables = (token_table(again), bigram_table(again))
    return max(agreement(table, splits.validation).value for table in tables)
