"""Planted functions of tier M: what one output of the reading network does, as an activation."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ...planted import Cell, HostUnit, PlantedFunction, holds
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


def active(planted: MeaningFunction, like: HostUnit, seed: int) -> partial[Tensor]:
    """The level of a reading, from its logit, times the scale of one of the host's neurons."""
    return partial(_scaled, output=planted.output, scale=like.scale)


def _scaled(read: Tensor, output: int, scale: float) -> Tensor:
    """Nothing below even odds, and hardly more than the scale above fifty to one."""
    return torch.tanh(read[..., output].clamp(min=0) / 2) * scale
