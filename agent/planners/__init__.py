"""Planners: the built-in one, any OpenAI-compatible language model, a person."""

from typing import TYPE_CHECKING

from ...tools.errors import UsageError, nearest
from ..state import PlannerFactory

if TYPE_CHECKING:
    from ...tools.llm.client import LLM

KINDS = ("builtin", "openai:MODEL", "human")


def planner_factory(
    spec: str,
    *,
    seed: int = 0,
    base_url: str | None = None,
    api_key: str | None = None,
    temperature: float | None = None,
    timeout: float = 120.0,
    prices: tuple[float, float] | None = None,
    stream: bool = False,
    llm: "LLM | None" = None,
    sees: bool | None = None,
) -> PlannerFactory:
    """The factory of the planner that a user named.

    Args:
        spec: `builtin`, `openai:MODEL` or `human`.
        seed: Randomness of the built-in planner.
        base_url: The endpoint of an `openai:` planner; default: OPENAI_BASE_URL, or OpenAI.
        api_key: Its key; default: OPENAI_API_KEY.
        temperature: Its temperature; None: the endpoint's default.
        timeout: Seconds of one attempt.
        prices: Money for a million tokens, in and out.
        stream: Ask for streamed answers.
        llm: A client that is already there, instead of one from the options above.
        sees: Whether an `openai:` planner is sent pictures; None: it is tried once.

    Raises:
        UsageError: if there is no such planner, or its endpoint needs a key.
    """
    kind, _, model = spec.strip().partition(":")
    if kind == "builtin" and not model:
        from .builtin.planner import BuiltinFactory

        return BuiltinFactory(seed)
    if kind == "human" and not model:
        from .human import HumanFactory

        return HumanFactory()
    if kind == "openai" and model:
        from ...tools.llm.client import LLM
        from .chat import ChatFactory

        client = llm or LLM(
            model,
            base_url=base_url,
            api_key=api_key,
            temperature=temperature,
            timeout=timeout,
            prices=prices,
            stream=stream,
        )
        return ChatFactory(client, sees)
    if kind == "openai":
        raise UsageError("--planner openai needs a model: openai:MODEL, such as openai:gpt-5")
    close = nearest(spec, KINDS, most=1)
    raise UsageError(
        f"there is no planner '{spec}'; nearest: {close}. The planners are {', '.join(KINDS)}"
    )
