"""Turns `--planner` into a factory: `builtin`, `openai:MODEL` or `human`."""

from typing import NamedTuple

from ...agent.state import PlannerFactory
from ...tools.errors import UsageError, nearest
from .settings import Settings

KINDS = ("builtin", "openai:MODEL", "human")


class PlannerSpec(NamedTuple):
    """A planner as the user named it."""

    kind: str
    """`builtin`, `openai` or `human`."""
    model: str | None = None

    @classmethod
    def parse(cls, text: str) -> "PlannerSpec":
        """Reads `builtin`, `human` or `openai:MODEL`.

        Raises:
            UsageError: if it is none of them.
        """
        kind, _, model = text.partition(":")
        if kind == "openai" and not model:
            raise UsageError("--planner openai needs a model: openai:MODEL, such as openai:gpt-5")
        if kind not in ("builtin", "human", "openai") or (model and kind != "openai"):
            close = nearest(text, KINDS, most=1)
            raise UsageError(
                f"there is no planner '{text}'; did you mean {close}? "
                f"The planners are {', '.join(KINDS)}"
            )
        return cls(kind, model or None)


def make_factory(
    spec: PlannerSpec, settings: Settings, prices: tuple[float, float] | None
) -> PlannerFactory:
    """The factory of planners for one run."""
    if spec.kind == "builtin":
        from ...agent.planners.builtin import Builtin

        return Builtin
    raise UsageError(f"planner {spec.kind} is not there")
