"""What a person may do to a unit in the playground, and what a prediction was before and after."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ...tools.errors import UsageError
from ...tools.interventions.change import Change, Method
from ...tools.models import Intervention, Unit, add, clamp, scale, zero

METHODS: dict[str, tuple[str, Method]] = {
    "set to 0": ("zero", "zero"),
    "hold at a value": ("clamp", "clamp"),
    "multiply by": ("scale", "scale"),
    "add": ("add", "steer"),
}
"""What the person reads: the name here, and the method of `effect_of`."""
SHOWN = 8
"""Predictions shown of before, and of after."""


class Outcome(NamedTuple):
    """One possible output."""

    name: str
    before: float
    after: float

    @property
    def change(self) -> float:
        """Of its probability."""
        return self.after - self.before


def change_of(method: str, value: float | None) -> Change:
    """The change that a person asked for.

    Raises:
        UsageError: for a method that is none, or one that lacks its number.
    """
    if method not in METHODS:
        raise UsageError(f"there is no change '{method}'; choose one of {', '.join(METHODS)}")
    name = METHODS[method][1]
    if name == "zero":
        return Change("zero")
    if value is None or not np.isfinite(value):
        raise UsageError(f"'{method}' needs a number")
    return Change(name, float(value))


def intervention(unit: Unit, change: Change, places: Sequence[int] | None = None) -> Intervention:
    """The change of one unit, at some places or at all."""
    if change.method == "zero":
        made = zero(unit.site, [unit.index])
    else:
        kinds = {"clamp": clamp, "scale": scale, "steer": add}
        assert change.value is not None
        made = kinds[change.method](unit.site, [unit.index], change.value)
    return made if places is None else made.at(places=places)


def outcomes(
    before: np.ndarray, after: np.ndarray, name: Callable[[int], str], *, most: int = SHOWN
) -> list[Outcome]:
    """The likeliest before and the likeliest after, by their larger probability.

    Args:
        before: Probabilities `[output]`.
        after: The same, after the change.
        name: What an output is called.
        most: How many of each.
    """
    chosen = {int(i) for p in (before, after) for i in np.argsort(-p, kind="stable")[:most]}
    order = sorted(chosen, key=lambda i: -max(before[i], after[i]))
    return [Outcome(name(i), float(before[i]), float(after[i])) for i in order]
