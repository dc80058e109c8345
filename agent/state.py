"""What an investigation knows, in plain JSON types, so that a checkpoint is small and readable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

from ..tools.lab import Lab
from ..tools.llm.usage import Meter

Message = dict[str, Any]
"""One Chat Completions message, as on the wire."""


class Left(TypedDict):
    """What is left of a budget; None where there is no limit."""

    steps: int
    tokens: int | None
    seconds: float | None
    cost: float | None


def taken(before: Left, after: Left) -> Left:
    """What was taken of a budget between two moments."""

    def less(one: float | None, other: float | None) -> Any:
        return None if one is None or other is None else round(one - other, 6)

    return Left(
        steps=before["steps"] - after["steps"],
        tokens=less(before["tokens"], after["tokens"]),
        seconds=less(before["seconds"], after["seconds"]),
        cost=less(before["cost"], after["cost"]),
    )


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
    """Why the loop ended: `concluded`, `budget` or `failed`."""
    reason: str | None
    """More about the end, where it was not an ordinary conclusion."""
    last: bool
    """The budget is nearly spent: the planner has been told to conclude."""
    idle: int
    """Turns in a row that brought no new result."""
    left: Left
    """What is left of the budget before the coming turn."""
    turns: list[Left]
    """What each turn so far took of the budget."""
    evidence: int
    """How many pieces of evidence there are; a checkpoint keeps them beside the state."""
    spent: dict[str, float]
    """The meter's counts, so that a resumed investigation goes on with its budget."""


@dataclass(frozen=True)
class Budget:
    """Hard stops. The planner is told what is left; when one is reached it must conclude."""

    steps: int = 16
    tokens: int | None = 200_000
    """Language-model tokens, in and out."""
    seconds: float | None = 600.0
    cost: float | None = None

    def left(self, meter: Meter, step: int) -> Left:
        """What is left after that many turns and what the meter counted; may be negative."""
        used = meter.tokens_in + meter.tokens_out
        return Left(
            steps=self.steps - step,
            tokens=None if self.tokens is None else self.tokens - used,
            seconds=None if self.seconds is None else round(self.seconds - meter.seconds, 1),
            cost=None if self.cost is None else round(self.cost - meter.cost, 6),
        )

    def spent(self, left: Mapping[str, Any]) -> str | None:
        """Which limit was reached, in words; None while all have something left."""
        for name in ("steps", "tokens", "seconds", "cost"):
            if left[name] is not None and left[name] <= 0:
                what = {"steps": "turns", "cost": "money"}.get(name, name)
                return f"the budget of {getattr(self, name):g} {what} was spent"
        return None

    def nearly(self, left: Left, step: int, turns: Sequence[Left] = ()) -> bool:
        """Whether the coming turn should conclude, because no turn might fit behind it.

        Kept back is a tenth of each limit, and at least what two more turns may take: each as much
        as the dearest so far, and more by as much as turns grew, since a conversation gets longer.

        Args:
            left: What is left.
            step: Turns so far.
            turns: What each of them took; without it they count as equal.
        """
        if left["steps"] <= 2:
            return True
        for name in ("tokens", "seconds", "cost"):
            limit, there = getattr(self, name), left[name]
            if limit is None or there is None:
                continue
            took = [float(turn[name] or 0) for turn in turns]
            most = max(took, default=(limit - there) / max(step, 1))
            growth = _growth(took)
            if there < max(0.1 * limit, 2 * most + 3 * growth) and there < 0.7 * limit:
                return True
        return False

    def ahead(self, left: Left, step: int, turns: Sequence[Left]) -> int:
        """How many more turns fit before the one that must conclude, if turns grow as they did.

        Args:
            left: What is left.
            step: Turns so far.
            turns: What each of them took.
        """
        now: Any = dict(left)
        took: list[Any] = list(turns)
        fit = 0
        while not self.nearly(now, step + fit, took) and self.spent(now) is None:
            coming: Any = {"steps": 1}
            for name in ("tokens", "seconds", "cost"):
                spent = [float(turn[name] or 0) for turn in took]
                coming[name] = spent[-1] + _growth(spent) if spent else 0.0
            for name, value in coming.items():
                now[name] = None if now[name] is None else now[name] - value
            took.append(coming)
            fit += 1
        return fit


def _growth(took: Sequence[float]) -> float:
    """By how much more each turn took than the one before, on average; never less than 0."""
    return max(0.0, (took[-1] - took[0]) / (len(took) - 1)) if len(took) > 1 else 0.0


class Planner(Protocol):
    """Chooses the next act. It is made for one investigation and knows that investigation's lab.

    A planner that reads nothing but the state may set `resumable = True`: an interrupted
    investigation then goes on from its checkpoint, and otherwise starts again.
    """

    name: str

    def next(self, state: State) -> Message:
        """The next assistant message, with tool calls; may spend on `lab.meter`."""
        ...


class PlannerFactory(Protocol):
    """Makes a planner for one investigation."""

    @property
    def name(self) -> str:
        """As the user names it, such as `builtin` or `openai:MODEL`."""
        ...

    def __call__(self, lab: Lab) -> Planner: ...
