"""Metrics between what a description predicts and what a unit does, input by input.

The unified form of Neuron_Eval (Oikarinen et al., ICML 2025): a unit's activation on every input
and a concept label on every input, compared by one number. The concept is the prediction, activity
the truth; "inverse" exchanges them.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from neuroscribe.tools.statistics.association import correlation
from sklearn import metrics as sk

TOP = 50
"""Inputs with the largest activation, and as many at random, of a top-and-random metric."""


class Data(NamedTuple):
    """One unit and one concept; every array is `[input]`."""

    activation: np.ndarray
    active: np.ndarray
    """bool: the activation is above the unit's threshold."""
    concept: np.ndarray
    """bool: the description says that the unit is active."""
    rng: np.random.Generator


Metric = Callable[[Data], float]


def _cosine(data: Data) -> float:
    x, y = data.activation, data.concept.astype(float)
    return float(x @ y / max(np.linalg.norm(x) * np.linalg.norm(y), 1e-12))


def _mean_difference(data: Data) -> float:
    """MAD: mean activation with the concept less that without, in standard deviations."""
    inside, outside = data.activation[data.concept], data.activation[~data.concept]
    return float((inside.mean() - outside.mean()) / data.activation.std())


def _top_and_random(data: Data) -> float:
    top = np.argsort(-data.activation, kind="stable")[:TOP]
    chosen = np.concatenate([top, data.rng.choice(len(data.activation), TOP, replace=False)])
    return correlation(data.activation[chosen], data.concept[chosen].astype(float))


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "correlation": lambda d: correlation(d.activation, d.concept.astype(float)),
        "cosine": _cosine,
        "AUPRC": lambda d: float(sk.average_precision_score(d.active, d.concept)),
        "F1": lambda d: float(sk.f1_score(d.active, d.concept)),
        "IoU": lambda d: float(sk.jaccard_score(d.active, d.concept)),
        "accuracy": lambda d: float(sk.accuracy_score(d.active, d.concept)),
        "balanced accuracy": lambda d: float(sk.balanced_accuracy_score(d.active, d.concept)),
        "inverse balanced accuracy": lambda d: float(
            sk.balanced_accuracy_score(d.concept, d.active)
        ),
        "AUC": lambda d: float(sk.roc_auc_score(d.active, d.concept)),
        "MAD": _mean_difference,
        "precision": lambda d: float(sk.precision_score(d.active, d.concept)),
        "recall": lambda d: float(sk.recall_score(d.active, d.concept)),
        "top-and-random correlation": _top_and_random,
    }
)
"""Every metric by name; higher is better in all."""
