"""Searches rules that explain a unit's activations.

1. Beam search over conjunctions: each step asks `split` for the clauses that raise the share of
   explained variance most, over every axis. Sets of words are learnt on one half of the documents.
2. The other half judges: a rule's score is its squared correlation there.
3. The winners keep their structure and learn their sets again from all documents.

Rules that explain the same places equally well stay rivals: only experiments part them.
"""

from dataclasses import dataclass

import numpy as np

from .axes import TOKEN_AXES, WORD_AXES
from .feature_table import FeatureTable
from .rules import Rule
from .splits import Sample, score_of, splits

_BEAM = 6
_DEPTH = 4
_PER_RULE = 5  # narrowings kept of one rule
_HOPELESS = 0.01  # a checked score that no third clause is tried on
_PRICE = 0.015  # share of its score that each further clause must earn


@dataclass(frozen=True, eq=False)
class ScoredRule:
    """A rule with its scores."""

    rule: Rule
    fitted: float
    """Squared correlation where its sets were learnt."""
    checked: float
    """Squared correlation on the other half."""

    @property
    def worth(self) -> float:
        """The score that ranks rivals: what was checked, less a price for every clause."""
        return self.checked * (1 - _PRICE) ** (len(self.rule.clauses) - 1)


def axes_of(features: FeatureTable) -> list[str]:
    """The axes that a feature table offers."""
    named = [axis for axis in (*WORD_AXES, *TOKEN_AXES) if axis in features.axes]
    return [*named, *features.context, "flag", "position"]


def halves(features: FeatureTable, both: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Two masks, flat: the places of every second document, and of the others.

    Places of `both` (flat) are in each: written texts, which are there to part rivals.
    """
    _, number = np.unique(features.windows.document, return_inverse=True)
    even = np.repeat(number % 2 == 0, features.shape[1])
    shared = np.zeros_like(even) if both is None else both
    return features.counted & (even | shared), features.counted & (~even | shared)


def search(sample: Sample, fit: np.ndarray, check: np.ndarray) -> list[ScoredRule]:
    """Rules over the whole sample, best first.

    Args:
        sample: The feature table with its target and weights.
        fit: bool, flat: where sets are learnt.
        check: bool, flat: where rules are judged.
    """
    features = sample.features
    learn, judge = sample.among(fit), sample.among(check)
    axes = axes_of(features)
    beam: list[tuple[Rule, float, np.ndarray]] = [(Rule(), 0.0, features.counted)]
    seen: dict[Rule, ScoredRule] = {}
    for depth in range(_DEPTH):
        grown: dict[Rule, tuple[float, np.ndarray, float]] = {}
        for rule, score, region in beam:
            count = 3 * _PER_RULE if depth == 0 else _PER_RULE
            for split in splits(learn, region, axes, rule=rule)[:count]:
                if split.score < score * 1.02:
                    break
                new = rule.and_(split.clause)
                mask = region & split.clause.mask(features)
                fitted = score_of(learn, mask)
                if fitted <= score * 1.02 or new in grown:
                    continue
                grown[new] = (fitted, mask, score_of(judge, mask))
        if not grown or (depth == 1 and max(item[2] for item in grown.values()) < _HOPELESS):
            break
        for rule, (fitted, _, checked) in grown.items():
            seen[rule] = ScoredRule(rule, fitted, checked)
        ranked = sorted(grown.items(), key=lambda item: -(item[1][0] + item[1][2]))
        beam = [(rule, fitted, mask) for rule, (fitted, mask, _) in _varied(ranked)]
    return sorted(seen.values(), key=lambda results: -results.worth)


def _varied(ranked: list) -> list:
    """The best few, at most two that use the same axes."""
    kept: list = []
    used: dict[frozenset, int] = {}
    for item in ranked:
        signature = frozenset(item[0].signature)
        if used.get(signature, 0) < 2:
            used[signature] = used.get(signature, 0) + 1
            kept.append(item)
        if len(kept) == _BEAM:
            break
    return kept
