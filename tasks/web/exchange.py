"""One question with what was done for it and its answer, gathered from events, and as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..asking.answer_html import ending, experiment, sentence_views, titles
from ..asking.claims import Claim, cited, claims
from ..asking.conversation import Conversation
from ..asking.events import (
    SPOKEN,
    Answer,
    ApprovalRequest,
    BudgetUpdate,
    Event,
    TextDelta,
    ToolResult,
)
from ..report.usage import spent_words
from .rendering import drawn

_TITLE = 160


@dataclass
class Exchange:
    """A question, its experiments and its answer, as far as they are there."""

    question: str
    items: list[dict[str, Any]] = field(default_factory=list)
    """What was said and done, in order: `words`, or an `evidence` of `experiment_view`."""
    sentences: list[dict[str, Any]] = field(default_factory=list)
    waiting: ApprovalRequest | None = None
    left: str = ""
    spent: str = ""
    ended: str = ""
    heard: int = 0
    """Counts what was heard."""

    def hear(self, event: Event, conversation: Conversation) -> None:
        """Takes an event in."""
        if isinstance(event, TextDelta):
            if self.items and self.items[-1]["kind"] == "words":
                self.items[-1]["text"] += event.text
            else:
                self.items.append({"kind": "words", "text": event.text})
        elif isinstance(event, ToolResult):
            self.items.append(experiment(event.evidence, conversation.thread.pictures))
        elif isinstance(event, ApprovalRequest):
            self.waiting = event
        elif isinstance(event, BudgetUpdate):
            self.left, self.spent = event.remaining, spent_words(event.meter)
        elif isinstance(event, Answer):
            self._answered(event, conversation)
        self.heard += 1

    def fail(self, error: Exception) -> None:
        """The work broke off."""
        self.ended = f"It broke off: {' '.join(str(error).split())[:300]}"
        self.heard += 1

    def html(self, *, busy: bool = False) -> str:
        """The exchange on the page."""
        return drawn("exchange.html", one=self, busy=busy, waiting=_asked(self.waiting))

    def _answered(self, answer: Answer, conversation: Conversation) -> None:
        if self.items and self.items[-1]["kind"] == "words" and answer.text:
            self.items.pop()  # the answer itself, as it was streamed
        self.sentences = _sentences(answer.claims, conversation)
        self.spent = spent_words(answer.spent)
        self.ended = "" if answer.ended in SPOKEN else ending(answer.ended, answer.reason)


def earlier(conversation: Conversation) -> list[Exchange]:
    """The exchanges that a conversation had."""
    store, pictures = conversation.lab.evidence, conversation.thread.pictures
    return [
        Exchange(
            turn["question"],
            [experiment(store[name], pictures) for name in turn["evidence"] if name in store],
            sentences=_sentences(claims(turn["text"], store, turn["question"]), conversation),
            spent=spent_words(turn["spent"]),
            ended="" if turn["ended"] in SPOKEN else ending(turn["ended"], turn["reason"]),
        )
        for turn in conversation.turns
    ]


def _sentences(said: Sequence[Claim], conversation: Conversation) -> list[dict[str, Any]]:
    store = conversation.lab.evidence
    named = {name for claim in said for name in cited(claim.text) if name in store}
    return sentence_views(said, titles(store[name] for name in named))


def _asked(waiting: ApprovalRequest | None) -> dict[str, Any] | None:
    if waiting is None:
        return None
    arguments = ", ".join(f"{name}={value}" for name, value in waiting.arguments.items())
    return {"tool": waiting.tool, "arguments": arguments[:_TITLE], "cost": waiting.cost}
