"""Statistics with 95% intervals by bootstrap over documents."""

from collections.abc import Callable

import numpy as np

from ...scoring.bootstrap import Interval, interval

DRAWS = 400


def clustered(
    statistic: Callable[..., float],
    documents: np.ndarray,
    *columns: np.ndarray,
    rng: np.random.Generator,
) -> Interval:
    """A statistic of columns `[item]`; whole documents are drawn with replacement.

    Args:
        statistic: Takes the columns; NaN for a draw on which it is not defined.
        documents: `[item]`.
        columns: Each `[item]`.
        rng: Of the draws.
    """
    order = np.argsort(documents, kind="stable")
    _, starts = np.unique(documents[order], return_index=True)
    groups = np.split(order, starts[1:])  # items by document
    values = [statistic(*columns)]
    for _ in range(DRAWS):
        chosen = rng.integers(len(groups), size=len(groups))
        items = np.concatenate([groups[number] for number in chosen])
        values.append(statistic(*(column[items] for column in columns)))
    return interval(np.array(values, np.float64))


def share(right: np.ndarray) -> float:
    """Share of items that are right."""
    return float(np.mean(right))


def auc(truth: np.ndarray, score: np.ndarray) -> float:
    """Chance that a true item scores above another, ties half; NaN where one kind is missing."""
    from scipy.stats import rankdata

    many = int(truth.sum())
    rest = len(truth) - many
    if not many or not rest:
        return float("nan")
    rank = rankdata(score)
    return float((rank[truth.astype(bool)].sum() - many * (many + 1) / 2) / (many * rest))


def balanced_accuracy(truth: np.ndarray, said: np.ndarray) -> float:
    """Mean of the shares of true and of other items that are right."""
    truth, said = truth.astype(bool), said.astype(bool)
    if truth.all() or not truth.any():
        return float("nan")
    return float((said[truth].mean() + (~said[~truth]).mean()) / 2)


def f1(truth: np.ndarray, said: np.ndarray, weight: np.ndarray | None = None) -> float:
    """F1, with weights of the items."""
    weight = np.ones(len(truth)) if weight is None else weight
    truth, said = truth.astype(bool), said.astype(bool)
    claims = weight[truth].sum() + weight[said].sum()
    return float(2 * weight[truth & said].sum() / claims) if claims > 0 else 0.0


def correlation(x: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Pearson correlation with weights; 0 for a constant."""
    weight = np.ones(len(x)) if weight is None else weight
    total = weight.sum()
    x, y = x - (weight * x).sum() / total, y - (weight * y).sum() / total
    spread = np.sqrt((weight * x * x).sum() * (weight * y * y).sum())
    return float((weight * x * y).sum() / spread) if spread > 1e-12 * total else 0.0
