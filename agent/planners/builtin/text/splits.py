"""The best next clause of a rule: one pass over its places for every axis at once.

For a variable with many values the set that explains most variance is a prefix of the values in
order of their means (Breiman et al. 1984, section 4.2.2). Means are drawn towards the region's by a
variance-components estimate of how far values truly differ, so that a value seen once counts for
little where places are noisy and for all where they are not.
"""

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from .context import Context
from .feature_table import FeatureTable
from .rules import Clause, Rule, clause_allowed, speaks_of_words

MOST_VALUES = 240
"""Words or tokens that one clause lists."""
_LEAST = 3.0  # weight of the fewest places a rule may stand on
_GROUPS = 3  # groups tried on each axis


Totals = tuple[float, float, float]


class Sample(NamedTuple):
    """What a search looks at; arrays are flat over the feature table."""

    features: FeatureTable
    target: np.ndarray
    """float64: what is to be explained, zero where `weight` is."""
    weight: np.ndarray
    """float64, zero on places left out."""

    @property
    def totals(self) -> Totals:
        """Weight, mean and sum of squares about the mean."""
        count = float(self.weight.sum())
        mean = float(self.weight @ self.target) / max(count, 1e-12)
        return count, mean, float(self.weight @ np.square(self.target - mean))

    def among(self, places: np.ndarray) -> "Sample":
        """The sample with weight at some places alone, bool, flat."""
        return self._replace(weight=np.where(places, self.weight, 0.0))


class Split(NamedTuple):
    """A clause with the share of all variance that the narrowed rule explains."""

    clause: Clause
    score: float


def score_of(sample: Sample, mask: np.ndarray) -> float:
    """Squared correlation between a rule and the target; 0 where the rule points down."""
    weight = sample.weight[mask]
    return float(score_of_sums(weight.sum(), weight @ sample.target[mask], sample.totals))


def score_of_sums(n: np.ndarray | float, s: np.ndarray | float, totals: Totals) -> np.ndarray:
    """The same for rules of weight `n` and sum of weighted targets `s`."""
    count, mean, squares = totals
    n = np.asarray(n, float)
    lift = np.asarray(s, float) - n * mean
    with np.errstate(divide="ignore", invalid="ignore"):
        results = np.square(lift) / (n * (1 - n / count)) / max(squares, 1e-30)
    return np.where((lift > 0) & (n >= _LEAST) & (n < count), results, 0.0)


def splits(
    sample: Sample, region: np.ndarray, axes: list[str], *, rule: Rule | None = None
) -> list[Split]:
    """Candidate clauses, best first.

    Args:
        sample: The data.
        region: bool, flat: where the rule so far holds.
        axes: The axes to try.
        rule: The rule so far; its clauses are not repeated.
    """
    totals = sample.totals
    at = np.flatnonzero(region & (sample.weight > 0))
    results: list[Split] = []
    if len(at) == 0:
        return results
    weight, target = sample.weight[at], sample.target[at]
    mine = weight * target
    root = rule is None or not rule.clauses
    context: Context | None = None
    for axis in axes:
        if axis == "flag":
            results += _flags(sample, at, weight, mine, totals)
        elif axis == "position":
            results += _spans(sample, at, weight, mine, totals)
        elif axis in sample.features.context:
            context = context or Context(sample, at)
            results += _context(context, axis, totals)
        else:
            results += _values(sample, at, axis, totals, root=root)
    used = set(rule.clauses) if rule else set()
    results = [split for split in results if split.clause not in used and split.score > 0]
    results = [split for split in results if clause_allowed(sample.features, split.clause)]
    return sorted(results, key=lambda split: -split.score)


def relearned(sample: Sample, rule: Rule, *, least: int = 4) -> Rule:
    """The rule with its sets of at least so many values learnt again from a sample.

    Shorter sets are statements of their own, which a half may confirm but not choose.
    """
    features = sample.features
    out, region = Rule(), features.counted
    for clause in rule.clauses:
        known = clause.axis in features.axes or clause.axis in features.context
        if known and len(clause.values) >= least and not clause.unseen and not clause.started:
            for split in splits(sample, region, [clause.axis], rule=out):
                new = split.clause
                if new.values and not new.groups and new.negated == clause.negated:
                    clause = replace(clause, values=new.values)
                    break
        out = out.and_(clause)
        region = region & clause.mask(features)
    return out


def _values(
    sample: Sample, at: np.ndarray, axis: str, totals: Totals, *, root: bool
) -> list[Split]:
    """The best set of values of one axis, and its best groups."""
    features, found = sample.features, means_by_value(sample, at, axis)
    if found is None:
        return []
    present, n, s, means = found
    order = present[np.argsort(-means, kind="stable")]
    count = n[order].cumsum()
    sums = (n[present] * means)[np.argsort(-means, kind="stable")].cumsum()
    scores = score_of_sums(count, sums, totals)
    best = int(scores.argmax())
    chosen, others = order[: best + 1], order[best + 1 :]
    lift = n * np.square(np.where(n > 0, s / np.maximum(n, 1e-9), 0.0) - totals[1])
    chosen = _weightiest(chosen, lift)
    results = []
    if len(others):
        if not root and (2 * len(others) <= best + 1 or count[best] > 0.7 * count[-1]):
            clause = Clause(axis, frozenset(_weightiest(others, lift).tolist()), negated=True)
        else:
            clause = Clause(axis, frozenset(chosen.tolist()))
        results.append(Split(clause, float(scores[best])))
    if speaks_of_words(axis):
        for negated in (False, True) if not root else (False,):
            gn, gs = features.members @ n, features.members @ s
            if negated:
                gn, gs = count[-1] - gn, s.sum() - gs
            by_group = score_of_sums(gn, gs, totals)
            for group in np.argsort(-by_group, kind="stable")[:_GROUPS].tolist():
                clause = Clause(axis, groups=frozenset((group,)), negated=negated)
                results.append(Split(clause, float(by_group[group])))
    return results


def _weightiest(values: np.ndarray, lift: np.ndarray) -> np.ndarray:
    """The values of a set that matter, where there are too many to list."""
    if len(values) <= MOST_VALUES:
        return values
    return values[np.argsort(-lift[values], kind="stable")[:MOST_VALUES]]


class Means(NamedTuple):
    """What stands on an axis at some places, and how active the unit is there."""

    value: np.ndarray
    """`[present]`: the values that occur."""
    n: np.ndarray
    """`[value]`: weight of its places, of all values of the axis."""
    s: np.ndarray
    """`[value]`: weighted sum of the target."""
    mean: np.ndarray
    """`[present]`: drawn towards the common mean."""


def means_by_value(sample: Sample, at: np.ndarray, axis: str) -> Means | None:
    """The means at flat places `at`; None where fewer than two values occur."""
    keys = sample.features.axes[axis][at]
    at, keys = at[keys >= 0], keys[keys >= 0]
    weight, target = sample.weight[at], sample.target[at]
    size = sample.features.size(axis)
    n, s = np.bincount(keys, weight, size), np.bincount(keys, weight * target, size)
    present = np.flatnonzero(n > 0)
    if len(present) < 2:
        return None
    squares = float(weight @ np.square(target))
    return Means(present, n, s, shrunk(n[present], s[present], squares))


def shrunk(n: np.ndarray, s: np.ndarray, squares: float) -> np.ndarray:
    """Means by value, drawn towards the common mean by the estimated variance components.

    Args:
        n: Weight of each value, positive.
        s: Weighted sum of the target for each value.
        squares: Weighted sum of squared targets over all places.
    """
    total, kinds = float(n.sum()), len(n)
    mean = float(s.sum()) / total
    between = float((np.square(s) / n).sum())
    within = max(squares - between, 0.0) / max(total - kinds, 1.0)
    spread = between - total * mean**2 - (kinds - 1) * within
    tau = spread / max(total - float(np.square(n).sum()) / total, 1e-9)
    k = 1e4 if tau <= 0 else min(max(within / tau, 0.05), 1e4)
    return (s + k * mean) / (n + k)


def _flags(
    sample: Sample, at: np.ndarray, weight: np.ndarray, mine: np.ndarray, totals: Totals
) -> list[Split]:
    held = sample.features.held[:, at]  # [flag, place]
    n, s = held @ weight, held @ mine
    results = []
    for negated in (False, True):
        count = weight.sum() - n if negated else n
        sums = mine.sum() - s if negated else s
        for flag, score in enumerate(score_of_sums(count, sums, totals)):
            clause = Clause("flag", frozenset((flag,)), negated=negated)
            results.append(Split(clause, float(score)))
    return results


def _spans(
    sample: Sample, at: np.ndarray, weight: np.ndarray, mine: np.ndarray, totals: Totals
) -> list[Split]:
    """The best stretch of positions, counted from the start and from the end."""
    results = []
    for from_end in (False,) if sample.features.causal else (False, True):
        rank = (sample.features.from_end if from_end else sample.features.rank)[at]
        text = rank >= 0  # special tokens that count stand before the start, and have no number
        if not text.any():
            continue
        n = np.concatenate(([0.0], np.bincount(rank[text], weight[text]).cumsum()))
        s = np.concatenate(([0.0], np.bincount(rank[text], mine[text]).cumsum()))
        start, stop = np.triu_indices(len(n), 1)
        whole = (start == 0) & (stop == len(n) - 1)
        scores = np.where(whole, 0, score_of_sums(n[stop] - n[start], s[stop] - s[start], totals))
        best = int(scores.argmax())
        stop_at = None if stop[best] == len(n) - 1 else int(stop[best])
        clause = Clause("position", span=(int(start[best]), stop_at, from_end))
        results.append(Split(clause, float(scores[best])))
    return results


def _context(context: Context, axis: str, totals: Totals) -> list[Split]:
    """The best word sets and concepts that occur somewhere in the context, or do not."""
    score = partial(score_of_sums, totals=totals)
    results: list[Split] = []
    for negated in (False, True):
        words, best = context.grown(axis, score, negated=negated)
        if words:
            results.append(Split(Clause(axis, frozenset(words), negated=negated), best))
        scores = context.scores("groups", axis, score, negated=negated)
        for group in np.argsort(-scores, kind="stable")[:_GROUPS].tolist():
            one = frozenset((group,))
            results.append(Split(Clause(axis, groups=one, negated=negated), float(scores[group])))
    return results
