"""Rules amended by what scans say: narrowed by what stands before, or named by their spelling."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from .feature_table import FeatureTable
from .rules import Clause, Rule
from .scan import FARTHEST
from .terms import Level, Term, plain_term

_LEAST_SPELLED = 5
_SPELLED = 0.9  # F1 over words, from which a spelling stands for them
_BETTER = 0.005  # F1 that another spelling, taken away, has to gain


def spelling(
    board: FeatureTable, tested: Collection[str], at: Collection[str], *, tokens: bool = False
) -> list[Term]:
    """A rule about the spelling of words for those at which a unit is on; empty if none fits."""
    names = [n for n in board.names if n in tested]
    if len(at) < _LEAST_SPELLED or not names:
        return []
    asked, on = np.zeros(len(board.names)), np.zeros(len(board.names))
    asked[board.ids_of(names)] = 1
    on[board.ids_of(at)] = 1
    spelled = [number for number, group in enumerate(board.groups) if not group.concept]
    held = board.members[spelled]  # [group, word]
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
    source = part.source and part.source.and_(clause)
    return replace(part, levels=levels, source=source, said=part.said and part.said.and_(clause))
