"""What a conversation knows, in plain JSON types, so that it can be kept and gone on with."""

from typing import Any, NotRequired, Protocol, TypedDict

from ...agent.state import Left, Message
from ...tools.lab import Lab


class Turn(TypedDict):
    """One question with its answer."""

    question: str
    text: str
    """The answer as the planner wrote it; empty where there was none."""
    evidence: list[str]
    """Ids of the results that were made for it, in order."""
    ended: str
    """`answered`, `budget`, `stopped` or `failed`."""
    reason: str | None
    spent: dict[str, float]


class Talk(TypedDict):
    """The state of a conversation's graph."""

    messages: list[Message]
    """The whole conversation: system, then question, calls, results and answer of each turn."""
    earlier: list[Turn]
    """The turns before this one."""
    question: str
    found: list[str]
    """Ids of the results made for this question so far, failed calls among them."""
    step: int
    """Messages of the planner to this question so far."""
    last: bool
    """The budget is nearly spent: the planner has been told to answer now."""
    left: Left
    """What was left of the question's budget before the last turn of the planner."""
    turns: list[Left]
    """What each turn took."""
    text: str | None
    """The answer, once there is one."""
    ended: str | None
    reason: str | None
    evidence: int
    """How many results the conversation has; they are kept beside the state."""
    spent: dict[str, float]
    """The meter's counts since the question was put."""
    refused: list[str]
    """Ids of the costly calls of the last message that the person did not allow."""
    allowed: list[str]
    """And of those that the person did."""


class Waiting(TypedDict):
    """A costly call that waits for leave, as the graph keeps it."""

    tool: str
    arguments: dict[str, Any]
    cost: str
    call: NotRequired[str]


class Answers(Protocol):
    """Chooses what to do for a question: tool calls, or the answer as text without calls."""

    name: str

    def next(self, state: Talk) -> Message:
        """The next assistant message in Chat Completions form."""
        ...


class AnswersFactory(Protocol):
    """Makes what answers, for one conversation."""

    @property
    def name(self) -> str:
        """As the user names it, such as `builtin` or `openai:MODEL`."""
        ...

    def __call__(self, lab: Lab) -> Answers: ...
