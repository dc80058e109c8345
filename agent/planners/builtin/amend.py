"""Rules amended by what scans say: narrowed by what stands before, or named by their spelling."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from .board import Board
from .clause import Clause, Rule
from .parts import Level, Part, plain_part
from .scan import FARTHEST

_LEAST_SPELLED = 5
_SPELLED = 0.9  # F1 over words, from which a spelling stands for them


def spelling(
    board: Board, tested: Collection[str], at: Collection[str], *, tokens: bool = False
) -> list[Part]:
    """A rule about the spelling of words for those at which a unit is on; empty if none fits."""
    names = [n for n in board.names if n in tested]
    if len(at) < _LEAST_SPELLED or not names:
        return []
    index = {name: number for number, name in enumerate(board.names)}
    asked, on = np.zeros(len(board.names)), np.zeros(len(board.names))
    asked[[index[name] for name in names]] = 1
    on[[index[name] for name in at if name in index]] = 1
    both = board.members @ on
    f1 = 2 * both / np.maximum(board.members @ asked + on.sum(), 1)
    f1[[number for number, group in enumerate(board.groups) if group.concept]] = 0
    best = int(f1.argmax())
    if f1[best] < _SPELLED:
        return []
    return [plain_part(Rule((Clause("word", groups=frozenset((best,)), started=tokens),)))]


def axis_of(reach: int) -> str:
    """The axis of words that stand at most so many tokens before."""
    return "earlier" if reach >= FARTHEST else f"earlier_{max(1, reach)}"


def speaks_here(part: Part) -> bool:
    """Whether a part asks what the word or token itself is."""
    return any(c.axis in ("word", "token", "flag") for c in part.rule.clauses)


def narrowed(part: Part, clause: Clause) -> Part:
    """The part where a clause holds too."""
    levels = tuple(Level(rule.and_(clause), value) for rule, value in part.levels)
    source = part.source and part.source.and_(clause)
    return replace(part, levels=levels, source=source, said=part.said and part.said.and_(clause))
