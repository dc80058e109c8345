"""Budgets: hard stops of an investigation or a question, and what remains of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from ..tools.llm.usage import Meter

_LIMITS = ("tokens", "seconds", "cost")


class Remaining(TypedDict):
    """What remains of a budget; None where there is no limit."""

    steps: int
    tokens: int | None
    seconds: float | None
    cost: float | None


def difference(before: Remaining, after: Remaining) -> Remaining:
    """What was used of a budget between two moments."""

    def used(name: str) -> Any:
        one, other = before[name], after[name]
        return None if one is None or other is None else round(one - other, 6)

    return Remaining(
        steps=before["steps"] - after["steps"],
        tokens=used("tokens"),
        seconds=used("seconds"),
        cost=used("cost"),
    )


def in_words(remaining: Remaining) -> str:
    """What remains, for a planner: `left: 12 turns, 3,000 tokens, 60 s`."""
    parts = [f"{max(remaining['steps'], 0)} turns"]
    for name, form in (
        ("tokens", "{:,} tokens"),
        ("seconds", "{:.0f} s"),
        ("cost", "{:.2f} money"),
    ):
        if remaining[name] is not None:
            parts.append(form.format(max(remaining[name], 0)))
    return f"left: {', '.join(parts)}"


@dataclass(frozen=True)
class Budget:
    """Hard stops. The planner is told what remains; when one is reached it must conclude."""

    steps: int = 16
    tokens: int | None = 200_000
    """Language-model tokens, in and out; those that the endpoint had in its cache cost little and
    are not counted, where it says how many."""
    seconds: float | None = 600.0
    cost: float | None = None

    def remaining(self, meter: Meter, step: int) -> Remaining:
        """What remains after that many turns and what the meter counted; may be negative."""
        return Remaining(
            steps=self.steps - step,
            tokens=None if self.tokens is None else self.tokens - meter.tokens_new,
            seconds=None if self.seconds is None else round(self.seconds - meter.seconds, 1),
            cost=None if self.cost is None else round(self.cost - meter.cost, 6),
        )

    def exhausted(self, remaining: Mapping[str, Any]) -> str | None:
        """Which limit was reached, in words; None while something remains of all."""
        for name in ("steps", *_LIMITS):
            if remaining[name] is not None and remaining[name] <= 0:
                what = {"steps": "turns", "cost": "money"}.get(name, name)
                return f"the budget of {getattr(self, name):g} {what} was spent"
        return None

    def nearly_exhausted(
        self, remaining: Remaining, step: int, turns: Sequence[Remaining] = (), *, reserve: int = 2
    ) -> bool:
        """Whether the coming turn should conclude, because no turn might fit behind it.

        Kept back is a tenth of each limit, and at least what two more turns may take: each as much
        as the dearest so far, and more by as much as turns grew, since a conversation gets longer.

        Args:
            remaining: What remains.
            step: Turns so far.
            turns: What each of them took; without it they count as equal.
            reserve: Turns that are kept back.
        """
        if remaining["steps"] <= reserve:
            return True
        for name in _LIMITS:
            limit, there = getattr(self, name), remaining[name]
            if limit is None or there is None:
                continue
            took = [float(turn[name] or 0) for turn in turns]
            most = max(took, default=(limit - there) / max(step, 1))
            growth = _growth(took)
            if there < max(0.1 * limit, 2 * most + 3 * growth) and there < 0.7 * limit:
                return True
        return False

    def turns_ahead(self, remaining: Remaining, step: int, turns: Sequence[Remaining]) -> int:
        """How many more turns fit before the one that must conclude, if turns grow as they did.

        Args:
            remaining: What remains.
            step: Turns so far.
            turns: What each of them took.
        """
        now: Any = dict(remaining)
        took: list[Any] = list(turns)
        fit = 0
        while not self.nearly_exhausted(now, step + fit, took) and self.exhausted(now) is None:
            coming: Any = next_turn(took)
            for name, value in coming.items():
                now[name] = None if now[name] is None else now[name] - value
            took.append(coming)
            fit += 1
        return fit


def next_turn(turns: Sequence[Remaining]) -> Remaining:
    """What the coming turn will take, if turns go on growing as they did: a conversation does."""
    coming: Any = {"steps": 1}
    for name in _LIMITS:
        took = [float(turn[name] or 0) for turn in turns]
        coming[name] = took[-1] + _growth(took) if took else 0.0
    return coming


def _growth(took: Sequence[float]) -> float:
    """By how much more each turn took than the one before, on average; never less than 0. A turn
    that took nothing says nothing of it."""
    spent = [one for one in took if one]
    return max(0.0, (spent[-1] - spent[0]) / (len(spent) - 1)) if len(spent) > 1 else 0.0
