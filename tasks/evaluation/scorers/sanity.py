"""Sanity tests of metrics and scorers (Neuron_Eval, Oikarinen et al., ICML 2025).

Missing labels: the description leaves out half of the places where the unit is active. Extra
labels: it claims as many places again where the unit is not. A number that does not fall then
cannot tell a right description from one that is too narrow, or too broad.

1. A metric is tested on units that are active on a concept, at several base rates: half of its
   labels are dropped at random, or as many are added at random.
2. A test is passed where the number falls by `LEAST` of its value or more, at *every* base rate:
   many fall by half of the base rate, which is nothing for a rare unit.
3. A scorer is tested on planted units (`sanity_units.py`) with an oracle for a judge, and must pass
   in every group of them.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from .metrics import METRICS, Data

LEAST = 0.05
"""Of its value with the true description, that a number must lose."""
RATES = (0.1, 0.03, 0.01, 0.003)
INPUTS = 40_000
TRIALS = 8
Change = Literal["missing", "extra"]
CHANGES: tuple[Change, ...] = ("missing", "extra")


class Fall(NamedTuple):
    """How much a number falls when the description is made worse, as a share of its value.

    That of the group of trials in which it falls least: where it fails, if it does.
    """

    fall: float
    low: float
    high: float
    """95% of the mean, over trials."""
    by: dict[str, float]
    """Mean fall by base rate, or by group of units."""

    @property
    def passes(self) -> bool:
        """Whether the number notices."""
        return self.fall >= LEAST and self.low > 0

    def as_dict(self) -> dict[str, Any]:
        """For records."""
        return {**self._asdict(), "passes": self.passes}


class Sanity(NamedTuple):
    """What a metric or scorer does under both changes."""

    true: float
    """Mean value with the true description."""
    missing: Fall
    extra: Fall

    @property
    def passes(self) -> bool:
        """Whether it notices both changes."""
        return self.missing.passes and self.extra.passes

    @property
    def failing(self) -> tuple[Change, ...]:
        """The tests that it fails."""
        return tuple(name for name in CHANGES if not getattr(self, name).passes)

    def as_dict(self) -> dict[str, Any]:
        """For records."""
        return {
            "true": self.true,
            "missing": self.missing.as_dict(),
            "extra": self.extra.as_dict(),
            "passes": self.passes,
        }


def falls(true: Sequence[float], changed: Sequence[float]) -> np.ndarray:
    """`[trial]`: 1 - changed / true."""
    return 1 - np.asarray(changed, float) / np.maximum(np.asarray(true, float), 1e-9)


def least_fall(by: dict[str, np.ndarray]) -> Fall:
    """The mean fall of the group that falls least, with its interval.

    Args:
        by: Falls of the trials of each group, `[trial]`.
    """
    means = {name: float(values.mean()) for name, values in by.items()}
    chosen = by[min(means, key=lambda name: means[name])]
    error = chosen.std(ddof=1) / np.sqrt(len(chosen)) if len(chosen) > 1 else 0.0
    middle = float(chosen.mean())
    return Fall(middle, float(middle - 1.96 * error), float(middle + 1.96 * error), means)


def metric_sanity(*, seed: int = 0) -> dict[str, Sanity]:
    """Every metric under both tests."""
    values: dict[str, dict[str, dict[str, list[float]]]] = {}
    for rate in RATES:
        for trial in range(TRIALS):
            rng = np.random.default_rng([seed, round(1e6 * rate), trial])
            for change, data in _trial(rate, rng).items():
                for name, metric in METRICS.items():
                    kept = values.setdefault(name, {}).setdefault(change, {})
                    kept.setdefault(f"{rate:g}", []).append(metric(data))
    return {name: sanity_of(found) for name, found in values.items()}


def sanity_of(found: dict[str, dict[str, list[float]]]) -> Sanity:
    """From values by change (`true`, `missing`, `extra`) and group of trials."""
    true = found["true"]
    by = {
        change: {group: falls(true[group], found[change][group]) for group in true}
        for change in CHANGES
    }
    mean = float(np.mean([value for values in true.values() for value in values]))
    missing, extra = (least_fall(by[change]) for change in CHANGES)
    return Sanity(mean, missing, extra)


def _trial(rate: float, rng: np.random.Generator) -> dict[str, Data]:
    """One unit that is active on a concept, with the concept's labels true and changed."""
    concept = np.zeros(INPUTS, bool)
    concept[rng.choice(INPUTS, round(rate * INPUTS), replace=False)] = True
    noise = np.maximum(rng.normal(0, 0.06, INPUTS), -0.17)
    activation = np.where(concept, rng.uniform(0.5, 2.5, INPUTS), noise)
    active = activation > 0.4
    there, absent = np.flatnonzero(concept), np.flatnonzero(~concept)
    missing, extra = concept.copy(), concept.copy()
    missing[rng.choice(there, len(there) // 2, replace=False)] = False
    extra[rng.choice(absent, len(there), replace=False)] = True
    labels = {"true": concept, "missing": missing, "extra": extra}
    return {name: Data(activation, active, label, rng) for name, label in labels.items()}
