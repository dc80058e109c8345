"""Planners: the built-in one, any OpenAI-compatible language model, a person."""

from collections.abc import Sequence
from typing import Any

from ...tools.errors import UsageError, nearest
from ..state import PlannerFactory

KINDS = ("builtin", "openai:MODEL", "human")


def kind_of(spec: str, kinds: Sequence[str] = KINDS) -> tuple[str, str]:
    """The kind of planner that a user named, and its model.

    Raises:
        UsageError: if there is no such planner.
    """
    kind, _, model = spec.strip().partition(":")
    if kind == "openai" and not model:
        raise UsageError("--planner openai needs a model: openai:MODEL, such as openai:gpt-5")
    known = [name.partition(":")[0] for name in kinds]
    if kind not in known or (model and kind != "openai"):
        close = nearest(spec, kinds, most=1)
        raise UsageError(
            f"there is no planner '{spec}'; nearest: {close}. The planners are {', '.join(kinds)}"
        )
    return kind, model


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
        spec: `builtin`, `openai:MODEL` or `human`.
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

    return ChatFactory(llm or LLM(model, **client), sees)
