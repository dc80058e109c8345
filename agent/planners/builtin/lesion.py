"""Lesions: one kind of predicate taken away from the search, to see what it was worth.

What is left has to do: quality should fall by degrees, and confidence with it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .board import Board
    from .clause import Clause, Rule
    from .parts import Part

KINDS = ("concept", "words", "previous", "earlier", "position", "shape", "regex", "not")
"""What can be taken away; `words` are lists of words and of tokens."""


def clause_allowed(board: "Board", clause: "Clause") -> bool:
    """Whether a clause does without what was taken away."""
    without = board.without
    if without is None:
        return True
    side, _, reach = clause.axis.partition("_")
    beside = side in ("previous", "next") or (side in ("earlier", "later") and reach == "1")
    around = side in ("earlier", "later", "elsewhere") and not beside
    concepts = [board.groups[at].concept for at in clause.groups]
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


def allowed(board: "Board", rule: "Rule") -> bool:
    """Whether a rule does."""
    return board.without is None or all(clause_allowed(board, c) for c in rule.clauses)


def parts_allowed(board: "Board", parts: Sequence["Part"]) -> bool:
    """Whether parts do, with all their levels."""
    return all(allowed(board, level.rule) for part in parts for level in part.levels)
