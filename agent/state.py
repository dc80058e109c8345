"""What an investigation knows, in plain JSON types, so that a checkpoint is small and readable."""

from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

from ..tools.lab import Lab

Message = dict[str, Any]
"""One Chat Completions message, as on the wire."""


class State(TypedDict):
    """The state of the graph."""

    unit: str
    """`mlp.3/7`, with its sign."""
    messages: list[Message]
    """The conversation: system, the investigation, then assistant and tool messages in turn."""
    step: int
    """Turns of the planner so far."""
    ledger: list[dict[str, Any]]
    """The hypothesis ledger, one row a hypothesis (see `ledger.py`)."""
    conclusion: dict[str, Any] | None
    """The description, as a dict, once concluded."""
    sent_back: int
    """How often a conclusion was sent back."""
    ended: str | None
    """Why the loop ended: `concluded`, or the budget that ran out, or a failure."""


@dataclass(frozen=True)
class Budget:
    """Hard stops. The planner is told what is left; when one is reached it must conclude."""

    steps: int = 16
    tokens: int | None = 200_000
    """Language-model tokens, in and out."""
    seconds: float | None = 600.0
    cost: float | None = None


class Planner(Protocol):
    """Chooses the next act. It is made for one investigation and knows that investigation's lab."""

    name: str

    def next(self, state: State) -> Message:
        """The next assistant message, with tool calls; may spend on `lab.meter`."""
        ...


class PlannerFactory(Protocol):
    """Makes a planner for one investigation."""

    name: str

    def __call__(self, lab: Lab) -> Planner: ...
