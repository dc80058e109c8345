"""Planners: the built-in one, any OpenAI-compatible language model (whole, at one look, or at one
look first), a person."""

from typing import Any

from ...tools.errors import UsageError
from ..planner_names import KINDS, asks_model, kind_of
from ..state import PlannerFactory

__all__ = ["KINDS", "asks_model", "kind_of", "language_model", "planner_factory"]


def planner_factory(
    spec: str,
    *,
    seed: int = 0,
    llm: Any = None,
    sees: bool | None = None,
    **client: Any,
) -> PlannerFactory:
    """The factory of the planner that a user named.

    Args:
        spec: One of `KINDS`.
        seed: Randomness of the built-in planner.
        llm: A client that is already there, instead of one from the options.
        sees: Whether an `openai:` planner is sent pictures; None: it is tried once.
        client: Options of the client of an `openai:` planner, such as `base_url` (see `LLM`).

    Raises:
        UsageError: if there is no such planner, or its endpoint needs a key.
    """
    kind, model = kind_of(spec)
    if kind == "builtin":
        from .builtin.planner import BuiltinFactory

        return BuiltinFactory(seed)
    if kind == "human":
        from .human import HumanFactory

        return HumanFactory()
    from ...tools.llm.client import LLM
    from .chat import ChatFactory

    client_ = llm or LLM(model, **client)
    if kind == "openai":
        return ChatFactory(client_, sees, looks=True)
    from .oneshot import OneShotFactory, TriageFactory

    first = OneShotFactory(client_)
    if kind == "oneshot":
        return first
    return TriageFactory(first, ChatFactory(client_, sees, looks=True))


def language_model(spec: str, *, base_url: str | None = None) -> Any:
    """The client of an `openai:` planner, for tools that ask a language model.

    Raises:
        UsageError: if the planner is none, or its endpoint needs a key.
    """
    llm = getattr(planner_factory(spec, base_url=base_url), "llm", None)
    if llm is None:
        raise UsageError(f"--planner {spec} is no language model; give openai:MODEL")
    return llm
