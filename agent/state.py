"""What a loop knows, in plain JSON types, so that a checkpoint is small and readable."""

import operator
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Protocol, TypedDict

from ..tools.lab import Lab
from .budget import Remaining

Message = dict[str, Any]
"""One Chat Completions message, as on the wire."""


class LoopState(TypedDict):
    """The state of the tool-calling loop (`loop.py`)."""

    messages: Annotated[list[Message], operator.add]
    """The conversation. It only grows, so that endpoints find its beginning in their cache."""
    reply: Message | None
    """The planner's last message, until its calls were run; then it stands in `messages`."""
    decisions: dict[str, bool]
    """Whether a person allowed the calls of `reply` that need approval, by the id of the call."""
    calls: dict[str, list[str]]
    """Ids of the results so far, by call, to notice repeats."""
    step: int
    """Turns of the planner so far."""
    idle: int
    """Turns in a row that brought no new result."""
    last: bool
    """The budget is nearly exhausted: the planner has been told to conclude."""
    remaining: Remaining
    """What remained of the budget before the last turn of the planner."""
    turns: list[Remaining]
    """What each turn so far took of the budget."""
    evidence: int
    """How many results there are; a checkpoint keeps them beside the state."""
    usage: dict[str, float]
    """The meter's counts, so that a resumed run goes on with its budget."""
    ended: str | None
    """Why the loop ended, such as `concluded`, `answered`, `budget`, `stuck` or `failed`."""
    reason: str | None
    """More about the end, where it was not an ordinary one."""


def first_state(
    messages: Sequence[Message], remaining: Remaining, usage: Mapping[str, float]
) -> LoopState:
    """The state in which a run begins."""
    return LoopState(
        messages=list(messages),
        reply=None,
        decisions={},
        calls={},
        step=0,
        idle=0,
        last=False,
        remaining=remaining,
        turns=[],
        evidence=0,
        usage=dict(usage),
        ended=None,
        reason=None,
    )


class State(LoopState):
    """The state of an investigation."""

    unit: str
    """`mlp.3/7`, with its sign."""
    ledger: list[dict[str, Any]]
    """The hypothesis ledger, one row a hypothesis (see `ledger.py`)."""
    conclusion: dict[str, Any] | None
    """The description, as a dict, once concluded."""
    sent_back: int
    """How often a conclusion was sent back."""


class Planner(Protocol):
    """Chooses the next act of an investigation, or of a conversation, and knows its lab.

    A planner that reads nothing but the state may set `resumable = True`: an interrupted
    investigation then goes on from its checkpoint, and otherwise starts again.
    """

    name: str

    def next(self, state: Any) -> Message:
        """The next assistant message, with tool calls or as an answer; may use `lab.meter`."""
        ...


class PlannerFactory(Protocol):
    """Makes a planner for one lab."""

    @property
    def name(self) -> str:
        """As the user names it, such as `builtin` or `openai:MODEL`."""
        ...

    def __call__(self, lab: Lab) -> Planner: ...
