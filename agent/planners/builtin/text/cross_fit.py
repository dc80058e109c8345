"""What terms explain of documents that their weights were not learnt from."""

from collections.abc import Sequence

import numpy as np

from ..weights import Additive, fit_additive
from .search import halves
from .splits import Sample


class CrossFit:
    """Explained variance on one half with weights from the other."""

    def __init__(self, sample: Sample, fit: np.ndarray, check: np.ndarray) -> None:
        self.features = sample.features
        on_fit = np.flatnonzero(fit & (sample.weight > 0))
        on_check = np.flatnonzero(check & (sample.weight > 0))
        self.fit, self.check = on_fit, on_check
        self.y_fit, self.y_check = sample.target[on_fit], sample.target[on_check]
        self.w_fit, self.w_check = sample.weight[on_fit], sample.weight[on_check]
        mean = np.average(self.y_check, weights=self.w_check)
        self.total = float(self.w_check @ np.square(self.y_check - mean))

    @classmethod
    def both_ways(cls, sample: Sample) -> "tuple[CrossFit, CrossFit]":
        """From either half of the documents to the other."""
        one, other = halves(sample.features)
        return cls(sample, one, other), cls(sample, other, one)

    def explained(self, columns: Sequence[np.ndarray]) -> float:
        """Share of the check half's variance; negative when worse than its mean."""
        predicted = self.model(columns).predict(np.column_stack([c[self.check] for c in columns]))
        error = float(self.w_check @ np.square(self.y_check - predicted))
        return 1 - error / max(self.total, 1e-30)

    def rest(self, sample: Sample, columns: Sequence[np.ndarray]) -> Sample:
        """The sample with what the columns do not explain as its target."""
        rest = sample.target - self.model(columns).predict(np.column_stack(columns))
        return sample._replace(target=np.where(sample.weight > 0, rest, 0.0))

    def model(self, columns: Sequence[np.ndarray]) -> Additive:
        """Non-negative weights and the base, learnt on the fit half."""
        x = np.column_stack([column[self.fit] for column in columns])
        return fit_additive(x, self.y_fit, self.w_fit)


def activity(cross: CrossFit, columns: Sequence[np.ndarray]) -> tuple[float, float]:
    """How much of a unit's activity rules account for, on the check half.

    A place is active from 0.35 of the way from the mean outside the rules to the mean inside.

    Returns:
        The share of active places where a rule holds, and of such places that are active.
    """
    held = np.max(columns, axis=0)[cross.check] > 0
    y, weight = cross.y_check, cross.w_check
    if not held.any() or held.all():
        return 0.0, 0.0
    inside = float(np.average(y[held], weights=weight[held]))
    outside = float(np.average(y[~held], weights=weight[~held]))
    active = y > outside + 0.35 * (inside - outside)
    both = float(weight[active & held].sum())
    return both / max(float(weight[active].sum()), 1e-9), both / float(weight[held].sum())
