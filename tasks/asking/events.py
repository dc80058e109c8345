"""What a conversation says while it works: the doors (terminal, browser, Python) show these."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ...tools.evidence import Evidence
from .claims import Claim


@dataclass(frozen=True)
class TextDelta:
    """A piece of what the planner writes, as it writes it."""

    text: str


@dataclass(frozen=True)
class ToolCall:
    """A tool is about to run."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class ToolResult:
    """A tool has run; its failure is evidence too, with `error`."""

    evidence: Evidence


@dataclass(frozen=True)
class ApprovalRequest:
    """A costly tool waits for approval: go on with `conversation.go_on(allowed=...)`."""

    tool: str
    arguments: Mapping[str, Any]
    cost: str
    """What it would cost, in words."""
    call: str = field(default="", compare=False)
    """The id of the call, which the approval is for."""


@dataclass(frozen=True)
class BudgetUpdate:
    """What the question has used so far."""

    remaining: str
    """What remains of the budget, in words."""
    meter: Mapping[str, float]


SPOKEN = ("answered", "unanswered")
"""Ends with words; `unanswered`: these say that the question cannot be answered."""


@dataclass(frozen=True)
class Answer:
    """The end of a question."""

    question: str
    text: str
    """As the planner wrote it."""
    claims: tuple[Claim, ...]
    """The text, sentence by sentence."""
    evidence: tuple[Evidence, ...] = ()
    """The results that it cites, of this question or an earlier one."""
    spent: Mapping[str, float] = field(default_factory=dict)
    """Of this question: tokens_in, tokens_cached, tokens_out, cost, seconds, ..."""
    ended: str = "answered"
    """One of `SPOKEN`, `budget`, `stopped` or `failed`."""
    reason: str | None = None
    """Why it ended otherwise than with an answer."""

    _repr_html_: ClassVar[Callable[["Answer"], str] | None] = None
    """The answer in a notebook; `answer_html.py` registers itself here."""


Event = TextDelta | ToolCall | ToolResult | ApprovalRequest | BudgetUpdate | Answer
