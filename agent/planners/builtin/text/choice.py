"""Chooses among rival rules by explore and by written texts, and says what ruled the others out."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .....tools.data.windows import TokenWindows
from .....tools.predicates import parse
from .feature_table import FeatureTable
from .rules import Rule
from .simplify import RuleScorer, headed, neighbours, price, swapped

_LEAST_FIT = 0.6  # share of the best fit on explore that a rule must keep
_MOST = 32
_SHORT = 2  # conditions of rules whose concepts are swapped
_MOST_SWAPPED = 5


class Texts(NamedTuple):
    """Written texts as they were measured."""

    windows: TokenWindows
    values: np.ndarray
    """`[window, place]`, NaN where not counted."""

    def squared(self, board: FeatureTable, rules: Sequence[Rule]) -> float:
        """Squared correlation of rules together with what was measured; 0 where it points down."""
        known = np.isfinite(self.values)
        said = np.max([self.holds(rule.predicate(board)) for rule in rules], axis=0)[known]
        truth = self.values[known]
        if said.std() < 1e-12 or truth.std() < 1e-12:
            return 0.0
        return float(max(np.corrcoef(said, truth)[0, 1], 0.0) ** 2)

    def holds(self, predicate: Mapping[str, Any]) -> np.ndarray:
        """Degrees `[window, place]`."""
        return np.asarray(parse(predicate).evaluate(self.windows), float)

    def contrast(self, rival: np.ndarray, chosen: np.ndarray) -> tuple[float, int, float, int]:
        """Mean and number of places with the rival alone, then with the chosen alone."""
        known = np.isfinite(self.values)
        alone = known & (rival > 0) & (chosen <= 0)
        other = known & (chosen > 0) & (rival <= 0)
        means = [float(self.values[at].mean()) if at.any() else 0.0 for at in (alone, other)]
        return means[0], int(alone.sum()), means[1], int(other.sum())


def options(bar: RuleScorer, rules: Sequence[Rule]) -> list[Rule]:
    """Rules to choose from: the given ones, each with a condition less or another concept."""
    out: dict[Rule, None] = dict.fromkeys(rules)
    for rule in rules[:3]:
        for at in range(len(rule.clauses) if len(rule.clauses) > 1 else 0):
            out[Rule(rule.clauses[:at] + rule.clauses[at + 1 :])] = None
    for rule in [rule for rule in out if len(rule.clauses) <= _SHORT][:_MOST_SWAPPED]:
        for one in (rule, *headed(bar, rule)):
            out[one] = None
            out |= dict.fromkeys(short.rule for short in swapped(bar, bar.judge(one)))
    out |= dict.fromkeys(neighbours(bar, rules[0]))
    return list(out)[:_MOST]


def chosen(
    bar: RuleScorer,
    rules: Sequence[Rule],
    others: Sequence[Rule],
    texts: Texts,
    context: Texts | None,
) -> Rule:
    """The rule that does best on explore and on written texts, less its price.

    Args:
        bar: Judges rules on explore.
        rules: To choose from.
        others: The rules of the other parts.
        texts: All written texts.
        context: Sentences that part the concepts of the rules' contexts, if any were written.
    """
    best = max(bar.judge(rule).fit for rule in rules)
    kept = [rule for rule in rules if bar.judge(rule).fit >= _LEAST_FIT * best]

    def worth(rule: Rule) -> float:
        score = bar.judge(rule).fit + texts.squared(bar.board, [rule, *others])
        if context is not None:
            score += context.squared(bar.board, [rule, *others])
        return score * (1 - price(rule))

    return max(kept, key=worth)
