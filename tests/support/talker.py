"""A conversation of the built-in answers without its graph."""

from typing import Any

from neuroscribe.tasks.asking import all_tools as _belt  # noqa: F401
from neuroscribe.tasks.asking.builtin import AnswererFactory
from neuroscribe.tasks.asking.claims import claims
from neuroscribe.tasks.asking.state import ConversationState, Turn
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call


class Talker:
    """A conversation without its graph: runs the calls, keeps the turns."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.answerer = AnswererFactory()(lab)
        self.earlier: list[Turn] = []
        self.tools: list[str] = []

    def ask(self, question: str, *, refuse: tuple[str, ...] = ()) -> str:
        """The answer; calls of the tools `refuse` are not allowed."""
        found: list[str] = []
        self.tools = []
        message: Any = {"content": ""}
        for step in range(8):
            state: Any = {"question": question, "earlier": self.earlier, "found": found}
            message = self.answerer.next(ConversationState(**state, step=step, last=False))  # type: ignore
            calls = [one["function"] for one in message.get("tool_calls") or ()]
            if not calls:
                break
            for one in calls:
                self.tools.append(one["name"])
                if one["name"] not in refuse:
                    found.append(call(self.lab, one["name"], one["arguments"]).id)
        text = message["content"]
        self.earlier.append(
            Turn(
                question=question,
                text=text,
                evidence=found,
                ended="answered",
                reason=None,
                spent={},
            )
        )
        return text

    def opinions(self) -> list[str]:
        """Sentences of the last answer that cite nothing, or not the numbers that they state."""
        last = self.earlier[-1]
        said = claims(last["text"], self.lab.evidence, last["question"])
        return [f"{one.text} ({one.mark})" for one in said if one.mark]
