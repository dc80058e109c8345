"""A model of a unit: parts that add up, chosen one after another by what they explain unseen.

1. Candidates for a part: the best rules for what is still unexplained, simplified and widened to
   concepts where those fit as well; rules with levels; tables of means on each axis.
2. The candidate that, together with the parts before it, explains most of the documents that it did
   not learn from wins; a simple rule wins over a table that is little better.
3. Weights are non-negative least squares, as in the scores. It stops when a part adds too little.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..weights import nonnegative
from .cover import variants, widened
from .feature_table import TOKEN_AXES, WORD_AXES
from .rules import Clause, Rule
from .search import ScoredRule, axes_of, halves, independent, relearn, search
from .splits import MOST_VALUES, Sample, score_of, splits
from .terms import Term, graded, plain_term, table, terms_allowed

_MOST_PARTS = 6
_LEAST_GAIN = 0.006  # of all variance, for a part after the first
_LEAST_SHARE = 0.03  # of what the parts before it explain
_TABLE_PRICE = 0.90  # a table must beat the best rule by this factor
_TRIED = 8
_WHOLE = 0.93  # recall and precision from which rules account for all activity
_CLEAR = 0.6  # precision from which only further rules are added, no tables
_MOST_LISTED = 160  # words and tokens in all, above which a table says it better


@dataclass(frozen=True, eq=False)
class AdditiveModel:
    """Parts with what they explain."""

    parts: tuple[Term, ...]
    rivals: tuple[ScoredRule, ...]
    """Other rules for the first part's places, best first; the first part's own rule leads."""
    checked: float
    """Share of variance explained on documents that were not learnt from."""
    steps: tuple[float, ...]
    """The same after each part."""


class CrossFit:
    """Explained variance on one half with weights from the other."""

    def __init__(self, sample: Sample, fit: np.ndarray, check: np.ndarray) -> None:
        self.board = sample.board
        on_fit = np.flatnonzero(fit & (sample.weight > 0))
        on_check = np.flatnonzero(check & (sample.weight > 0))
        self.fit, self.check = on_fit, on_check
        self.y_fit, self.y_check = sample.target[on_fit], sample.target[on_check]
        self.w_fit, self.w_check = sample.weight[on_fit], sample.weight[on_check]
        mean = np.average(self.y_check, weights=self.w_check)
        self.total = float(self.w_check @ np.square(self.y_check - mean))

    def explained(self, columns: Sequence[np.ndarray]) -> float:
        """Share of the check half's variance; negative when worse than its mean."""
        weights, base = self.weights(columns)
        said = base + sum(
            w * column[self.check] for w, column in zip(weights, columns, strict=True)
        )
        error = float(self.w_check @ np.square(self.y_check - said))
        return 1 - error / max(self.total, 1e-30)

    def weights(self, columns: Sequence[np.ndarray]) -> tuple[np.ndarray, float]:
        """Non-negative weights and the base, learnt on the fit half."""
        x = np.column_stack([column[self.fit] for column in columns])
        many = self.w_fit.sum()
        means = self.w_fit @ x / many
        level = float(self.w_fit @ self.y_fit / many)
        root = np.sqrt(self.w_fit)[:, None]
        centred = (x - means) * root
        gram = centred.T @ centred
        side = centred.T @ ((self.y_fit - level) * root[:, 0])
        found = nonnegative(gram, side)
        return found, level - float(means @ found)


def fit_model(
    sample: Sample,
    *,
    both: np.ndarray | None = None,
    most: int = _MOST_PARTS,
    found: Sequence[ScoredRule] | None = None,
) -> AdditiveModel:
    """The model of a target over a board; parts learn from the fit half only.

    Use `relearnt` for the same parts learnt from everything. `found`: what a search has found for
    the first part, if one was made.
    """
    fit, check = halves(sample.board, both)
    learn = sample._replace(weight=np.where(fit, sample.weight, 0.0))
    judge = CrossFit(sample, fit, check)
    parts: list[Term] = []
    columns: list[np.ndarray] = []
    steps: list[float] = []
    rivals: tuple[ScoredRule, ...] = ()
    now = 0.0
    rest = sample
    said = np.zeros(len(sample.target))
    for number in range(most):
        learn_rest = learn._replace(target=rest.target)
        if not number or not any(part.table for part in parts):
            if number or found is None:
                found = search(rest, fit, check)
            if not number:
                rivals = tuple(independent(list(found), 12))
            options = _options(learn_rest, list(found))
        else:
            options = _quick_options(learn_rest, said)
        messy = any(part.table for part in parts)
        clear = False
        if parts and not messy:
            recall, precision = activity(judge, columns)
            if recall >= _WHOLE and precision >= _WHOLE:
                break  # all activity is accounted for; what is left is background
            clear = precision >= _CLEAR
        best: tuple[float, float, Term, np.ndarray] | None = None
        for part in options:
            if (clear and part.table) or not terms_allowed(sample.board, [part]):
                continue
            column = part.values(sample.board)
            if clear and _faint(judge, [*columns, column]):
                continue
            gained = judge.explained([*columns, column]) - now
            worth = gained * (_TABLE_PRICE if part.table and not messy else 1.0) - _price(part)
            if best is None or worth > best[0]:
                best = (worth, gained, part, column)
        if best is None or best[1] < max(_LEAST_GAIN, _LEAST_SHARE * now):
            break
        parts.append(best[2])
        columns.append(best[3])
        now += best[1]
        steps.append(now)
        weights, base = judge.weights(columns)
        said = base + np.tensordot(weights, np.stack(columns), 1)
        rest = sample._replace(target=np.where(sample.weight > 0, sample.target - said, 0.0))
    return AdditiveModel(tuple(parts), rivals, now, tuple(steps))


def relearnt(sample: Sample, parts: Sequence[Term]) -> list[Term]:
    """The same parts, their sets, levels and tables learnt again from the whole sample."""
    everything = sample.weight > 0
    judge = CrossFit(sample, everything, everything)
    out: list[Term] = []
    columns: list[np.ndarray] = []
    rest = sample
    for part in parts:
        new = _again(rest, part) or part
        out.append(new)
        columns.append(new.values(sample.board))
        weights, base = judge.weights(columns)
        said = base + sum(w * column for w, column in zip(weights, columns, strict=True))
        rest = sample._replace(target=np.where(everything, sample.target - said, 0.0))
    return out


def _again(sample: Sample, part: Term) -> Term | None:
    if part.table and part.axis is not None:
        return table(sample, part.axis)
    assert part.source is not None
    source = relearn(sample, part.source)
    rule = source
    if part.wide:
        first, rule = part.rule, widened(sample, source)
        if score_of(sample, first.mask(sample.board)) >= 0.985 * score_of(
            sample, rule.mask(sample.board)
        ):
            rule = first
    if part.axis is not None:
        found = graded(sample, rule, part.axis)
        return found and replace(found, source=source, wide=part.wide)
    return plain_term(rule, source=source, wide=part.wide)


def activity(judge: CrossFit, columns: Sequence[np.ndarray]) -> tuple[float, float]:
    """How much of a unit's activity rules account for, on the check half.

    A place is active from 0.35 of the way from the mean outside the rules to the mean inside.

    Returns:
        The share of active places where a rule holds, and of such places that are active.
    """
    held = np.max(columns, axis=0)[judge.check] > 0
    y, weight = judge.y_check, judge.w_check
    if not held.any() or held.all():
        return 0.0, 0.0
    inside = float(np.average(y[held], weights=weight[held]))
    outside = float(np.average(y[~held], weights=weight[~held]))
    active = y > outside + 0.35 * (inside - outside)
    both = float(weight[active & held].sum())
    return both / max(float(weight[active].sum()), 1e-9), both / float(weight[held].sum())


def _faint(judge: CrossFit, columns: Sequence[np.ndarray]) -> bool:
    """Whether the last part says of weak activations only, beside the parts before it."""
    weights, _ = judge.weights(columns)
    return weights[-1] < 0.3 * weights[:-1].max()


def _price(part: Term) -> float:
    if part.table:
        return 0.003
    tokens = sum(c.axis in TOKEN_AXES for level in part.levels for c in level.rule.clauses)
    return 0.001 * part.size + 0.0015 * math.log2(1 + _listed(part)) + 0.003 * bool(tokens)


def _options(learn: Sample, found: list[ScoredRule]) -> list[Term]:
    """Candidates for the next part: rules from a search, with and without levels, and tables."""
    out: dict[Rule, Term] = {}
    for item in independent(found, _TRIED):
        short, *wide = variants(learn, item.rule)
        out[short] = plain_term(short)
        for rule in wide:
            out[rule] = plain_term(rule, source=short, wide=True)
    more: list[Term] = []
    for rule, plain in list(out.items())[:_TRIED]:
        for axis in dict.fromkeys(c.axis for c in rule.clauses if _has_values(c)):
            part = graded(learn, rule, axis)
            if part is not None:
                more.append(replace(part, source=plain.source, wide=plain.wide))
    short = [part for part in (*out.values(), *more) if _listed(part) <= _MOST_LISTED]
    return [*short, *_tables(learn)]


def _quick_options(learn: Sample, said: np.ndarray) -> list[Term]:
    """Candidates once a table leads: tables, and single clauses everywhere or where it is high."""
    board = learn.board
    out = _tables(learn)
    high = board.counted & (said > np.quantile(said[board.counted], 0.93))
    rules = [Rule((split.clause,)) for split in splits(learn, board.counted, axes_of(board))[:8]]
    out += [plain_term(rule) for rule in rules]
    # where the sum so far is high, what raises or lowers it further
    leading = np.flatnonzero(np.bincount(board.axes["token"][high], minlength=board.size("token")))
    if 0 < len(leading) <= MOST_VALUES:
        base = Rule((Clause("token", frozenset(leading.tolist())),))
        region = base.mask(board)
        for split in splits(learn, region, axes_of(board), rule=base)[:8]:
            out.append(plain_term(base.and_(split.clause)))
    return out


def _tables(learn: Sample) -> list[Term]:
    found = [
        table(learn, axis) for axis in (*WORD_AXES, *TOKEN_AXES, "rank") if axis in learn.board.axes
    ]
    return [part for part in found if part is not None]


def _listed(part: Term) -> int:
    return sum(len(c.values) for level in part.levels for c in level.rule.clauses)


def _has_values(clause: Clause) -> bool:
    return not clause.negated and clause.axis in (*WORD_AXES, *TOKEN_AXES)
