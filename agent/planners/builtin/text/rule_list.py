"""A unit as one to three short rules that add up, with levels where levels hold on new documents.

1. The shortest good rule for the unit, then for what is left, while both halves of the documents
   gain from a further rule and activity is not yet accounted for.
2. A rule's places may fire more or less strongly by word: levels learnt on one half stay where they
   explain more of the other. They are part of the predictor and not of the words.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .model import CrossFit, activity
from .rules import Clause, Rule
from .search import ScoredRule, halves, search
from .simplify import ShortRule, price, shortest
from .splits import Sample
from .terms import Level, Term, graded, plain_term

_MOST_PARTS = 3
_ENOUGH = 0.85  # recall and precision from which no further rule is sought
_LEAST = 0.03  # of all variance, that a further rule must explain on either half
_LEAST_SHARE = 0.1  # the same, of what is explained already
_FEW = 6  # words listed in rules that are still short
_TOO_LONG = 0.2  # price of a further rule
_LEVELS = 0.004  # of all variance, that levels must add on new documents
_MOST_LISTED = 150  # words in all levels


class RuleList(NamedTuple):
    """ShortRule rules for a unit."""

    parts: tuple[Term, ...]
    rivals: tuple[ShortRule, ...]
    """Rules for the first part, best first."""
    checked: float
    """Share of variance explained on documents that levels and weights were not learnt from."""
    plain: bool
    """Whether the rules name concepts, shapes and few words: no long lists."""
    whole: bool
    """Whether the rules account for all activity."""
    found: tuple[ScoredRule, ...]
    """What the search found for the first part."""


def fit_rule_list(sample: Sample) -> RuleList:
    """ShortRule rules for the target of a sample."""
    fit, check = halves(sample.board)
    judges = (CrossFit(sample, fit, check), CrossFit(sample, check, fit))
    rules: list[Rule] = []
    columns: list[np.ndarray] = []
    now = (0.0, 0.0)
    rest = sample
    rivals: tuple[ShortRule, ...] = ()
    first: tuple[ScoredRule, ...] = ()
    whole = False
    for number in range(_MOST_PARTS):
        found = search(rest, fit, check)
        short = shortest(rest, found)
        if not number:
            rivals, first = tuple(short), tuple(found)
        if not short:
            break
        if number and price(short[0].rule) > _TOO_LONG:
            break
        column = short[0].rule.mask(sample.board).astype(np.float64)
        new = tuple(judge.explained([*columns, column]) for judge in judges)
        gains = [after - before for after, before in zip(new, now, strict=True)]
        if number and min(gains) < max(_LEAST, _LEAST_SHARE * min(now)):
            break
        rules.append(short[0].rule)
        columns.append(column)
        now = (new[0], new[1])
        recall, precision = activity(judges[0], columns)
        whole = min(recall, precision) >= _ENOUGH
        if whole or now[0] < 0.05 or price(short[0].rule) > _TOO_LONG or listed(rules) > _FEW:
            break
        weights, base = judges[0].weights(columns)
        said = base + np.tensordot(weights, np.stack(columns), 1)
        rest = sample._replace(target=np.where(sample.weight > 0, sample.target - said, 0.0))
    parts = levelled(sample, [plain_term(rule) for rule in rules])
    checked = explained_new(sample, parts) if parts else 0.0
    return RuleList(tuple(parts), rivals, checked, listed(rules) <= _FEW, whole, first)


def listed(rules: Sequence[Rule]) -> int:
    """Words that rules list, beside those that concepts name."""
    return sum(len(c.values) for r in rules for c in r.clauses if c.axis not in ("flag", "rank"))


def levelled(sample: Sample, parts: Sequence[Term], *, exact: bool = False) -> list[Term]:
    """The parts with levels by word where these explain more of documents not learnt from.

    `exact`: levels list words and name no concepts, and reaches stay as they are.
    """
    fit, check = halves(sample.board)
    out = list(parts)
    for number, part in enumerate(out):
        rule = part.rule
        axes = [c.axis for c in rule.clauses if c.axis == "word" and not c.negated and c.size > 0]
        single = [c for c in rule.clauses if c.axis == "word" and len(c.values) == 1]
        if not axes or (single and not single[0].groups):
            out[number] = part if exact else reached(sample, part)
            continue
        gains = []
        for one, other in ((fit, check), (check, fit)):
            learn = sample._replace(weight=np.where(one, sample.weight, 0.0))
            trial = graded(learn, rule, "word", exact=exact)
            if trial is None:
                break
            judge = CrossFit(sample, one, other)
            plain = [p.values(sample.board) for p in out]
            gains.append(
                judge.explained([*plain[:number], trial.values(sample.board), *plain[number + 1 :]])
                - judge.explained(plain)
            )
        if len(gains) == 2 and min(gains) > 0 and sum(gains) / 2 >= _LEVELS:
            whole = graded(sample, rule, "word", most=4, exact=exact)
            if whole is not None and _listed(whole) <= _MOST_LISTED:
                out[number] = replace(whole, source=rule, said=rule)
    return out


def explained_new(sample: Sample, parts: Sequence[Term]) -> float:
    """Share of one half's variance with levels and weights from the other."""
    fit, check = halves(sample.board)
    learn = sample._replace(weight=np.where(fit, sample.weight, 0.0))
    columns = []
    for part in parts:
        again = graded(learn, part.said, "word") if part.said and part.axis == "word" else None
        columns.append((again or part).values(sample.board))
    return CrossFit(sample, fit, check).explained(columns)


def reached(sample: Sample, part: Term) -> Term:
    """A rule about the context with levels by how far back it looks, where that says more.

    At the end of a sentence, what came before the last end may be left out as well.
    """
    board, rule = sample.board, part.rule
    at = next((i for i, c in enumerate(rule.clauses) if _looks_back(c)), None)
    if at is None:
        return part
    fit, check = halves(board)
    judges = (CrossFit(sample, fit, check), CrossFit(sample, check, fit))

    def score(one: Term) -> float:
        column = one.values(board)
        return min(judge.explained([column]) for judge in judges)

    end = next((c for c in rule.clauses if c.axis == "word" and len(c.values) == 1), None)
    best, now = part, score(part)
    for barred in (False, True) if end is not None else (False,):
        for axes in _REACHES:
            rules = [rule.with_clause(at, axis=axis) for axis in axes]
            if barred and end is not None:
                near = Clause("earlier_5", end.values, negated=True)
                rules = [one.and_(near) for one in rules]
            trial = _by_reach(sample, rules)
            if trial is not None and score(trial) > now + max(0.01, 0.02 * now):
                best, now = replace(trial, said=rule), score(trial)
    return best


_REACHES = (
    ("earlier_5",),
    ("earlier_10",),
    ("earlier_20",),
    ("earlier_5", "earlier_10"),
    ("earlier_5", "earlier_10", "earlier_20"),
)


def _looks_back(clause: Clause) -> bool:
    return clause.axis.startswith("earlier") and not clause.negated


def _by_reach(sample: Sample, rules: Sequence[Rule]) -> Term | None:
    """Levels for rules of which each holds wherever the one before it does."""
    levels: list[Level] = []
    inner = np.zeros(len(sample.target), bool)
    mean = sample.totals[1]
    for rule in rules:
        mask = rule.mask(sample.board)
        ring = mask & ~inner & (sample.weight > 0)
        if ring.sum() < 5:
            return None
        levels.append(Level(rule, float(sample.target[ring].mean()) - mean))
        inner |= mask
    top = max(level.value for level in levels)
    if top <= 0 or min(level.value for level in levels) < 0.1 * top:
        return None
    return Term(tuple(Level(rule, value / top) for rule, value in levels), source=rules[-1])


def _listed(part: Term) -> int:
    return sum(len(c.values) for level in part.levels for c in level.rule.clauses)
