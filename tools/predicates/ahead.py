"""Predicates that look ahead: a causal model's unit cannot depend on text behind the place.

`next`, `later`, positions from the end and what is repeated or counted behind the place are refused
where the target is causal. All other kinds are evaluated on what has been read up to the place: a
word holds at the token that completes it.
"""

from ..errors import UsageError
from .algorithms import Extreme, Tally
from .attends import Attends
from .brackets import Partner
from .context import Later, Next, Repeated
from .core import Predicate
from .like_text import LikeText

_CANNOT = "which a causal model cannot have read there; write"


def refuse_ahead(predicate: Predicate) -> None:
    """Checks a predictor of a causal target.

    Raises:
        UsageError: if a part of it looks ahead; says what to write instead.
    """
    for one in predicate.walk():
        if isinstance(one, Next | Later):
            instead = {"next": "previous", "later": "earlier"}[one.kind]
            raise UsageError(
                f"'{one.kind}' looks at text behind the place, {_CANNOT} what the place itself "
                f"holds and what stands before it ('{instead}', 'count')"
            )
        if isinstance(one, Attends) and one.to == "next":
            raise UsageError(
                "the token behind a place is one that a causal model cannot have read there; let "
                "'attends' be to previous, itself, copies, induction, first or delimiter"
            )
        if getattr(one, "from_end", False):
            raise UsageError(
                f"a position from the end depends on text behind the place, {_CANNOT} the position "
                "from the start (from_end false)"
            )
        if isinstance(one, LikeText) and one.ahead:
            raise UsageError(
                "this 'like' was fitted with text behind the place, which a causal model cannot "
                "have read there; fit it on this target"
            )
        if isinstance(one, Repeated | Tally | Extreme | Partner) and one.side != "before":
            raise UsageError(
                f"'{one.kind}' on that side depends on text behind the place, {_CANNOT} side "
                "'before'"
            )
