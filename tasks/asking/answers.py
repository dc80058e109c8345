"""What answers a conversation, by the name that a person gives: `builtin` or `openai:MODEL`."""

from dataclasses import dataclass
from typing import Any

from ...agent.planners.chat import Chat
from ...tools.errors import UsageError, nearest
from ...tools.lab import Lab
from ...tools.llm.client import LLM
from .state import AnswersFactory

KINDS = ("builtin", "openai:MODEL")


@dataclass(frozen=True)
class ChatAnswersFactory:
    """A language model that picks tools and answers, over one shared client."""

    llm: LLM

    @property
    def name(self) -> str:
        """`openai:MODEL`."""
        return f"openai:{self.llm.model}"

    def __call__(self, lab: Lab) -> Any:
        return Chat(lab, self.llm, actions=False, ending="none")


def answers_factory(
    spec: str,
    *,
    base_url: str | None = None,
    prices: tuple[float, float] | None = None,
    timeout: float = 120.0,
    api_key: str | None = None,
) -> AnswersFactory:
    """The factory of what a person named.

    Raises:
        UsageError: if there is none of that name, or its endpoint needs a key.
    """
    kind, _, model = spec.strip().partition(":")
    if kind == "builtin" and not model:
        from .builtin import AnswererFactory

        return AnswererFactory()
    if kind == "openai" and model:
        client = LLM(model, base_url=base_url, api_key=api_key, prices=prices, timeout=timeout)
        return ChatAnswersFactory(client)
    if kind == "openai":
        raise UsageError("--planner openai needs a model: openai:MODEL, such as openai:gpt-5")
    close = nearest(spec, KINDS, most=1)
    raise UsageError(
        f"nothing named '{spec}' answers; nearest: {close}. There are {', '.join(KINDS)}"
    )
