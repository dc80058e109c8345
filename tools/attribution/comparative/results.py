"""How to compare two runs, and what is found."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from ..attribute import Share
from ..control import Drop
from ..sources import Layout, Spot
from .shallow import Path


@dataclass(frozen=True)
class Settings:
    """How to compare."""

    top: int = 20
    """Units to list at each end."""
    shortlist: int = 300
    """Candidates from each run that are made exact."""
    exact: bool = False
    keep: int | None = None
    """Count only the best of each run, the rest as 0."""
    scale: Literal["base", "own"] | None = None
    """Of the final norm for the other run; None: the base's under an edit, else its own."""
    deep: int = 3
    """Deep neurons whose shallow neurons are sought."""
    shallow: int = 5
    zeroed: int = 10
    """Deep neurons that the control zeroes together."""
    draws: int = 20
    seed: int = 0


@dataclass(frozen=True)
class ComparedUnit(Share):
    """One unit in both runs; its value is base less other: CNA of a neuron; of a head the fall of
    p(target) when it is zeroed."""

    base: float
    other: float | None
    """None: not measured (heads under an edit)."""
    exact: bool = True
    interval: tuple[float, float] | None = None
    """95% over pairs."""
    promotes: tuple[str, ...] = ()
    suppresses: tuple[str, ...] = ()
    activation: tuple[float, float] | None = None
    """In the first pair's base and other."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """What makes two runs differ."""

    probability: tuple[tuple[float, float], ...]
    """p(target) in base and other, by pair."""
    rank: tuple[tuple[int, int], ...]
    heads: tuple[ComparedUnit, ...]
    """All heads, by `value`."""
    neurons: tuple[ComparedUnit, ...]
    """The deep neurons with the largest CNA."""
    gained: tuple[ComparedUnit, ...]
    """Those with the lowest: they add more in the other run."""
    values: Tensor
    """CNA of every neuron, `[unit]`, first-order terms where not `exact`."""
    exact: Tensor
    layout: Layout
    head: Spot
    """The head of the chain: the one an edit zeroed, or the first of `heads`."""
    paths: tuple[Path, ...]
    """From the best deep neurons behind the head back to shallow neurons, in the first base."""
    control: Drop | None
    """The fall of p(target) in the base with the best deep neurons zeroed."""
    notes: tuple[str, ...] = ()
