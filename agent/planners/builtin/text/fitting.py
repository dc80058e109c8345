"""A unit as a penalised additive rule list, fitted by cross-validation.

1. **Rules.** The best short rule for the unit, then for what is left, while both halves of the
   documents gain from a further rule and activity is not yet accounted for.
2. **Levels.** A rule's places may fire more or less strongly by word: levels learnt on one half
   stay where they explain more of the other. They are part of the predictor, not of the words.
3. **Tables.** Where rules do not account for the activity, tables of means by value of an axis and
   single conditions are added, and terms that no longer count are dropped, one at a time. The list
   grows twice, from the rules and from nothing; the one that explains more stays.
4. **Factors.** What stands around its words makes the unit stronger or weaker (`factors`).

A term is judged by what it explains of documents that it was not learnt from, in both directions,
less one price for length: levels, tables and lists of words are learnt again on each half, else a
list chosen on all documents looks better than the table it is part of. Weights are non-negative
least squares, as in the scores.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .axes import TOKEN_AXES, WORD_AXES
from .cross_fit import CrossFit, activity
from .factors import fit_factors
from .rules import Clause, Rule
from .search import axes_of, halves, search
from .simplify import ShortRule, price, shortest
from .splits import Sample, splits
from .telling import Unseen
from .terms import Level, Term, graded, plain_term, table, terms_allowed

_MOST_RULES = 3
_ENOUGH = 0.85  # recall and precision from which no further rule is sought
_LEAST = 0.03  # of all variance, that a further rule must explain on either half
_LEAST_SHARE = 0.1  # the same, of what is explained already
_FEW = 6  # words listed in rules that are still short
_TOO_LONG = 0.2  # price of a further rule
_LEVELS = 0.004  # of all variance, that levels must add on new documents
_MOST_LISTED = 150  # words in all levels
_MOST_TERMS = 6
_LEAST_GAIN = 0.006  # of all variance, for a table or a condition
_LEAST_GAIN_SHARE = 0.03  # the same, of what is explained already
_CONDITIONS = 6  # conditions tried beside the tables


class RuleList(NamedTuple):
    """Terms that add up."""

    terms: tuple[Term, ...]
    rivals: tuple[ShortRule, ...]
    """Rules for the first term, best first."""
    complete: bool
    """Whether the rules account for all activity."""


def fit_rules(sample: Sample) -> RuleList:
    """One to three short rules, with levels."""
    fit, check = halves(sample.features)
    directions = CrossFit.both_ways(sample)
    rules: list[Rule] = []
    columns: list[np.ndarray] = []
    now = (0.0, 0.0)
    rest = sample
    rivals: tuple[ShortRule, ...] = ()
    complete = False
    for number in range(_MOST_RULES):
        short = shortest(rest, search(rest, fit, check))
        if not number:
            rivals = tuple(short)
        if not short or (number and price(short[0].rule) > _TOO_LONG):
            break
        rule = short[0].rule
        column = rule.mask(sample.features).astype(np.float64)
        new = tuple(one.explained([*columns, column]) for one in directions)
        gains = [after - before for after, before in zip(new, now, strict=True)]
        if number and min(gains) < max(_LEAST, _LEAST_SHARE * min(now)):
            break
        rules.append(rule)
        columns.append(column)
        now = (new[0], new[1])
        complete = min(activity(directions[0], columns)) >= _ENOUGH
        if complete or now[0] < 0.05 or price(rule) > _TOO_LONG or n_listed(rules) > _FEW:
            break
        rest = directions[0].rest(sample, columns)
    terms = levelled(sample, [plain_term(rule) for rule in rules])
    return RuleList(tuple(terms), rivals, complete)


def extended(sample: Sample, fitted: RuleList) -> tuple[list[Term], float]:
    """The terms with tables and conditions for what rules leave, and what they explain unseen."""
    terms = list(fitted.terms)
    if not fitted.complete:
        starts = [_grown(sample, start) for start in ((terms, []) if terms else ([],))]
        terms = max(starts, key=lambda found: _both_ways(sample, found))
    everything = sample.weight > 0
    terms = _Fold.of(sample, terms, everything, everything).terms
    if terms and not fitted.complete:
        factors = fit_factors(_unseen(sample, terms), sample.features.conditions)
        terms = [replace(term, factors=factors) for term in terms]
    return terms, explained_unseen(sample, terms)


def _unseen(sample: Sample, terms: Sequence[Term]) -> Unseen:
    """What the terms predict of either half, learnt on the other."""
    known = np.flatnonzero(sample.weight > 0)
    out = np.zeros((3, len(sample.target)))
    target, prediction, half = out
    for side, fold in enumerate(_folds(sample, terms)):
        model, at = fold.cross.model(fold.columns), fold.cross.check
        prediction[at] = np.column_stack([column[at] for column in fold.columns]) @ model.weights
        target[at], half[at] = sample.target[at] - model.base, side
    features = sample.features
    token, document = features.windows.ids.ravel()[known], features.document[known]
    return Unseen(target[known], prediction[known], half[known], known, token, document)


def left_over(sample: Sample, terms: Sequence[Term]) -> np.ndarray:
    """What terms leave of documents that they were not learnt from; flat, NaN where unknown."""
    unseen = _unseen(sample, terms)
    out = np.full(len(sample.target), np.nan)
    out[unseen.at] = unseen.target - unseen.prediction
    return out


def _grown(sample: Sample, terms: list[Term]) -> list[Term]:
    """The terms with those that add most on unseen documents, one after another."""
    terms = list(terms)
    while len(terms) < _MOST_TERMS:
        folds = _folds(sample, terms)
        now = _explained(folds)
        best = max(_gains(sample, terms, folds, now), key=lambda item: item[0], default=(0.0, None))
        if best[1] is None or best[0] < max(_LEAST_GAIN, _LEAST_GAIN_SHARE * now):
            break
        terms.append(best[1])
    return _pruned(sample, terms)


def null_score(sample: Sample, rng: np.random.Generator, *, times: int = 2) -> float:
    """The best share of unseen variance that the same fit explains of exchanged activations."""
    moved = (exchanged(sample, rng) for _ in range(times))
    return max(extended(one, fit_rules(one))[1] for one in moved)


def exchanged(sample: Sample, rng: np.random.Generator) -> Sample:
    """The sample with its activations moved to other documents.

    Documents stand in another order and are shifted by some places: the distribution of the
    activations and their similarity to their neighbours stay, what they have to do with the text
    goes. A description must beat what the same fit makes of that.
    """
    document = sample.features.document
    known = np.flatnonzero(sample.weight > 0)
    order = rng.permutation(int(document.max(initial=0)) + 1)
    moved = known[np.argsort(order[document[known]], kind="stable")]
    shift = int(rng.integers(1, max(2, len(known))))
    target = sample.target.copy()
    target[known] = np.roll(sample.target[moved], shift)
    return sample._replace(target=target)


def explained_unseen(sample: Sample, terms: Sequence[Term]) -> float:
    """Share of one half's variance with levels, tables and weights from the other."""
    return _Fold.of(sample, terms, *halves(sample.features)).explained


def _both_ways(sample: Sample, terms: Sequence[Term]) -> float:
    """Share of either half's variance with terms learnt on the other, the mean of both."""
    return _explained(_folds(sample, terms))


def _folds(sample: Sample, terms: Sequence[Term]) -> "tuple[_Fold, _Fold]":
    """The terms learnt on either half."""
    fit, check = halves(sample.features)
    return _Fold.of(sample, terms, fit, check), _Fold.of(sample, terms, check, fit)


def _explained(folds: "tuple[_Fold, _Fold]") -> float:
    return (folds[0].explained + folds[1].explained) / 2


class _Fold(NamedTuple):
    """Terms learnt on one half of the documents."""

    cross: CrossFit
    terms: list[Term]
    columns: list[np.ndarray]
    rest: Sample
    """What they leave to be learnt from."""

    @classmethod
    def of(
        cls, sample: Sample, terms: Sequence[Term], fit: np.ndarray, check: np.ndarray
    ) -> "_Fold":
        """Learns levels and tables on `fit`, one term after another."""
        cross = CrossFit(sample, fit, check)
        learn = rest = sample.among(fit)
        out: list[Term] = []
        columns: list[np.ndarray] = []
        for term in terms:
            out.append(term.refit(rest if term.table or term.axis is None else learn))
            columns.append(out[-1].values(sample.features))
            rest = cross.rest(learn, columns)
        return cls(cross, out, columns, rest)

    @property
    def explained(self) -> float:
        """Share of the other half's variance."""
        return self.cross.explained(self.columns) if self.columns else 0.0

    def explained_with(self, term: Term) -> float:
        """Share of the other half's variance with one more term."""
        column = term.refit(self.rest).values(self.rest.features)
        return self.cross.explained([*self.columns, column])


def _gains(
    sample: Sample, terms: Sequence[Term], folds: tuple[_Fold, _Fold], now: float
) -> Iterator[tuple[float, Term]]:
    """Further terms with what each adds on unseen documents, less its price."""
    features = sample.features
    everything = sample.weight > 0
    rest = _Fold.of(sample, terms, everything, everything).rest
    axes = [axis for axis in (*WORD_AXES, *TOKEN_AXES, "rank") if axis in features.axes]
    options = [table(rest, axis) for axis in axes]
    results = splits(rest, features.counted, axes_of(features))[:_CONDITIONS]
    options += [plain_term(Rule((split.clause,))) for split in results]
    for term in options:
        if term is not None and term not in terms and terms_allowed(features, [term]):
            cost = 0.0 if term.table else price(term.rule)
            explained = sum(fold.explained_with(term) for fold in folds) / 2
            yield (explained - now) * (1 - cost), term


def _pruned(sample: Sample, terms: list[Term]) -> list[Term]:
    """The terms without those that the others make needless."""
    i = 0
    while len(terms) > 1 and i < len(terms):
        now = _both_ways(sample, terms)
        fewer = [*terms[:i], *terms[i + 1 :]]
        if now - _both_ways(sample, fewer) < max(_LEAST_GAIN, _LEAST_GAIN_SHARE * now):
            terms, i = fewer, 0
        else:
            i += 1
    return terms


def n_listed(rules: Sequence[Rule]) -> int:
    """Words that rules list, beside those that concepts name."""
    return sum(len(c.values) for r in rules for c in r.clauses if c.axis not in ("flag", "rank"))


def levelled(sample: Sample, terms: Sequence[Term], *, reaches: bool = True) -> list[Term]:
    """The terms with levels by word where these explain more of documents not learnt from.

    `reaches`: rules about the context get levels by how far back they look.
    """
    ways = (one := halves(sample.features)), one[::-1]
    out = list(terms)
    for i, term in enumerate(out):
        rule = term.rule
        asked = [c for c in rule.clauses if c.axis == "word" and not c.negated]
        single = [c for c in asked if len(c.values) == 1 and not c.groups]
        if not asked or single:
            out[i] = reached(sample, term) if reaches else term
            continue
        gains = []
        for fit, check in ways:
            trial = graded(sample.among(fit), rule, "word")
            if trial is None:
                break
            cross = CrossFit(sample, fit, check)
            columns = [each.values(sample.features) for each in out]
            plain = cross.explained(columns)
            columns[i] = trial.values(sample.features)
            gains.append(cross.explained(columns) - plain)
        if len(gains) == 2 and min(gains) > 0 and sum(gains) / 2 >= _LEVELS:
            all_levels = graded(sample, rule, "word", most=4)
            if all_levels is not None and all_levels.n_listed <= _MOST_LISTED:
                out[i] = all_levels
    return out


def reached(sample: Sample, part: Term) -> Term:
    """A rule about the context with levels by how far back it looks, where that says more.

    At the end of a sentence, what came before the last end may be left out as well.
    """
    features, rule = sample.features, part.rule
    at = next((i for i, c in enumerate(rule.clauses) if _looks_back(c)), None)
    if at is None:
        return part
    judges = CrossFit.both_ways(sample)

    def score(one: Term) -> float:
        column = one.values(features)
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
                best, now = replace(trial, stated=rule), score(trial)
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
        mask = rule.mask(sample.features)
        ring = mask & ~inner & (sample.weight > 0)
        if ring.sum() < 5:
            return None
        levels.append(Level(rule, float(sample.target[ring].mean()) - mean))
        inner |= mask
    top = max(level.value for level in levels)
    if top <= 0 or min(level.value for level in levels) < 0.1 * top:
        return None
    return Term(tuple(Level(rule, value / top) for rule, value in levels))
