"""What a description is made of here: rules, rules with levels, and tables of means.

A **graded** part says how strongly a rule's places fire by their value on one axis. A **table** is
a per-value mean on one axis, drawn towards the overall mean, cut to a few levels and to the values
that matter: what is left to say of units that no short rule fits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .factors import Factor
from .feature_table import FeatureTable
from .rules import Clause, Rule, allowed
from .splits import Sample, means_by_value, relearned

MOST_VALUES = 400
"""Values that a table keeps."""
_FAINT = 0.12  # of the strongest level, under which a level is background
_MASS = 0.99  # share of a table's explained variance that it keeps


class Level(NamedTuple):
    """A set of places and how strongly they fire, in 0..1."""

    rule: Rule
    value: float


@dataclass(frozen=True)
class Term:
    """One component: the largest value of the levels that hold; a plain rule has one level."""

    levels: tuple[Level, ...]
    table: bool = False
    axis: str | None = None
    """The axis that levels or a table go by."""
    stated: Rule | None = None
    """The rule that the words state, where the levels list more than words should."""
    factors: tuple[Factor, ...] = ()
    """What makes it stronger or weaker."""

    @property
    def rule(self) -> Rule:
        """The widest level's rule for a rule with levels; the strongest level's for a table."""
        return max(self.levels, key=lambda level: level.value if self.table else -level.value).rule

    @property
    def stated_rule(self) -> Rule:
        """The rule that the words state."""
        return self.stated or self.rule

    @property
    def n_listed(self) -> int:
        """Values listed, over all levels."""
        return sum(len(c.values) for level in self.levels for c in level.rule.clauses)

    def values(self, features: FeatureTable) -> np.ndarray:
        """float64, flat: degrees over the table of features."""
        out = np.zeros(len(features.counted))
        for rule, value in self.levels:
            np.maximum(out, value, out=out, where=rule.mask(features))
        for condition, by, negated in self.factors:
            out[features.conditions.mask(condition) != negated] *= by
        return out

    def predicate(self, features: FeatureTable) -> dict[str, Any]:
        """The term as predicate JSON."""
        out = self._plain_predicate(features)
        for condition, by, negated in self.factors:
            where = condition.predicate
            where = {"kind": "not", "of": where} if negated else where
            out = {"kind": "scaled", "of": out, "by": round(by, 2), "where": where}
        return out

    def _plain_predicate(self, features: FeatureTable) -> dict[str, Any]:
        if len(self.levels) == 1 and self.levels[0].value == 1:
            return self.levels[0].rule.predicate(features)
        return {
            "kind": "graded",
            "levels": [
                {"of": rule.predicate(features), "value": round(value, 3)}
                for rule, value in sorted(self.levels, key=lambda level: -level.value)
            ],
        }

    def refit(self, sample: Sample) -> "Term":
        """The term with its levels or its table learnt from a sample."""
        new = None
        if self.table and self.axis is not None:
            new = table(sample, self.axis)
        elif self.stated is not None and self.axis is not None:
            new = graded(sample, self.stated, self.axis)
        elif self.stated is None and len(self.levels) == 1:
            new = plain_term(relearned(sample, self.rule))
        return self if new is None else replace(new, factors=self.factors)


def plain_term(rule: Rule) -> Term:
    """A rule that fires fully wherever it holds."""
    return Term((Level(rule, 1.0),))


def graded(sample: Sample, rule: Rule, axis: str, *, most: int = 3) -> Term | None:
    """The rule with at most so many levels by value of an axis; None where its places are equal."""
    region = rule.mask(sample.features)
    means = means_by_value(sample, np.flatnonzero(region & (sample.weight > 0)), axis)
    if means is None:
        return None
    count = means.n[means.value]
    cuts = levels_of(means.mean, count, most)
    if len(cuts) < 2:
        return None
    weight = sample.weight[~region]
    floor = float(weight @ sample.target[~region] / max(weight.sum(), 1e-9))
    heights = np.array([np.average(means.mean[c], weights=count[c]) for c in cuts]) - floor
    if heights.max() <= 0:
        return None
    heights = heights / heights.max()
    kept = [(cut, height) for cut, height in zip(cuts, heights, strict=True) if height > _FAINT]
    if len(kept) < 2:
        return None
    levels = [Level(rule, float(kept[0][1]))]
    for cut, height in kept[1:]:
        levels.append(Level(_narrowed(rule, axis, frozenset(means.value[cut])), float(height)))
    return Term(tuple(levels), axis=axis, stated=rule)


def _narrowed(rule: Rule, axis: str, values: frozenset[int]) -> Rule:
    """The rule for some values of an axis only."""
    values = frozenset(int(value) for value in values)
    for i, clause in enumerate(rule.clauses):
        if clause.axis == axis and not clause.negated:
            none: frozenset = frozenset()
            return rule.with_clause(i, values=values, groups=none, unseen=none)
    return rule.and_(Clause(axis, values))


def table(sample: Sample, axis: str, *, most: int = 10) -> Term | None:
    """Means by value of an axis, as levels."""
    counted = sample.features.counted
    means = means_by_value(sample, np.flatnonzero(counted & (sample.weight > 0)), axis)
    if means is None:
        return None
    count, lift = means.n[means.value], means.mean - sample.totals[1]
    gain = count * np.square(lift)
    if gain.sum() <= 0:
        return None
    if gain[lift < 0].sum() < 0.04 * gain.sum():
        gain = np.where(lift > 0, gain, 0)
    order = np.argsort(-gain, kind="stable")
    upto = int(np.searchsorted(gain[order].cumsum(), _MASS * gain.sum())) + 1
    kept = order[: min(upto, MOST_VALUES)]
    cuts = levels_of(lift[kept], count[kept], most, least=0.004)
    heights = [float(np.average(lift[kept][c], weights=count[kept][c])) for c in cuts]
    low, high = min(0.0, *heights), max(heights)
    if high - low <= 0:
        return None
    base = -low / (high - low)  # what values that are not listed get
    levels = []
    below: list[int] = []
    for cut, height in zip(cuts, heights, strict=True):
        values = means.value[kept[cut]].tolist()
        scaled = (height - low) / (high - low)
        if height <= 0:
            below += values
            if scaled > 0.02:
                levels.append(Level(_among(axis, values), scaled))
        else:
            levels.append(Level(_among(axis, values), scaled))
    if base > 0.02:
        levels.append(Level(_among(axis, below, negated=True), base))
    return Term(tuple(levels), table=True, axis=axis) if levels else None


def _among(axis: str, values: list[int], *, negated: bool = False) -> Rule:
    return Rule((Clause(axis, frozenset(values), negated=negated),))


def levels_of(
    values: np.ndarray, weight: np.ndarray, most: int, *, least: float = 0.08
) -> list[np.ndarray]:
    """Groups of alike values (indices), lowest first, by one-dimensional k-means.

    A further group is made while it takes a good part of the whole spread.
    """
    order = np.argsort(values, kind="stable")
    x, w = values[order], weight[order]
    best = _parted(x, w, 1)
    whole = best[0]
    for count in range(2, min(most, len(x)) + 1):
        more = _parted(x, w, count)
        if best[0] - more[0] < least * whole:
            break
        best = more
    return [order[start:stop] for start, stop in best[1] if stop > start]


def _parted(x: np.ndarray, w: np.ndarray, count: int) -> tuple[float, Sequence[tuple[int, int]]]:
    """Spread within groups, and the groups' bounds; Lloyd from centres even over the range."""
    centres = x[0] + (x[-1] - x[0]) * (np.arange(count) + 0.5) / count
    sums = np.pad(np.cumsum([w, w * x], axis=1), ((0, 0), (1, 0)))  # [2, value + 1]
    bounds = np.array([0, len(x)])
    for _ in range(12):
        edges = np.searchsorted(x, (centres[1:] + centres[:-1]) / 2)
        bounds = np.array([0, *edges, len(x)])
        inside, total = np.diff(sums[:, bounds])
        last, centres = centres, np.where(inside > 0, total / np.maximum(inside, 1e-300), centres)
        if (abs(centres - last) <= 1e-8 + 1e-5 * abs(last)).all():
            break
    spread = float(w @ np.square(x - np.repeat(centres, np.diff(bounds))))
    return spread, list(pairwise(bounds.tolist()))


def terms_allowed(features: FeatureTable, parts: Sequence[Term]) -> bool:
    """Whether parts do, with all their levels."""
    return all(allowed(features, level.rule) for part in parts for level in part.levels)
