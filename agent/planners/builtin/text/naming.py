"""From words that were scanned one by one to rules: named by concepts, by spelling, by context."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from .feature_table import FeatureTable
from .rules import Clause, Rule
from .scan import FARTHEST
from .terms import Level, Term, plain_term

_SHARE = 0.7  # of the words, that a concept must have to lend them its name
_TESTED = 0.5  # of a concept's tested words, that must be among them
_LEAST = 3
_EXCEPTIONS = 4  # words of the concept that may be named as exceptions
_LEAST_SPELLED = 5
_SPELLED = 0.9  # F1 over words, from which a spelling stands for them
_BETTER = 0.005  # F1 that another spelling, taken away, has to gain


def clauses_of(
    features: FeatureTable,
    axis: str,
    words: Collection[str],
    *,
    off: Collection[str] = (),
    concepts: Mapping[str, Collection[str]],
    started: bool = False,
) -> tuple[Clause, ...]:
    """Clauses that hold for exactly these words, named after a concept where one fits.

    Args:
        features: Whose words have numbers.
        axis: Where the words stand.
        words: The words.
        off: Words that were tested and are not among them.
        concepts: The base words of each concept.
        started: Whether tokens that begin a word are meant, and not whole words.
    """
    results, barred = set(words), set(off) - set(words)

    def clause(names: Collection[str], *, negated: bool = False, called: str = "") -> Clause:
        return Clause(
            axis,
            frozenset(features.ids_of(names)),
            negated=negated,
            unseen=frozenset(name for name in names if name not in features.index),
            called=called,
            started=started,
        )

    best, called, left_out = 0.0, "", set()
    for name, members in concepts.items():
        inside = results & set(members)
        wrong = barred & set(members)
        share = len(inside) / max(1, len(results))
        tested = len(inside) / max(1, len(inside) + len(wrong))
        if len(inside) < _LEAST or share < _SHARE or tested < _TESTED:
            continue
        if share + tested > best:
            best, called, left_out = share + tested, name, wrong
    whole = clause(results, called=called)
    if not 0 < len(left_out) <= _EXCEPTIONS:
        return (whole,)
    return (whole, clause(left_out, negated=True))


def spelling(
    features: FeatureTable, tested: Collection[str], at: Collection[str], *, tokens: bool = False
) -> list[Term]:
    """A rule about the spelling of words for those at which a unit is on; empty if none fits."""
    names = [n for n in features.names if n in tested]
    if len(at) < _LEAST_SPELLED or not names:
        return []
    asked, on = np.zeros(len(features.names)), np.zeros(len(features.names))
    asked[features.ids_of(names)] = 1
    on[features.ids_of(at)] = 1
    spelled = [number for number, group in enumerate(features.groups) if not group.concept]
    if not spelled:
        return []
    held = features.members[spelled]  # [group, word]
    best = int(_f1(held, asked, on).argmax())
    group = held[best]
    inside = asked * group.toarray()[0]
    f1 = float(_f1(group, asked, on)[0])
    clauses = [Clause("word", groups=frozenset((spelled[best],)), started=tokens)]
    less = _f1_without(held, inside, on)
    worst = int(less.argmax())
    if less[worst] > f1 + _BETTER:
        f1 = float(less[worst])
        barred = frozenset((spelled[worst],))
        clauses.append(Clause("word", groups=barred, negated=True, started=tokens))
    return [plain_term(Rule(tuple(clauses)))] if f1 >= _SPELLED else []


def _f1(held: Any, asked: np.ndarray, on: np.ndarray) -> np.ndarray:
    """F1 of each group over the words asked, `[group]`."""
    return 2 * (held @ on) / np.maximum(held @ asked + on.sum(), 1)


def _f1_without(held: Any, inside: np.ndarray, on: np.ndarray) -> np.ndarray:
    """F1 of the words `inside`, each group taken away from them, `[group]`."""
    both = (inside * on).sum() - held @ (inside * on)
    return 2 * both / np.maximum(inside.sum() - held @ inside + on.sum(), 1)


def axis_of(reach: int) -> str:
    """The axis of words that stand at most so many tokens before."""
    return "earlier" if reach >= FARTHEST else f"earlier_{max(1, reach)}"


def speaks_here(part: Term) -> bool:
    """Whether a part asks what the word or token itself is."""
    return any(c.axis in ("word", "token", "flag") for c in part.rule.clauses)


def narrowed(part: Term, clause: Clause) -> Term:
    """The part where a clause holds too."""
    levels = tuple(Level(rule.and_(clause), value) for rule, value in part.levels)
    stated = part.stated and part.stated.and_(clause)
    return replace(part, levels=levels, stated=stated)
