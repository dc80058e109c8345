"""Puts scenes together from what is asked for, so that everything in them is seen plainly.

1. Things that are asked for get what they must have; the rest is drawn. More things join them.
2. Each is put where it touches nothing, away from the limits between left and middle, small and
   medium, and so on, so that pixels and graph agree on it.
3. A background that hides none of them is drawn, unless one is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ....tools.scenes.grammar import visible
from ....tools.scenes.scene import LARGE, SMALL, TEXTURES, Scene, Thing
from .atoms import Behind, Like
from .world import World

PLAIN = 0.7
"""Share of things without a texture."""
NUMBERS = {1: 0.22, 2: 0.36, 3: 0.28, 4: 0.14}
_SIZES = {"small": (0.17, 0.205), "medium": (0.235, 0.345), "large": (0.375, 0.46)}
_LIMITS = (0.36, 0.64)
_AWAY = 0.03
_GAP = 0.035
_TRIES = 60


@dataclass(frozen=True)
class Pool:
    """What is drawn where nothing is asked for."""

    names: tuple[str, ...]
    colours: tuple[str, ...]
    settings: tuple[str, ...]
    grounds: tuple[str, ...]
    """Colours of plain backgrounds."""


def pool_of(world: World, *, without: Sequence[str] = (), behind: Sequence[Behind] = ()) -> Pool:
    """Everything of a world but some names and backgrounds."""
    settings = {name for item in behind for name in item.names}
    grounds = {name for item in behind for name in item.colours}
    return Pool(
        tuple(name for name in world.names if name not in without),
        world.colours,
        tuple(name for name in world.settings if name not in settings),
        tuple(name for name in world.colours if name not in grounds),
    )


def compose(
    pool: Pool,
    asked: Sequence[Like],
    behind: Behind | None,
    rng: np.random.Generator,
    *,
    more: int | None = None,
) -> Scene | None:
    """A scene with these things; None where they cannot be placed.

    Args:
        pool: What the rest is drawn from.
        asked: Each a thing that has to be there.
        behind: What the background has to be.
        rng: Of what is left open.
        more: How many other things; None: drawn.
    """
    if more is None:
        more = max(0, int(rng.choice(list(NUMBERS), p=list(NUMBERS.values()))) - len(asked))
    ground = _ground(pool, behind, rng)
    things: list[Thing] = []
    crowd = len(asked) + more
    for like in [*asked, *[Like()] * more]:
        thing = _thing(pool, like, things, ground, crowd, rng)
        if thing is None and like != Like():
            return None
        if thing is not None:
            things.append(thing)
    return ground.model_copy(update={"things": tuple(things)})


def broken(like: Like, pool: Pool, rng: np.random.Generator) -> Like:
    """Nearly so: one of its conditions is dropped and another value put there."""
    held = [name for name in ("names", "colours", "textures", "places") if getattr(like, name)]
    if len(held) < 2:
        return like
    name = held[int(rng.integers(len(held)))]
    values = {
        "names": pool.names,
        "colours": pool.colours,
        "textures": TEXTURES,
        "places": ("left", "right", "top", "bottom"),
    }[name]
    others = [value for value in values if value not in getattr(like, name)]
    return replace(like, **{name: (_one(others, rng),)})


def _ground(pool: Pool, behind: Behind | None, rng: np.random.Generator) -> Scene:
    """A scene of nothing but a background."""
    asked = behind or Behind()
    plain = asked.colours or asked.textures or (not asked.names and rng.random() < 0.5)
    if asked.names or (not plain and pool.settings):
        name = _one(asked.names or pool.settings, rng)
        return Scene(background=name, seed=int(rng.integers(2**31)))
    colour = _one(asked.colours or pool.grounds, rng)
    texture = "plain" if rng.random() < PLAIN else _one(TEXTURES[1:], rng)
    if asked.textures:
        texture = _one(asked.textures, rng)
        while colour == "black" and len(pool.grounds) > 1:
            colour = _one(pool.grounds, rng)
    return Scene(
        colour=colour,
        texture="plain" if colour == "black" else texture,  # type: ignore[arg-type]
        seed=int(rng.integers(2**31)),
    )


def _thing(
    pool: Pool,
    like: Like,
    others: Sequence[Thing],
    ground: Scene,
    crowd: int,
    rng: np.random.Generator,
) -> Thing | None:
    """A thing as asked for, where there is room for it."""
    for _ in range(4):
        colours = [c for c in like.colours or pool.colours if _seen(c, ground)]
        if not colours:
            return None
        texture = "plain" if rng.random() < PLAIN else _one(TEXTURES[1:], rng)
        fields = {
            "name": _one(like.names or pool.names, rng),
            "colour": _one(colours, rng),
            "texture": _one(like.textures, rng) if like.textures else texture,
        }
        thing = Thing.model_validate(fields)
        if like.but is None or not _alike(like.but, thing):
            break
    else:
        return None
    sizes = like.sizes or (
        ("small", "medium") if crowd > 3 else ("small", "medium", "medium", "large")
    )
    for _ in range(_TRIES):
        low, high = _SIZES[_one(sizes, rng)]
        size = float(rng.uniform(low, high))
        x, y = (float(v) for v in rng.uniform(size / 2 + 0.015, 1 - size / 2 - 0.015, 2))
        new = thing.model_copy(update={"size": round(size, 4), "x": round(x, 4), "y": round(y, 4)})
        near = any(abs(v - limit) < _AWAY for v in (x, y) for limit in _LIMITS)
        placed = not like.places or bool(new.places & set(like.places))
        if placed and not near and all(_apart(new, other) for other in others):
            return new
    return None


def _alike(but: Like, thing: Thing) -> bool:
    """Whether a thing, before it is placed, is what it must not be."""
    return Like(but.names, but.colours, but.textures).fits(thing)


def _apart(one: Thing, other: Thing) -> bool:
    reach = (one.size + other.size) / 2 + _GAP
    return abs(one.x - other.x) > reach or abs(one.y - other.y) > reach


def _seen(colour: str, ground: Scene) -> bool:
    return ground.background != "plain" or visible(colour, ground.colour)


def _one(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


assert _SIZES["small"][1] < SMALL < _SIZES["medium"][0]
assert _SIZES["medium"][1] < LARGE < _SIZES["large"][0]
