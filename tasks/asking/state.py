"""What a conversation knows, in plain JSON types, so that it can be kept and gone on with."""

import operator
from typing import Annotated, Any, NotRequired, TypedDict

from ...agent.state import LoopState


class Turn(TypedDict):
    """One question with its answer."""

    question: str
    text: str
    """The answer as the planner wrote it; empty where there was none."""
    evidence: list[str]
    """Ids of the results that were made for it, in order."""
    ended: str
    """`answered`, `unanswered`, `budget`, `stopped` or `failed`."""
    reason: str | None
    spent: dict[str, float]


class ConversationState(LoopState):
    """The state of a conversation's loop. All but messages and turns is of the present question."""

    earlier: Annotated[list[Turn], operator.add]
    """The turns before this one."""
    question: str
    found: list[str]
    """Ids of the results made for this question so far, failed calls among them."""
    text: str | None
    """The answer, once there is one."""


class Waiting(TypedDict):
    """A costly call that waits for approval, as the graph keeps it."""

    tool: str
    arguments: dict[str, Any]
    cost: str
    call: NotRequired[str]
