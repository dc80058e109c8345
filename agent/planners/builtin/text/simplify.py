"""Short rules: of those that fit about as well, the one that a person would write down.

1. Rules of the search are starting points. Moves make a rule shorter or plainer: a condition is
   left out, a set of words becomes one to three concepts, a token becomes a word, "not lower-case"
   becomes "capitalised", the reach of a context changes.
2. A rule is worth its squared correlation on two halves of the documents, less a price for
   everything it names. The best move is taken while it raises the worth, so that of two rules that
   fit alike the simpler wins, and a condition stays only where both halves ask for it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from .axes import TOKEN_AXES, WORD_AXES, is_context
from .context import Context
from .feature_table import FeatureTable
from .rules import Clause, Rule, allowed
from .search import ScoredRule, halves
from .splits import Sample, score_of, score_of_sums

_STARTS = 5
_ROUNDS = 6
_MOST_CONCEPTS = 3
_MASS = 0.8  # share of a set's activation that concepts must hold to stand for it
_MOSTLY = 0.6  # share of a concept's occurrences that must be active
_CONDITION = 0.035  # price of a condition
_CONCEPT = 0.012  # of a further concept
_LISTED = 0.008  # times the logarithm of the number of words listed
_CLOSE = 0.75  # share of the leader's worth from which a rule is a rival
_LEAST_RIVALS = 3


class ShortRule(NamedTuple):
    """A rule with what it is worth."""

    rule: Rule
    fit: float
    """Mean squared correlation on the two halves."""
    worth: float


class RuleScorer:
    """Judges rules on two halves of a sample; remembers what it judged."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.features: FeatureTable = sample.features
        self._halves = [sample.among(half) for half in halves(sample.features)]
        self._known: dict[Rule, ShortRule] = {}

    def score(self, rule: Rule) -> ShortRule:
        """The rule's worth; a rule that fails on one half is worth nothing."""
        if rule not in self._known:
            mask = rule.mask(self.features)
            scores = [score_of(half, mask) for half in self._halves]
            fit = sum(scores) / 2
            low = min(scores) >= 0.5 * max(scores) and allowed(self.features, rule)
            self._known[rule] = ShortRule(rule, fit, fit * (1 - price(rule)) if low else 0.0)
        return self._known[rule]


def price(rule: Rule) -> float:
    """The share of its fit that a rule must earn back, for being long."""
    cost = _CONDITION * (len(rule.clauses) - 1)
    for clause in rule.clauses:
        words = len(clause.values) if clause.axis not in ("flag", "rank") else 0
        cost += _LISTED * math.log2(1 + max(0, words - 1)) + 0.01 * (words > 12)
        cost += _CONCEPT * max(0, len(clause.groups) + bool(words) - 1)
        cost += 0.05 * (len(clause.groups) > _MOST_CONCEPTS)
        cost += 0.01 * clause.negated + 0.015 * (clause.axis in TOKEN_AXES)
        cost += 0.005 * is_context(clause.axis)
    return min(cost, 0.9)


def shortest(sample: Sample, results: Sequence[ScoredRule]) -> list[ShortRule]:
    """Short rules for a target, best first, none that says the same as a better one."""
    scorer = RuleScorer(sample)
    ranked = sorted(results[:80], key=lambda item: -item.worth * (1 - price(item.rule)))
    starts: list[Rule] = []
    kinds: dict[tuple, int] = {}
    for item in ranked:
        kind = tuple(sorted(axis for axis, _ in item.rule.signature))
        if kinds.get(kind, 0) < 2:
            kinds[kind] = kinds.get(kind, 0) + 1
            starts.append(item.rule)
        if len(starts) == _STARTS:
            break
    climbed = [climb(scorer, rule) for rule in starts]
    best = max((item.worth for item in climbed), default=0.0)
    kept: list[ShortRule] = []
    masks: list[np.ndarray] = []
    for item in sorted(climbed, key=lambda item: -item.worth):
        mask = item.rule.mask(sample.features)
        close = item.worth >= _CLOSE * best or (len(kept) < _LEAST_RIVALS and item.worth > 0)
        if close and not any((mask == other).all() for other in masks):
            kept.append(item)
            masks.append(mask)
    return kept


def climb(scorer: RuleScorer, rule: Rule) -> ShortRule:
    """The rule after the moves that raise its worth, the best first."""
    now = scorer.score(rule)
    for _ in range(_ROUNDS):
        best = max(map(scorer.score, _moves(scorer, now.rule)), key=lambda s: s.worth, default=now)
        if best.worth <= now.worth + 1e-9:
            break
        now = best
    return now


def _moves(scorer: RuleScorer, rule: Rule) -> Iterable[Rule]:
    features = scorer.features
    for at, clause in enumerate(rule.clauses):
        if len(rule.clauses) > 1:
            yield rule.without(at)
        if clause.axis == "flag":
            yield from _plainer_flag(features, rule, at)
        if clause.axis in TOKEN_AXES:
            yield _as_words(features, rule, at)
        if clause.axis in features.context:
            side = clause.axis.partition("_")[0]
            for axis in features.context:
                if axis.partition("_")[0] == side and axis != clause.axis:
                    yield rule.with_clause(at, axis=axis)
            if not clause.negated and (clause.values or len(clause.groups) > 1):
                for group in best_concepts(scorer, rule, at)[:3]:
                    yield rule.with_clause(at, groups=frozenset((group,)), values=frozenset())
        if clause.groups and clause.values:
            yield rule.with_clause(at, values=frozenset())
        if 1 < len(clause.groups) <= 8:
            for group in clause.groups:
                yield rule.with_clause(at, groups=clause.groups - {group})
        if clause.axis in WORD_AXES and clause.size > 1:
            yield from _covered(scorer, rule, at)
    yield from headed(scorer, rule)


def _plainer_flag(features: FeatureTable, rule: Rule, at: int) -> Iterable[Rule]:
    (flag,) = rule.clauses[at].values
    shape = features.flags[flag].get("shape")
    opposite = {"lower": "capitalised", "word_inside": "word_start", "word_start": "word_inside"}
    if rule.clauses[at].negated and shape in opposite:
        for number, other in enumerate(features.flags):
            if other.get("shape") == opposite[shape]:
                yield rule.with_clause(at, values=frozenset((number,)), negated=False)


def _as_words(features: FeatureTable, rule: Rule, at: int) -> Rule:
    clause = rule.clauses[at]
    words = [features.windows.vocabulary[v].strip().lower() for v in clause.values]
    axis = clause.axis.replace("token", "word")
    ids = frozenset(features.ids_of(words))
    return rule.with_clause(at, axis=axis, values=ids) if ids else rule


def _covered(scorer: RuleScorer, rule: Rule, at: int) -> Iterable[Rule]:
    """The set of words as one to three concepts, and as the words that matter most."""
    features, clause = scorer.features, rule.clauses[at]
    lift, count = word_lift(scorer, rule, at)
    mine = np.zeros(len(features.names))
    mine[list(clause.values)] = 1
    for group in clause.groups:
        mine[features.members[group].indices] = 1
    mass = np.maximum(lift, 0) * mine
    if clause.negated:
        mass = count * mine
    concepts = [i for i, group in enumerate(features.groups) if group.concept]
    members = features.members[concepts]
    whole = max(float(mass.sum()), 1e-12)
    share = (members @ (count * mine)) / np.maximum(members @ count, 1e-9)
    left, picked = mass.copy(), []
    while concepts and len(picked) < _MOST_CONCEPTS:
        gain = np.where(share >= _MOSTLY, members @ left, 0)
        best = int(gain.argmax())
        if gain[best] < 0.08 * whole:
            break
        picked.append(concepts[best])
        left[members[best].indices] = 0
        yield rule.with_clause(at, groups=frozenset(picked), values=frozenset())
    if picked and left.sum() > (1 - _MASS) * whole:
        rest = [v for v in np.argsort(-left, kind="stable")[:3].tolist() if left[v] > 0]
        yield rule.with_clause(at, groups=frozenset(picked), values=frozenset(rest))
    order = np.argsort(-mass, kind="stable")
    for size in (1, 2, 3, 6, 12):
        if size < int((mass > 0).sum()):
            chosen = frozenset(order[:size].tolist())
            yield rule.with_clause(at, groups=frozenset(), values=chosen)


def headed(scorer: RuleScorer, rule: Rule) -> Iterable[Rule]:
    """A rule without a head word, with the one or two words that hold most of its activation."""
    if any(clause.axis in ("word", "token") for clause in rule.clauses):
        return
    rest = tuple(clause for clause in rule.clauses if clause.axis != "flag")
    if not rest:
        return
    lift, _ = word_lift(scorer, Rule((*rest, Clause("word"))), len(rest))
    order = np.argsort(-lift, kind="stable")
    for size in (1, 2):
        yield Rule((Clause("word", frozenset(order[:size].tolist())), *rest))


def word_lift(scorer: RuleScorer, rule: Rule, at: int) -> tuple[np.ndarray, np.ndarray]:
    """How much activation above the mean each word holds where the rest of the rule does."""
    sample, features, axis = scorer.sample, scorer.features, rule.clauses[at].axis
    rest = rule.without(at)
    keys = features.axes[axis]
    region = rest.mask(features) & (sample.weight > 0) & (keys >= 0)
    size = len(features.names)
    lift = np.bincount(keys[region], sample.target[region] - sample.totals[1], size)
    return lift, np.bincount(keys[region], minlength=size).astype(float)


def best_concepts(scorer: RuleScorer, rule: Rule, at: int) -> list[int]:
    """Concepts by how well they would do as one context condition of a rule."""
    features, sample = scorer.features, scorer.sample
    clause = rule.clauses[at]
    rest = rule.without(at)
    places = np.flatnonzero(rest.mask(features) & (sample.weight > 0))
    if not len(places):
        return []
    score = partial(score_of_sums, totals=sample.totals)
    scores = Context(sample, places).scores("groups", clause.axis, score, negated=False)
    order = np.argsort(-scores, kind="stable")[:6].tolist()
    return [group for group in order if scores[group] > 0 and features.groups[group].concept]


def ordered(rule: Rule) -> Rule:
    """The rule with its head first: what the word is, then what is asked of it."""

    def rank(clause: Clause) -> tuple[int, int]:
        here = clause.axis in ("word", "token")
        return (int(clause.negated), 0 if here else 1 if clause.axis == "flag" else 2)

    return Rule(tuple(replace(c) for c in sorted(rule.clauses, key=rank)))
