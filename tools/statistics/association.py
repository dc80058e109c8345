"""How far two columns go together: correlation, AUROC, and the scores of yes-or-no claims."""

import numpy as np


def pearson(x: np.ndarray, y: np.ndarray) -> float | None:
    """Pearson correlation; None where one of the two has no variance."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if x.size < 2 or x.std() < 1e-12 or y.std() < 1e-12:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def correlation(x: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Pearson correlation, with weights of the items; 0 where one of the two has no variance."""
    if weight is None:
        return pearson(x, y) or 0.0
    total = weight.sum()
    x, y = x - (weight * x).sum() / total, y - (weight * y).sum() / total
    spread = np.sqrt((weight * x * x).sum() * (weight * y * y).sum())
    return float((weight * x * y).sum() / spread) if spread > 1e-12 * total else 0.0


def auroc(truth: np.ndarray, score: np.ndarray, *, undefined: float = float("nan")) -> float:
    """Chance that a true item scores above another, ties half; `undefined` without both kinds.

    From the rank sum (Mann and Whitney 1947): bootstraps ask for it thousands of times.
    """
    from scipy.stats import rankdata

    truth = np.asarray(truth, bool)
    n, others = int(truth.sum()), int((~truth).sum())
    if not n or not others:
        return undefined
    return float((rankdata(score)[truth].sum() - n * (n + 1) / 2) / (n * others))


def balanced_accuracy(truth: np.ndarray, claim: np.ndarray) -> float:
    """Mean of the shares of true and of other items that are right; NaN if one kind is missing."""
    truth, claim = truth.astype(bool), claim.astype(bool)
    if truth.all() or not truth.any():
        return float("nan")
    return float((claim[truth].mean() + (~claim[~truth]).mean()) / 2)


def f1(truth: np.ndarray, claim: np.ndarray, weight: np.ndarray | None = None) -> float:
    """F1, with weights of the items; 0 where nothing is true or claimed."""
    weight = np.ones(len(truth)) if weight is None else weight
    truth, claim = truth.astype(bool), claim.astype(bool)
    total = weight[truth].sum() + weight[claim].sum()
    return float(2 * weight[truth & claim].sum() / total) if total > 0 else 0.0
