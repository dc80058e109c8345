"""Simpler and wider versions of a rule: clauses left out, word sets that a concept names.

A concept stands for a set of words when most of its words that occur are in the set. Its words that
occur and are not in the set are named as exceptions.
"""

from typing import NamedTuple

import numpy as np

from .rules import Clause, Rule, speaks_of_words
from .splits import Sample, score_of

_KEPT = 0.99  # share of the score that a shorter rule must keep
_COVERED = 0.6  # share of a concept's occurring words that must be in the set
_LEAST_WORDS = 3


def variants(sample: Sample, rule: Rule) -> list[Rule]:
    """The rule, shortened where that costs nothing, and with its word sets named by concepts."""
    short = shortened(sample, rule)
    wide = widened(sample, short)
    return [short] if wide == short else [short, wide]


def shortened(sample: Sample, rule: Rule) -> Rule:
    """The rule without clauses that hardly matter."""
    score = score_of(sample, rule.mask(sample.board))
    at = 0
    while len(rule.clauses) > 1 and at < len(rule.clauses):
        less = Rule(rule.clauses[:at] + rule.clauses[at + 1 :])
        if score_of(sample, less.mask(sample.board)) >= _KEPT * score:
            rule, at = less, 0
        else:
            at += 1
    return rule


def widened(sample: Sample, rule: Rule) -> Rule:
    """Every set of words named by concepts as far as they fit it."""
    for at, clause in enumerate(rule.clauses):
        if clause.values and speaks_of_words(clause.axis):
            rule = named(sample, rule, at)
    return rule


def named(sample: Sample, rule: Rule, at: int) -> Rule:
    """The rule with concepts for the words of one clause, and a clause that bars other words."""
    board, clause = sample.board, rule.clauses[at]
    if clause.negated and clause.axis == "word":
        return rule
    concepts = np.array([at for at, group in enumerate(board.groups) if group.concept], np.int64)
    if not len(concepts):
        return rule
    mine = np.zeros(len(board.names))
    mine[list(clause.values)] = 1
    known = _known(sample, rule, at)
    members = board.members[concepts]
    sizes = members @ ((known.n > 0) | (mine > 0)).astype(float)
    share = (members @ mine) / np.maximum(sizes, 1)
    groups: set[int] = set()
    left = mine.copy()
    while True:
        inside = members @ left
        ok = (inside >= _LEAST_WORDS) & (share >= _COVERED)
        if not ok.any():
            break
        best = int(np.where(ok, inside * share, 0).argmax())
        groups.add(int(concepts[best]))
        left[members[best].indices] = 0
    if not groups:
        return rule
    covered = np.zeros(len(board.names), bool)
    for group in groups:
        covered[board.members[group].indices] = True
    rule = rule.with_clause(
        at, groups=clause.groups | groups, values=frozenset(np.flatnonzero(left).tolist())
    )
    if known.s is None:
        return rule
    wrong = covered & (mine == 0) & known.differ(mine > 0)
    if wrong.any():
        values = frozenset(np.flatnonzero(wrong).tolist())
        rule = rule.and_(Clause(clause.axis, values, negated=not clause.negated))
    return rule


class _Known(NamedTuple):
    """What the sample says of words on an axis, where the rest of a rule holds."""

    n: np.ndarray
    s: np.ndarray | None
    squares: np.ndarray

    def differ(self, active: np.ndarray) -> np.ndarray:
        """bool `[word]`: surely less active than the active words are."""
        assert self.s is not None
        many = self.n[active].sum()
        mean = self.s[active].sum() / max(many, 1e-9)
        spread = np.sqrt(max(self.squares[active].sum() / max(many, 1e-9) - mean**2, 1e-18))
        own = self.s / np.maximum(self.n, 1e-9)
        return (self.n > 0) & ((mean - own) * np.sqrt(self.n) > 2.5 * spread) & (own < 0.6 * mean)


def _known(sample: Sample, rule: Rule, at: int) -> _Known:
    board, axis = sample.board, rule.clauses[at].axis
    bag = axis not in board.axes
    keys = board.axes["word" if bag else axis]
    region = (sample.weight > 0) & (keys >= 0)
    for other, clause in enumerate(rule.clauses):
        if other != at and not bag:
            region &= clause.mask(board)
    keys, weight, target = keys[region], sample.weight[region], sample.target[region]
    size = len(board.names)
    n = np.bincount(keys, weight, size)
    if bag:
        return _Known(n, None, n)
    sign = -1.0 if rule.clauses[at].negated else 1.0
    return _Known(
        n,
        np.bincount(keys, weight * target * sign, size),
        np.bincount(keys, weight * target * target, size),
    )
