"""What is put together: predicates, and clauses of a label, each said once."""

import re
from collections.abc import Sequence
from typing import Any


def any_of(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """`or` of predicates; one stays as it is."""
    return items[0] if len(items) == 1 else {"kind": "or", "of": list(items)}


def all_of(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """`and` of predicates; one stays as it is."""
    return items[0] if len(items) == 1 else {"kind": "and", "of": list(items)}


def without_repeats(clauses: Sequence[tuple[str, int]]) -> list[str]:
    """The clauses without repeats, in order.

    Of two clauses of which one has all the words of the other, in a row, the one that holds at more
    places stays: "star" rather than "star at the top", "star or moon" rather than "star".

    Args:
        clauses: Words, and the number of places where they hold.
    """
    kept: list[tuple[str, int]] = []
    for words, places in sorted(clauses, key=lambda clause: -clause[1]):
        if not any(_contains(words, other) or _contains(other, words) for other, _ in kept):
            kept.append((words, places))
    left = {words for words, _ in kept}
    return list(dict.fromkeys(words for words, _ in clauses if words in left))


def _contains(one: str, other: str) -> bool:
    a, b = (" ".join(re.findall(r"[^\s,;]+", words.lower())) for words in (one, other))
    return f" {b} " in f" {a} "
