"""Predicates that look ahead: a causal model's unit cannot depend on text behind the place.

`next`, `later`, positions from the end and what is repeated or counted behind the place are refused
where the target is causal. All other kinds are evaluated on what has been read up to the place: a
word holds at the token that completes it.
"""

from ..errors import UsageError
from .algorithms import Extreme, Tally
from .context import Later, Next, Repeated
from .core import Predicate


def refuse_ahead(predicate: Predicate) -> None:
    """Checks a predictor of a causal target.

    Raises:
        UsageError: if a part of it looks ahead; says what to write instead.
    """
    if isinstance(predicate, Next | Later):
        instead = {"next": "previous", "later": "earlier"}[predicate.kind]
        raise UsageError(
            f"'{predicate.kind}' looks at text behind the place, which a causal model cannot have "
            f"read there; write what the place itself holds and what stands before it "
            f"('{instead}', 'count')"
        )
    if getattr(predicate, "from_end", False):
        raise UsageError(
            "a position from the end depends on text behind the place, which a causal model "
            "cannot have read there; write the position from the start (from_end false)"
        )
    if getattr(predicate, "ahead", False) is True and predicate.kind == "like":
        raise UsageError(
            "this 'like' was fitted with text behind the place, which a causal model cannot have "
            "read there; fit it on this target"
        )
    if isinstance(predicate, Repeated) and predicate.side != "before":
        raise UsageError(
            "'repeated' on that side depends on text behind the place, which a causal model cannot "
            "have read there; write side 'before'"
        )
    if isinstance(predicate, Tally | Extreme) and predicate.side != "before":
        raise UsageError(
            f"'{predicate.kind}' on that side depends on text behind the place, which a causal "
            "model cannot have read there; write side 'before'"
        )
    for part in predicate.parts():
        refuse_ahead(part)
