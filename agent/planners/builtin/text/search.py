"""Searches rules that explain a unit's activations.

1. Beam search over conjunctions: each step asks `split` for the clauses that raise the share of
   explained variance most, over every axis. Sets of words are learnt on one half of the documents.
2. The other half judges: a rule's score is its squared correlation there.
3. The winners keep their structure and learn their sets again from all documents.

Rules that explain the same places equally well stay rivals: only experiments part them.
"""

from dataclasses import dataclass

import numpy as np

from .feature_table import TOKEN_AXES, WORD_AXES, FeatureTable
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


def axes_of(board: FeatureTable) -> list[str]:
    """The axes that a board offers."""
    named = [axis for axis in (*WORD_AXES, *TOKEN_AXES) if axis in board.axes]
    return [*named, *board.context, "flag", "position"]


def halves(board: FeatureTable, both: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Two masks, flat: the places of every second document, and of the others.

    Places of `both` (flat) are in each: written texts, which are there to part rivals.
    """
    _, number = np.unique(board.windows.document, return_inverse=True)
    even = np.repeat(number % 2 == 0, board.shape[1])
    shared = np.zeros_like(even) if both is None else both
    return board.counted & (even | shared), board.counted & (~even | shared)


def search(sample: Sample, fit: np.ndarray, check: np.ndarray) -> list[ScoredRule]:
    """Rules over the whole sample, best first.

    Args:
        sample: The board with its target and weights.
        fit: bool, flat: where sets are learnt.
        check: bool, flat: where rules are judged.
    """
    board = sample.board
    learn = sample._replace(weight=np.where(fit, sample.weight, 0.0))
    judge = sample._replace(weight=np.where(check, sample.weight, 0.0))
    axes = axes_of(board)
    beam: list[tuple[Rule, float, np.ndarray]] = [(Rule(), 0.0, board.counted)]
    seen: dict[Rule, ScoredRule] = {}
    for depth in range(_DEPTH):
        grown: dict[Rule, tuple[float, np.ndarray, float]] = {}
        for rule, score, region in beam:
            many = 3 * _PER_RULE if depth == 0 else _PER_RULE
            for split in splits(learn, region, axes, rule=rule)[:many]:
                if split.score < score * 1.02:
                    break
                new = rule.and_(split.clause)
                mask = region & split.clause.mask(board)
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
    return sorted(seen.values(), key=lambda found: -found.worth)


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


def relearn(sample: Sample, rule: Rule) -> Rule:
    """The rule with its sets learnt again, clause by clause, from the whole sample."""
    out = Rule()
    region = sample.board.counted
    for clause in rule.clauses:
        new = clause
        if clause.values and clause.axis != "flag":
            same = [
                split.clause
                for split in splits(sample, region, [clause.axis], rule=out)
                if split.clause.values
                and not split.clause.groups
                and split.clause.negated == clause.negated
            ]
            new = same[0] if same else clause
        out = out.and_(new)
        region = region & new.mask(sample.board)
    return out


def independent(found: list[ScoredRule], many: int) -> list[ScoredRule]:
    """The best rules that do not use the same axes as a better one, and no rule twice."""
    kept: list[ScoredRule] = []
    used: set = set()
    for item in found:
        key = tuple(sorted((c.axis, c.negated, bool(c.groups)) for c in item.rule.clauses))
        if key not in used:
            used.add(key)
            kept.append(item)
        if len(kept) == many:
            break
    return kept
