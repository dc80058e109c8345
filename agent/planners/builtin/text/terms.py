"""What a description is made of here: rules, rules with levels, and tables of means.

A **graded** part says how strongly a rule's places fire by their value on one axis. A **table** is
a per-value mean on one axis, drawn towards the overall mean, cut to a few levels and to the values
that matter: what is left to say of units that no short rule fits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .cover import named
from .feature_table import FeatureTable
from .rules import Clause, Rule, allowed, speaks_of_words
from .splits import Sample, shrunk

MOST_VALUES = 400
"""Values that a table keeps."""
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
    source: Rule | None = None
    """The rule as the search found it, before its sets were named by concepts."""
    wide: bool = False
    """Whether its sets were named by concepts."""
    said: Rule | None = None
    """The rule that its words speak of, where its levels say more than words should."""

    @property
    def rule(self) -> Rule:
        """The widest level's rule for a rule with levels; the strongest level's for a table."""
        return max(self.levels, key=lambda level: level.value if self.table else -level.value).rule

    @property
    def size(self) -> int:
        """Clauses, over all levels."""
        return sum(len(level.rule.clauses) for level in self.levels)

    def values(self, board: FeatureTable) -> np.ndarray:
        """float64, flat: degrees over the board."""
        out = np.zeros(len(board.counted))
        for rule, value in self.levels:
            np.maximum(out, value, out=out, where=rule.mask(board))
        return out

    def predicate(self, board: FeatureTable) -> dict[str, Any]:
        """The part as predicate JSON."""
        if len(self.levels) == 1 and self.levels[0].value == 1:
            return self.levels[0].rule.predicate(board)
        return {
            "kind": "graded",
            "levels": [
                {"of": rule.predicate(board), "value": round(value, 3)}
                for rule, value in sorted(self.levels, key=lambda level: -level.value)
            ],
        }


def plain_term(rule: Rule, *, source: Rule | None = None, wide: bool = False) -> Term:
    """A rule that fires fully wherever it holds."""
    return Term((Level(rule, 1.0),), source=source or rule, wide=wide)


def graded(
    sample: Sample, rule: Rule, axis: str, *, most: int = 3, exact: bool = False
) -> Term | None:
    """The rule with levels by value of an axis; None where its places are all alike.

    Args:
        sample: The data.
        rule: The rule.
        axis: Of the levels.
        most: Levels.
        exact: List the values of a level and name no concepts for them.
    """
    board = sample.board
    region = rule.mask(board)
    means = _means(
        sample,
        region,
        axis,
    )
    if means is None or len(means.value) < 2:
        return None
    cuts = levels_of(means.mean, means.n, most)
    if len(cuts) < 2:
        return None
    weight = sample.weight[~region]
    floor = float(weight @ sample.target[~region] / max(weight.sum(), 1e-9))
    heights = np.array([np.average(means.mean[c], weights=means.n[c]) for c in cuts]) - floor
    if heights.max() <= 0:
        return None
    heights = heights / heights.max()
    kept = [(cut, height) for cut, height in zip(cuts, heights, strict=True) if height > 0.12]
    if len(kept) < 2:
        return None
    levels = [Level(rule, float(kept[0][1]))]
    own = [
        at for at, clause in enumerate(rule.clauses) if clause.axis == axis and not clause.negated
    ]
    for cut, height in kept[1:]:
        values = frozenset(means.value[cut].tolist())
        levels.append(Level(_narrowed(sample, rule, own, axis, values, exact), float(height)))
    if len(kept) < len(cuts) and not exact:  # the weakest values are no part of the rule
        values = frozenset(np.concatenate([means.value[c] for c in cuts[-len(kept) :]]).tolist())
        levels[0] = Level(_narrowed(sample, rule, own, axis, values, exact), levels[0].value)
    return Term(tuple(levels), axis=axis, source=rule)


def _narrowed(
    sample: Sample, rule: Rule, own: list[int], axis: str, values: frozenset[int], exact: bool
) -> Rule:
    """The rule for some values of an axis only, named by concepts where they fit."""
    if own:
        none: frozenset = frozenset()
        narrow = rule.with_clause(own[0], values=values, groups=none, unseen=none)
        at = own[0]
    else:
        narrow, at = rule.and_(Clause(axis, values)), len(rule.clauses)
    return named(sample, narrow, at) if speaks_of_words(axis) and not exact else narrow


def table(sample: Sample, axis: str, *, most: int = 10) -> Term | None:
    """Means by value of an axis, as levels."""
    board = sample.board
    means = _means(sample, board.counted, axis)
    if means is None:
        return None
    mean = sample.totals[1]
    lift = means.mean - mean
    gain = means.n * np.square(lift)
    if gain.sum() <= 0:
        return None
    if gain[lift < 0].sum() < 0.04 * gain.sum():
        gain = np.where(lift > 0, gain, 0)
    order = np.argsort(-gain, kind="stable")
    upto = int(np.searchsorted(gain[order].cumsum(), _MASS * gain.sum())) + 1
    kept = order[: min(upto, MOST_VALUES)]
    cuts = levels_of(lift[kept], means.n[kept], most, least=0.004)
    heights = [float(np.average(lift[kept][c], weights=means.n[kept][c])) for c in cuts]
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


class _Means(NamedTuple):
    """Values of an axis in a region: arrays are `[value]`."""

    value: np.ndarray
    n: np.ndarray
    mean: np.ndarray
    """Drawn towards the region's mean."""


def _means(sample: Sample, region: np.ndarray, axis: str) -> _Means | None:
    at = np.flatnonzero(region & (sample.weight > 0))
    keys = sample.board.axes[axis][at]
    at, keys = at[keys >= 0], keys[keys >= 0]
    weight, target = sample.weight[at], sample.target[at]
    size = sample.board.size(axis)
    n = np.bincount(keys, weight, size)
    s = np.bincount(keys, weight * target, size)
    present = np.flatnonzero(n > 0)
    if len(present) < 2:
        return None
    n, s = n[present], s[present]
    return _Means(present, n, shrunk(n, s, float(weight @ np.square(target))))


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
    for many in range(2, min(most, len(x)) + 1):
        more = _parted(x, w, many)
        if best[0] - more[0] < least * whole:
            break
        best = more
    return [order[start:stop] for start, stop in best[1] if stop > start]


def _parted(x: np.ndarray, w: np.ndarray, many: int) -> tuple[float, Sequence[tuple[int, int]]]:
    """Spread within groups, and the groups' bounds; Lloyd from quantiles of the range."""
    centres = np.quantile(x, (np.arange(many) + 0.5) / many) if many > 1 else np.array([0.0])
    if many > 1:
        centres = x[0] + (x[-1] - x[0]) * (np.arange(many) + 0.5) / many
    bounds = [0, len(x)]
    for _ in range(12):
        edges = np.searchsorted(x, (centres[1:] + centres[:-1]) / 2)
        bounds = [0, *edges.tolist(), len(x)]
        new = np.array(
            [
                np.average(x[a:b], weights=w[a:b]) if b > a else c
                for (a, b), c in zip(pairwise(bounds), centres, strict=True)
            ]
        )
        if np.allclose(new, centres):
            break
        centres = new
    spans = list(pairwise(bounds))
    spread = sum(
        float(w[a:b] @ np.square(x[a:b] - np.average(x[a:b], weights=w[a:b])))
        for a, b in spans
        if b > a
    )
    return spread, spans


def terms_allowed(board: FeatureTable, parts: Sequence[Term]) -> bool:
    """Whether parts do, with all their levels."""
    return all(allowed(board, level.rule) for part in parts for level in part.levels)
