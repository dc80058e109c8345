"""How two things of a scene stand to each other."""

from typing import Literal, get_args

from .scene import Thing

Relation = Literal["left of", "right of", "above", "below", "overlapping"]
RELATIONS: tuple[Relation, ...] = get_args(Relation)


def related(one: Thing, relation: Relation, other: Thing) -> bool:
    """Whether a thing stands so to another; the centres decide, by more than a quarter of a side.

    Overlapping things have bounding squares that share more than a tenth of the smaller one.
    """
    reach = (one.size + other.size) / 4
    dx, dy = one.x - other.x, one.y - other.y
    if relation == "overlapping":
        wide = min(one.x + one.size / 2, other.x + other.size / 2) - max(
            one.x - one.size / 2, other.x - other.size / 2
        )
        high = min(one.y + one.size / 2, other.y + other.size / 2) - max(
            one.y - one.size / 2, other.y - other.size / 2
        )
        return wide > 0 and high > 0 and wide * high > 0.1 * min(one.size, other.size) ** 2
    apart = {"left of": -dx, "right of": dx, "above": -dy, "below": dy}[relation]
    return apart > reach
