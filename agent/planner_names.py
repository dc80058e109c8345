"""The names of planners, as a user writes them; light, for the command line."""

from collections.abc import Sequence

from ..tools.errors import UsageError, nearest

KINDS = ("builtin", "openai:MODEL", "oneshot:MODEL", "triage:MODEL", "human")
MODELS = ("openai", "oneshot", "triage")
"""Kinds of planners that a language model stands behind."""


def kind_of(spec: str, kinds: Sequence[str] = KINDS) -> tuple[str, str]:
    """The kind of planner that a user named, and its model.

    Raises:
        UsageError: if there is no such planner.
    """
    kind, _, model = spec.strip().partition(":")
    known = [name.partition(":")[0] for name in kinds]
    if kind in MODELS and kind in known and not model:
        raise UsageError(f"--planner {kind} needs a model: {kind}:MODEL, such as {kind}:gpt-5")
    if kind not in known or (model and kind not in MODELS):
        close = nearest(spec, kinds, most=1)
        raise UsageError(
            f"there is no planner '{spec}'; nearest: {close}. The planners are {', '.join(kinds)}"
        )
    return kind, model


def asks_model(spec: str) -> bool:
    """Whether a language model stands behind the planner that a user named."""
    return spec.strip().partition(":")[0] in MODELS
