"""Clauses and rules: what the search composes, as masks over a feature table and as predicates.

A clause asks one thing of a place: that its value on an axis is in a set, that a group holds
there, a flag, or a stretch of positions. A rule is a conjunction of clauses.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..wording import all_of, any_of
from .axes import TOKEN_AXES, WORD_AXES, is_context, step_of
from .feature_table import FeatureTable

ABLATIONS = ("concept", "words", "previous", "earlier", "position", "shape", "regex", "not")
"""Kinds of predicates that the search can do without; `words` are lists of words and of tokens."""


@dataclass(frozen=True)
class Clause:
    """One condition on a place."""

    axis: str
    """An axis of the feature table, `flag` or `position`."""
    values: frozenset[int] = frozenset()
    """Values of the axis (its words or tokens), or the one flag."""
    groups: frozenset[int] = frozenset()
    """Groups of words, for word and context axes; the clause holds where any of either does."""
    span: tuple[int, int | None, bool] = (0, None, False)
    """Start, stop and from-the-end, for positions."""
    negated: bool = False
    unseen: frozenset[str] = frozenset()
    """Words beside the values that explore does not have; for word and context axes."""
    called: str = ""
    """What its words are called, where a concept has most of them but not exactly them."""
    started: bool = False
    """Whether its words are tokens that begin a word: `new` in `newest` too, if it is so cut."""

    @property
    def size(self) -> int:
        """How many things the clause names."""
        return max(1, len(self.values) + len(self.groups) + len(self.unseen))

    def mask(self, features: FeatureTable) -> np.ndarray:
        """bool, flat: where the clause holds."""
        held = self._held(features)
        return ~held if self.negated else held

    def _held(self, features: FeatureTable) -> np.ndarray:
        if self.axis == "flag":
            (flag,) = self.values
            return features.held[flag] > 0.5
        if self.axis == "position":
            start, stop, from_end = self.span
            at = features.from_end if from_end else features.rank
            return features.counted & (at >= start) & (at < (stop if stop is not None else 10**9))
        if is_context(self.axis):
            known = self.axis in features.context and not (self.started or self.unseen)
            return self._somewhere(features) if known else self._near(features)
        if self.started:
            spelled = [features.spelled(pattern) for pattern in self._patterns(features)]
            return np.logical_or.reduce([features.started(self._named(features)), *spelled])
        chosen = np.zeros(features.size(self.axis) + 1, bool)  # the last entry is for "none"
        chosen[list(self.values)] = True
        for group in self.groups:
            chosen[features.members[group].indices] = True
        return chosen[features.axes[self.axis]]

    def _somewhere(self, features: FeatureTable) -> np.ndarray:
        rows, width = features.shape
        edges = np.zeros((rows, width + 1), np.int32)
        for table, picked in zip(
            features.context[self.axis], (self.values, self.groups), strict=True
        ):
            for value in picked:
                part = slice(table.indptr[value], table.indptr[value + 1])
                np.add.at(edges, (table.row[part], table.start[part]), 1)
                np.add.at(edges, (table.row[part], table.stop[part]), -1)
        return (edges[:, :-1].cumsum(axis=1) > 0).ravel()

    def _patterns(self, features: FeatureTable) -> list[str]:
        """Spellings among the groups; concepts are not meant where tokens are."""
        groups = [features.groups[at] for at in sorted(self.groups)]
        return [str(g.predicate["pattern"]) for g in groups if not g.concept]

    def _named(self, features: FeatureTable) -> frozenset[str]:
        return frozenset(features.names[at] for at in self.values) | self.unseen

    def _near(self, features: FeatureTable) -> np.ndarray:
        """Where a word occurs at most so many tokens before, whatever the number."""
        reach = int(self.axis.partition("_")[2] or features.shape[1])
        here = replace(self, axis="word", negated=False)._held(features).reshape(features.shape)
        sums = np.pad(here.cumsum(axis=1), ((0, 0), (reach + 1, 0)))
        width = features.shape[1]
        return (sums[:, reach : reach + width] > sums[:, :width]).ravel()

    def predicate(self, features: FeatureTable) -> dict[str, Any]:
        """The clause as predicate JSON."""
        inner = self._asked(features)
        return {"kind": "not", "of": inner} if self.negated else inner

    def _asked(self, features: FeatureTable) -> dict[str, Any]:
        if self.axis == "flag":
            (flag,) = self.values
            return dict(features.flags[flag])
        if self.axis == "rank":
            return any_of([_stretch(*run) for run in runs(self.values)])
        if self.axis == "position":
            start, stop, from_end = self.span
            return {"kind": "position", "start": start, "stop": stop, "from_end": from_end}
        of = any_of(self.things(features))
        if is_context(self.axis):
            return somewhere(self.axis, of)
        if self.axis.startswith(("previous", "next")):
            kind, _, rest = self.axis.partition("_")
            by = "token" if "token" in rest or features.symbols else "word"
            return {"kind": kind, "of": of, "distance": step_of(self.axis), "by": by}
        return of

    def things(self, features: FeatureTable) -> list[dict[str, Any]]:
        """Predicates of the groups and of the values, without the relation."""
        named = [dict(features.groups[at].predicate) for at in sorted(self.groups)]
        if self.started:
            named = [
                {"kind": "regex", "pattern": of_token(pattern), "on": "token"}
                for pattern in self._patterns(features)
            ]
        if not self.values and not self.unseen:
            return named
        if self.axis in TOKEN_AXES:
            vocabulary = features.windows.vocabulary
            tokens = sorted({vocabulary[at] for at in self.values})
            return [*named, {"kind": "tokens", "tokens": tokens}]
        if self.started:
            tokens = sorted(features.tokens_of(self._named(features)))
            start = {"kind": "shape", "shape": "word_start"}
            return [*named, all_of([{"kind": "tokens", "tokens": tokens}, start])]
        words = sorted({*(features.names[at] for at in self.values), *self.unseen})
        if features.symbols:
            return [*named, {"kind": "tokens", "tokens": words}]
        return [*named, {"kind": "words", "words": words, "inflect": False}]


@dataclass(frozen=True)
class Rule:
    """A conjunction of clauses; the first is its base."""

    clauses: tuple[Clause, ...] = ()

    def and_(self, clause: Clause) -> "Rule":
        """The rule narrowed by a clause."""
        return Rule((*self.clauses, clause))

    def with_clause(self, at: int, **changes: Any) -> "Rule":
        """The rule with one clause changed."""
        clauses = list(self.clauses)
        clauses[at] = replace(clauses[at], **changes)
        return Rule(tuple(clauses))

    def without(self, at: int) -> "Rule":
        """The rule with one clause less."""
        return Rule(self.clauses[:at] + self.clauses[at + 1 :])

    def mask(self, features: FeatureTable) -> np.ndarray:
        """bool, flat: where the rule holds, counted places only."""
        held = features.counted.copy()
        for clause in self.clauses:
            held &= clause.mask(features)
        return held

    @property
    def signature(self) -> tuple[tuple[str, bool], ...]:
        """The axes it uses, whatever the sets."""
        return tuple((clause.axis, clause.negated) for clause in self.clauses)

    def predicate(self, features: FeatureTable) -> dict[str, Any]:
        """The rule as predicate JSON: conditions joined by `and`, exclusions by `except`."""
        asked = [c.predicate(features) for c in self.clauses if not c.negated]
        barred = [replace(c, negated=False).predicate(features) for c in self.clauses if c.negated]
        if not asked:
            return all_of([{"kind": "not", "of": item} for item in barred])
        of = all_of(asked)
        return {"kind": "except", "of": of, "but": any_of(barred)} if barred else of


def somewhere(axis: str, of: dict[str, Any]) -> dict[str, Any]:
    """A context axis as a predicate."""
    side, _, reach = axis.partition("_")
    if side == "elsewhere":
        return any_of([{"kind": kind, "of": of} for kind in ("earlier", "later")])
    if reach == "1":
        kind = {"earlier": "previous", "later": "next"}[side]
        return {"kind": kind, "of": of, "distance": 1, "by": "token"}
    return {"kind": side, "of": of, "within": int(reach) if reach else None}


def runs(values: frozenset[int]) -> list[tuple[int, int]]:
    """Stretches of consecutive numbers, as start and stop."""
    results: list[tuple[int, int]] = []
    for value in sorted(values):
        if results and results[-1][1] == value:
            results[-1] = (results[-1][0], value + 1)
        else:
            results.append((value, value + 1))
    return results


def _stretch(start: int, stop: int) -> dict[str, Any]:
    return {"kind": "position", "start": start, "stop": stop, "from_end": False}


def of_token(pattern: str) -> str:
    """A pattern for words as one for tokens, which may start with a space."""
    return pattern.replace("^", "^\\s*", 1)


def speaks_of_words(axis: str) -> bool:
    """Whether groups of words apply to an axis."""
    return axis in WORD_AXES or is_context(axis)


def clause_allowed(features: FeatureTable, clause: Clause) -> bool:
    """Whether a clause does without what was taken away."""
    without = features.without
    if without is None:
        return True
    side, _, reach = clause.axis.partition("_")
    beside = side in ("previous", "next") or (side in ("earlier", "later") and reach == "1")
    around = side in ("earlier", "later", "elsewhere") and not beside
    concepts = [features.groups[at].concept for at in clause.groups]
    uses = {
        "concept": any(concepts) or bool(clause.called),
        "words": clause.axis not in ("flag", "rank") and bool(clause.values or clause.unseen),
        "previous": beside,
        "earlier": around,
        "position": clause.axis in ("position", "rank"),
        "shape": clause.axis == "flag",
        "regex": not all(concepts),
        "not": clause.negated,
    }
    return not uses[without]


def allowed(features: FeatureTable, rule: Rule) -> bool:
    """Whether a rule does."""
    return features.without is None or all(clause_allowed(features, c) for c in rule.clauses)
