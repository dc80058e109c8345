"""A scene: what is in a drawn picture, as JSON: its background and its things, back to front.

Coordinates and sizes are shares of the picture's side, from the upper left corner. A scene says
everything that a drawing needs, so that the same scene gives the same pixels at any resolution.
"""

import hashlib
from typing import Literal, get_args

from pydantic import BaseModel, Field

Texture = Literal["plain", "striped", "dotted", "checked"]
Size = Literal["small", "medium", "large"]
Place = Literal["left", "right", "top", "bottom", "middle"]
TEXTURES: tuple[Texture, ...] = ("plain", "striped", "dotted", "checked")
SIZES: tuple[Size, ...] = ("small", "medium", "large")
PLACES: tuple[Place, ...] = ("left", "right", "top", "bottom", "middle")
SMALL = 0.22
"""Things below this share of the side are small."""
LARGE = 0.36
"""Things from this share of the side on are large."""
EDGE = 0.36
"""Things whose centre is nearer to an edge than this share of the side are at that edge."""


class Thing(BaseModel, frozen=True, extra="forbid"):
    """One figure or pictogram."""

    name: str
    """`circle`, `cat`: see `things.py`."""
    colour: str
    """A colour of the palette: see `palette.py`."""
    texture: Texture = "plain"
    size: float = Field(default=0.3, ge=0.05, le=1, allow_inf_nan=False)
    """Side of its bounding square."""
    x: float = Field(default=0.5, ge=0, le=1, allow_inf_nan=False)
    """Centre, from the left."""
    y: float = Field(default=0.5, ge=0, le=1, allow_inf_nan=False)
    """Centre, from the top."""

    @property
    def extent(self) -> Size:
        """Its size in a word."""
        return "small" if self.size < SMALL else "large" if self.size >= LARGE else "medium"

    @property
    def places(self) -> frozenset[Place]:
        """Where it is: one or two of left, right, top, bottom; or the middle."""
        result: set[Place] = set()
        if self.x < EDGE:
            result.add("left")
        elif self.x > 1 - EDGE:
            result.add("right")
        if self.y < EDGE:
            result.add("top")
        elif self.y > 1 - EDGE:
            result.add("bottom")
        return frozenset(result or {"middle"})


class Scene(BaseModel, frozen=True, extra="forbid"):
    """One picture."""

    background: str = "plain"
    """`plain`, or a drawn setting such as `meadow`, `sea`, `snow`: see `backgrounds.py`."""
    colour: str = "white"
    """Of a plain background."""
    texture: Texture = "plain"
    """Of a plain background."""
    things: tuple[Thing, ...] = Field(default=(), max_length=24)
    """Back to front."""
    seed: int = 0
    """Draws the accidents of a setting: where blades of grass and waves are."""


def digest(scene: Scene) -> str:
    """Identifies a scene: the same for equal scenes."""
    return hashlib.sha256(scene.model_dump_json().encode()).hexdigest()


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
