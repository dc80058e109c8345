"""Rivals of a rule: other conditions and concepts that explore cannot tell from its own.

Concepts that would do in place of one in a rule's context go together with it in the corpus: only
texts that were written for the purpose separate them.
"""

from collections.abc import Sequence

import numpy as np

from .rules import Rule
from .simplify import RuleScorer, ShortRule, best_concepts, headed, price, word_lift
from .splits import Sample
from .texts import MeasuredTexts

_LEAST_FIT = 0.6  # share of the best fit on explore that a rule must keep
_MOST = 32
_SHORT = 2  # conditions of rules whose concepts are swapped
_MOST_SWAPPED = 5
_MOST_CONTESTED = 4
_SWAP = 0.4  # share of the leader's fit from which another concept is a rival


def options(scorer: RuleScorer, rules: Sequence[Rule]) -> list[Rule]:
    """Rules to choose from: the given ones, each with a condition less or another concept."""
    out: dict[Rule, None] = dict.fromkeys(rules)
    for rule in rules[:3]:
        for at in range(len(rule.clauses) if len(rule.clauses) > 1 else 0):
            out[rule.without(at)] = None
    for rule in [rule for rule in out if len(rule.clauses) <= _SHORT][:_MOST_SWAPPED]:
        for one in (rule, *headed(scorer, rule)):
            out[one] = None
            out |= dict.fromkeys(item.rule for item in swapped(scorer, scorer.score(one)))
    out |= dict.fromkeys(neighbours(scorer, rules[0]) if rules else ())
    return list(out)[:_MOST]


def best_rule(
    scorer: RuleScorer,
    rules: Sequence[Rule],
    others: Sequence[Rule],
    texts: MeasuredTexts,
    context: MeasuredTexts | None,
) -> Rule:
    """The rule that does best on explore and on written texts, less its price.

    Args:
        scorer: Judges rules on explore.
        rules: To choose from.
        others: The rules of the other parts.
        texts: All written texts.
        context: Sentences that part the concepts of the rules' contexts, if any were written.
    """
    best = max(scorer.score(rule).fit for rule in rules)
    kept = [rule for rule in rules if scorer.score(rule).fit >= _LEAST_FIT * best]

    def worth(rule: Rule) -> float:
        predicates = [one.predicate(scorer.features) for one in (rule, *others)]
        score = scorer.score(rule).fit + texts.squared(predicates)
        if context is not None:
            score += context.squared(predicates)
        return score * (1 - price(rule))

    return max(kept, key=worth)


def swapped(scorer: RuleScorer, leader: ShortRule) -> list[ShortRule]:
    """The leader with another concept for one in its context, where that fits nearly as well."""
    out: list[ShortRule] = []
    for at, clause in enumerate(leader.rule.clauses):
        if clause.negated or not clause.groups or clause.axis not in scorer.features.context:
            continue
        for group in best_concepts(scorer, leader.rule, at)[:4]:
            if group in clause.groups:
                continue
            other = leader.rule.with_clause(at, groups=frozenset((group,)), values=frozenset())
            side = clause.axis.partition("_")[0]
            axes = [axis for axis in scorer.features.context if axis.partition("_")[0] == side]
            ways = [scorer.score(other.with_clause(at, axis=axis)) for axis in axes]
            best = max(ways, key=lambda short: short.worth)
            if best.fit >= _SWAP * leader.fit:
                out.append(best)
    return out


def neighbours(scorer: RuleScorer, rule: Rule) -> list[Rule]:
    """The rule with one concept of its head less, and with the next likely concept more."""
    features = scorer.features
    out: list[Rule] = []
    for at, clause in enumerate(rule.clauses):
        if clause.axis != "word" or clause.negated or not clause.groups:
            continue
        if len(clause.groups) > 1:
            out += [rule.with_clause(at, groups=clause.groups - {g}) for g in clause.groups]
        lift, count = word_lift(scorer, rule, at)
        seen = np.zeros(len(features.names), bool)
        for group in clause.groups:
            seen[features.members[group].indices] = True
        free = (count > 0) & ~seen
        concepts = np.array([i for i, g in enumerate(features.groups) if g.concept], np.int64)
        members = features.members[concepts]
        mean = (members @ np.where(free, lift, 0)) / np.maximum(members @ (count * free), 1)
        mean[members @ free.astype(float) < 3] = -np.inf
        for best in np.argsort(-mean, kind="stable")[: 2 if len(clause.groups) == 1 else 1]:
            out.append(rule.with_clause(at, groups=clause.groups | {int(concepts[best])}))
    return out


def contested(sample: Sample, rules: Sequence[Rule]) -> list[int]:
    """Concepts that rivals put in the same kind of context, if they are not all the same."""
    results: dict[int, None] = {}
    for rule in rules:
        for clause in rule.clauses:
            if clause.axis in sample.features.context and not clause.negated:
                results |= dict.fromkeys(sorted(clause.groups))
    kept = [group for group in results if sample.features.groups[group].concept]
    return kept[:_MOST_CONTESTED] if len(kept) > 1 else []
