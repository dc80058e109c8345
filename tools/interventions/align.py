"""Which place of one prompt stands for which place of another.

Prompts of one length go place by place. Otherwise what they begin and end with in common is
aligned, and what lies between is left out, where only one reading is possible: no token of one
middle occurs in the other, and the part that one prompt has more could not lie elsewhere (`a a b`
beside `a b`: which `a` is the new one?). Everything else is refused.
"""

from typing import NamedTuple

from ..errors import UsageError
from ..metrics.prompt import Prompt


class Alignment(NamedTuple):
    """Pairs of places that stand for each other."""

    first: tuple[int, ...]
    second: tuple[int, ...]
    note: str = ""
    """What a report has to say of it."""


def align(one: Prompt, other: Prompt) -> Alignment:
    """Aligns two prompts by token.

    Raises:
        UsageError: if there is more than one way, or they do not end alike.
    """
    a, b = one.ids[0].tolist(), other.ids[0].tolist()
    if len(a) == len(b):
        places = tuple(range(len(a)))
        return Alignment(places, places)
    shorter = min(len(a), len(b))
    head = next((i for i in range(shorter) if a[i] != b[i]), shorter)
    tail = next((i for i in range(shorter) if a[-1 - i] != b[-1 - i]), shorter)
    sizes = f"the prompts have {len(a)} and {len(b)} tokens"
    if not tail:
        raise UsageError(
            f"{sizes} and do not end with the same token, so their last places do not stand for "
            "each other; make them equally long or end them alike"
        )
    if head + tail > shorter:
        raise UsageError(
            f"{sizes}, and the part that one has more could lie in more than one place; make them "
            "equally long"
        )
    middle = set(a[head : len(a) - tail]) & set(b[head : len(b) - tail])
    if middle:
        raise UsageError(
            f"{sizes}, and where they differ (from token {head} on) they share tokens, so that "
            "they can be aligned in more than one way; make them equally long"
        )
    first = (*range(head), *range(len(a) - tail, len(a)))
    second = (*range(head), *range(len(b) - tail, len(b)))
    left = len(a) - head - tail, len(b) - head - tail
    return Alignment(
        first,
        second,
        f"{sizes}: aligned by token; {left[0]} and {left[1]} tokens from token {head} on have no "
        "counterpart and are left as they are",
    )
