"""From words that were scanned one by one to the clauses that name them."""

from collections.abc import Collection, Mapping

from .feature_table import FeatureTable
from .rules import Clause

_SHARE = 0.7  # of the words, that a concept must have to lend them its name
_TESTED = 0.5  # of a concept's tested words, that must be among them
_LEAST = 3
_EXCEPTIONS = 4  # words of the concept that may be named as exceptions


def clauses_of(
    board: FeatureTable,
    axis: str,
    words: Collection[str],
    *,
    off: Collection[str] = (),
    concepts: Mapping[str, Collection[str]],
    started: bool = False,
) -> tuple[Clause, ...]:
    """Clauses that hold for exactly these words, named after a concept where one fits.

    Args:
        board: Whose words have numbers.
        axis: Where the words stand.
        words: The words.
        off: Words that were tested and are not among them.
        concepts: The base words of each concept.
        started: Whether tokens that begin a word are meant, and not whole words.
    """
    found, barred = set(words), set(off) - set(words)

    def clause(names: Collection[str], *, negated: bool = False, called: str = "") -> Clause:
        return Clause(
            axis,
            frozenset(board.ids_of(names)),
            negated=negated,
            unseen=frozenset(name for name in names if name not in board.index),
            called=called,
            started=started,
        )

    best, called, left_out = 0.0, "", set()
    for name, members in concepts.items():
        inside = found & set(members)
        wrong = barred & set(members)
        share = len(inside) / max(1, len(found))
        tested = len(inside) / max(1, len(inside) + len(wrong))
        if len(inside) < _LEAST or share < _SHARE or tested < _TESTED:
            continue
        if share + tested > best:
            best, called, left_out = share + tested, name, wrong
    whole = clause(found, called=called)
    if not 0 < len(left_out) <= _EXCEPTIONS:
        return (whole,)
    return (whole, clause(left_out, negated=True))
