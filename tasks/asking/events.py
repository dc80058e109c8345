"""What a conversation says while it works: the doors (terminal, browser, Python) show these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...tools.evidence import Evidence


@dataclass(frozen=True)
class Words:
    """A piece of what the planner writes, as it writes it."""

    text: str


@dataclass(frozen=True)
class Calling:
    """A tool is about to run."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """A tool has run; its failure is evidence too, with `error`."""

    evidence: Evidence


@dataclass(frozen=True)
class Consent:
    """A costly tool waits for leave: go on with `conversation.go_on(allowed=...)`."""

    tool: str
    arguments: Mapping[str, Any]
    cost: str
    """What it would cost, in words."""
    call: str = field(default="", compare=False)
    """The id of the call, which the leave is for."""


@dataclass(frozen=True)
class Spent:
    """What the question has cost so far."""

    left: str
    """What is left of the budget, in words."""
    meter: Mapping[str, float]


@dataclass(frozen=True)
class Claim:
    """One sentence of an answer."""

    text: str
    evidence: tuple[str, ...] = ()
    """Ids of results that it cites and that exist."""
    opinion: bool = False
    """It claims something and cites no result."""
    begins: bool = False
    """It begins a line of the answer."""
    missing: tuple[str, ...] = ()
    """Numbers that it states and that stand in none of the results that it cites."""

    @property
    def mark(self) -> str:
        """What a reader is told of it: `opinion`, `not in E3: 42`, or nothing."""
        if self.opinion:
            return "opinion"
        return f"not in {', '.join(self.evidence)}: {', '.join(self.missing)}" * bool(self.missing)


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
    """`answered`, `budget`, `stopped` or `failed`."""
    reason: str | None = None
    """Why it ended otherwise than with an answer."""

    def _repr_html_(self) -> str:
        """The answer in a notebook."""
        from .answer_html import answer_html

        return answer_html(self)


Event = Words | Calling | Found | Consent | Spent | Answer
