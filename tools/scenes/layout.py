"""Puts things where a description wants them: at places, in relations, hiding little of each other.

Many whole layouts are tried, each thing at the best of some places that are drawn at random; the
layout that breaks least is taken, and one that breaks a relation or a place is refused.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from .grammar import shared
from .scene import LARGE, SMALL, Place, Relation, Size, Thing, related

PromptRelation = Relation | Literal["beside"]
SPANS: dict[Size, tuple[float, float]] = {
    "small": (0.14, SMALL - 0.02),
    "medium": (SMALL + 0.02, LARGE - 0.02),
    "large": (LARGE + 0.02, 0.5),
}
"""Sizes that a word stands for: smallest and largest."""
_LAYOUTS = 24
_SPOTS = 40
_LOOSE = 2.0
"""What it costs to be at the top left where the top was asked for, beside hiding others."""


class Placement(NamedTuple):
    """One thing that is to be placed."""

    thing: Thing
    """Its place is free."""
    places: frozenset[Place] = frozenset()
    """Where it should be; anywhere if empty."""
    fixed: bool = False
    """Its place is not free after all."""


class Tie(NamedTuple):
    """A relation that should hold: `first` and `second` are numbers of placements."""

    first: int
    relation: PromptRelation
    second: int


class Layout(NamedTuple):
    """Placed things."""

    things: tuple[Thing, ...]
    broken: float
    """How many wishes are not met."""


def arrange(
    rng: np.random.Generator, placements: Sequence[Placement], ties: Sequence[Tie] = ()
) -> Layout:
    """The best layout found."""
    best: Layout | None = None
    least = np.inf
    for _ in range(_LAYOUTS):
        things: list[Thing] = []
        broken = cost = 0.0
        for i, placement in enumerate(placements):
            mine = [tie for tie in ties if i == max(tie.first, tie.second)]
            thing, breaks, hides = _put(rng, i, placement, things, mine)
            things.append(thing)
            broken, cost = broken + breaks, cost + hides
        if 100 * broken + cost < least:
            best, least = Layout(tuple(things), broken), 100 * broken + cost
        if broken == 0 and cost < 0.25 * len(placements):
            break
    assert best is not None
    return best


def _put(
    rng: np.random.Generator,
    at: int,
    placement: Placement,
    things: Sequence[Thing],
    ties: Sequence[Tie],
) -> tuple[Thing, float, float]:
    """The best of some places for one thing: with what it breaks, and what it costs."""
    best, least = (placement.thing, 0.0, 0.0), np.inf
    for _ in range(1 if placement.fixed else _SPOTS):
        thing = placement.thing if placement.fixed else _moved(rng, placement)
        everything = [*things, thing]
        breaks = float(not placement.places <= thing.places)
        aligned = _LOOSE * bool(placement.places and thing.places != placement.places)
        tied = set()
        for tie in ties:
            one, other = everything[tie.first], everything[tie.second]
            breaks += not stands(one, tie.relation, other)
            aligned += _askew(one, tie.relation, other)
            if tie.relation == "overlapping":
                tied.add(min(tie.first, tie.second))
        hides = sum(shared(thing, other) for i, other in enumerate(things) if i not in tied)
        hides += 0.5 * _outside(thing)
        cost = 100 * breaks + 4 * hides + aligned
        if cost < least:
            best, least = (thing, breaks, 4 * hides + aligned), cost
    return best


def _moved(rng: np.random.Generator, placement: Placement) -> Thing:
    """At a random place among those it should be at."""
    loose = bool(placement.places) and rng.random() < 0.25
    x = _share(rng, placement, "left", "right", loose=loose)
    y = _share(rng, placement, "top", "bottom", loose=loose)
    return placement.thing.model_copy(update={"x": x, "y": y})


def _share(
    rng: np.random.Generator, placement: Placement, first: Place, last: Place, *, loose: bool
) -> float:
    """Along one axis; `loose` leaves it free where no place of the wish is on it."""
    low, high = 0.0, 1.0
    if placement.places and not (loose and not placement.places & {first, last, "middle"}):
        low, high = (0, 0.35) if first in placement.places else (0.37, 0.63)
        low, high = (0.65, 1) if last in placement.places else (low, high)
    margin = min(0.5, placement.thing.size / 2 + 0.01)
    inner_low, inner_high = max(low, margin), min(high, 1 - margin)
    if inner_low > inner_high:  # it does not fit there whole: as near as it can be
        inner_low = inner_high = low if margin < low else high
    return float(np.round(rng.uniform(inner_low, inner_high), 3))


def _outside(thing: Thing) -> float:
    """How far it reaches beyond the picture, of its own size."""
    half = thing.size / 2
    over = max(half - thing.x, thing.x + half - 1, half - thing.y, thing.y + half - 1, 0)
    return over / thing.size


def stands(one: Thing, relation: PromptRelation, other: Thing) -> bool:
    """Whether a relation of a prompt holds; `beside` is left or right of."""
    if relation == "beside":
        return related(one, "left of", other) or related(one, "right of", other)
    return related(one, relation, other)


def _askew(one: Thing, relation: str, other: Thing) -> float:
    """How far two things are from the axis of their relation."""
    dx, dy = abs(one.x - other.x), abs(one.y - other.y)
    if relation == "overlapping":
        return 2 * shared(one, other)
    return dx if relation in ("above", "below") else dy
