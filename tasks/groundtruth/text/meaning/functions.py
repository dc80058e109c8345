"""Planted functions of tier M: what one output of the reading network does."""

from dataclasses import dataclass

from ...planted import Cell, PlantedFunction, holds
from .reading import Reading, readings

CELLS = (Cell("active", {"s": True}, True), Cell("silent", {"s": False}, False))
"""Judged words at which the unit is active, and at which it is not."""


@dataclass(frozen=True, eq=False)
class MeaningFunction(PlantedFunction):
    """A function whose truth is what the unit does: no atom says it."""

    output: int = 0
    """Of the reading network."""
    reading: Reading | None = None


def function_of(reading: Reading) -> MeaningFunction:
    """The function of a unit that does what a reading says."""
    return MeaningFunction(
        reading.kind,
        reading.truth,
        {},
        holds("s"),
        CELLS,
        variant=reading.variant,
        output=readings().index(reading),
        reading=reading,
    )
