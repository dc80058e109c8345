"""Scenes made from other scenes: what the planner draws.

A **part** has some of a scene's things, or copies of one; the smallest that leaves the unit on is
its core. A **trial** is a scene with one thing changed.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from .....tools.scenes.scene import LARGE, SMALL, Scene, Thing
from .vocabulary import BACKGROUNDS, COLOURS, NAMES, TEXTURES, VALUES

SLOTS = (0.2, 0.5, 0.8)
"""Centres of a grid of three by three places."""
SIDES = {"small": 0.17, "medium": 0.28, "large": 0.44}
"""Sizes that are drawn for a word."""
GRID = {f"{x:g},{y:g}": (x, y) for y in SLOTS for x in SLOTS}
"""Places that are drawn, by name."""
_ADDED = 0.19  # size of a thing that is put beside others
MOST_COPIES = 4
_ACCIDENTS = 4  # different drawings of a setting
_MOST_THINGS = 5  # of which parts are drawn
_CANDIDATES = 4


class Trial(NamedTuple):
    """A scene, and what was changed in it: `(thing, attribute, value)`, or a word and a value."""

    what: tuple[Any, ...]
    scene: Scene


def bare(scene: Scene, things: Sequence[int]) -> Scene:
    """Some of the things, on nothing."""
    return Scene(colour="white", things=tuple(scene.things[i] for i in things))


def kept(scene: Scene, things: Sequence[int]) -> Scene:
    """Some of the things, on the background that they had."""
    return scene.model_copy(update={"things": tuple(scene.things[i] for i in things)})


def copies(thing: Thing, count: int) -> Scene:
    """A thing so many times, apart from each other."""
    slots = [(0.2, 0.2), (0.8, 0.8), (0.8, 0.2), (0.2, 0.8), (0.5, 0.5)][:count]
    size = min(thing.size, 0.3)
    things = tuple(thing.model_copy(update={"x": x, "y": y, "size": size}) for x, y in slots)
    return Scene(colour="white", things=things)


class SubScene(NamedTuple):
    """A part of a scene."""

    scene: Scene
    things: int
    """How many things are in it."""
    copies: bool
    """They are copies of one of the scene's things."""
    ground: bool
    """It has the scene's own background."""

    @property
    def cost(self) -> tuple[int, bool, bool]:
        """What is preferred: few things, on nothing, copies before different things."""
        return self.things + self.ground, self.ground, not self.copies


def parts_of(scene: Scene) -> list[SubScene]:
    """The parts of a scene, the simplest first; the whole scene is the last."""
    things = list(range(len(scene.things)))[-_MOST_THINGS:]
    results = [SubScene(kept(scene, ()), 0, False, True)]
    for count in range(1, len(things) + 1):
        for chosen in combinations(things, count):
            results.append(SubScene(bare(scene, chosen), count, False, False))
            results.append(SubScene(kept(scene, chosen), count, False, True))
    for at in things:
        for count in range(2, MOST_COPIES + 1):
            results.append(SubScene(copies(scene.things[at], count), count, True, False))
    return sorted(results, key=lambda part: part.cost)


def simplest(parts: Sequence[SubScene], on: Sequence[bool]) -> list[SubScene]:
    """The simplest parts that leave the unit on; the whole scene, which did before, is the last."""
    results = [part for part, yes in zip(parts, on, strict=True) if yes]
    whole = max(parts, key=lambda part: (part.ground, part.things))
    return [*results[:_CANDIDATES], whole]


def with_thing(scene: Scene, at: int, **changes: Any) -> Scene:
    """The scene with one thing changed."""
    things = list(scene.things)
    things[at] = things[at].model_copy(update=changes)
    return scene.model_copy(update={"things": tuple(things)})


def with_value(scene: Scene, at: int, attribute: str, value: str) -> Scene:
    """The scene with one attribute of one thing changed; a place is a name in `GRID`."""
    if attribute == "size":
        return with_thing(scene, at, size=SIDES[value])
    if attribute == "place":
        x, y = GRID[value]
        return with_thing(scene, at, x=x, y=y)
    return with_thing(scene, at, **{attribute: value})


def sweep(scene: Scene, at: int) -> list[Trial]:
    """One thing with every value of every attribute, one at a time."""
    out: list[Trial] = []
    for attribute in ("name", "colour", "texture", "size", "place"):
        values = tuple(GRID) if attribute == "place" else VALUES[attribute]
        for value in values:
            if attribute == "place" and _hits(scene, at, GRID[value]):
                continue
            if attribute == "colour" and _hidden(scene, value):
                continue
            out.append(Trial((at, attribute, value), with_value(scene, at, attribute, value)))
    return out


def backgrounds(scene: Scene) -> list[Trial]:
    """The things on every background; plain ones of a thing's own colour are left out."""
    out = [
        Trial(("background", name), scene.model_copy(update={"background": name}))
        for name in BACKGROUNDS
    ]
    used = {thing.colour for thing in scene.things}
    plain = {"background": "plain"}
    out += [
        Trial(("ground", colour), scene.model_copy(update={**plain, "colour": colour}))
        for colour in COLOURS
        if colour not in used
    ]
    colour = next(c for c in ("cyan", "pink", *COLOURS) if c in COLOURS and c not in used)
    out += [
        Trial(
            ("pattern", texture),
            scene.model_copy(update={**plain, "colour": colour, "texture": texture}),
        )
        for texture in TEXTURES
    ]
    return out


def added(scene: Scene, rng: np.random.Generator) -> list[Trial]:
    """Every name and every colour, beside what is there."""
    out: list[Trial] = []
    spots = list(free(scene))
    if not spots:
        return out
    shown = [c for c in COLOURS if not _hidden(scene, c)]

    def beside(name: str, colour: str) -> Scene:
        x, y = spots[int(rng.integers(len(spots)))]
        return put(scene, Thing(name=name, colour=colour, size=_ADDED, x=x, y=y))

    for name in NAMES:
        for colour in rng.choice(shown, 2, replace=False):
            out.append(Trial(("add", name, str(colour)), beside(name, str(colour))))
    for colour in shown:
        for name in rng.choice(NAMES, 2, replace=False):
            out.append(Trial(("add", str(name), colour), beside(str(name), colour)))
    return out


def put(scene: Scene, *things: Thing) -> Scene:
    """The scene with more things in front."""
    return scene.model_copy(update={"things": (*scene.things, *things)})


def beside(scene: Scene, thing: Thing) -> Scene | None:
    """The scene with a small copy of a thing in a free place; None where there is none."""
    for x, y in free(scene):
        return put(scene, thing.model_copy(update={"x": x, "y": y, "size": _ADDED}))
    return None


def free(scene: Scene) -> Iterator[tuple[float, float]]:
    """Places of the grid where nothing is, the farthest from all things first."""
    spots = [
        (x, y)
        for x, y in GRID.values()
        if not any(
            abs(x - t.x) < (t.size + _ADDED) / 2 and abs(y - t.y) < (t.size + _ADDED) / 2
            for t in scene.things
        )
    ]
    spots.sort(
        key=lambda s: -min((abs(s[0] - t.x) + abs(s[1] - t.y) for t in scene.things), default=0.0)
    )
    return iter(spots)


def varied(scene: Scene, rng: np.random.Generator) -> Scene:
    """The same once more, with other accidents: a little moved, a little larger or smaller."""
    things = tuple(_jittered(thing, rng) for thing in scene.things)
    return scene.model_copy(update={"things": things, "seed": int(rng.integers(_ACCIDENTS))})


def _jittered(thing: Thing, rng: np.random.Generator) -> Thing:
    size = thing.size * float(rng.uniform(0.93, 1.07))
    if (size < SMALL) != (thing.size < SMALL) or (size >= LARGE) != (thing.size >= LARGE):
        size = thing.size
    for _ in range(4):
        x, y = (float(np.clip(v + rng.uniform(-0.03, 0.03), 0, 1)) for v in (thing.x, thing.y))
        moved = thing.model_copy(update={"x": x, "y": y, "size": size})
        if moved.places == thing.places:
            return moved
    return thing.model_copy(update={"size": size})


def _hits(scene: Scene, at: int, spot: tuple[float, float]) -> bool:
    """Whether a thing would cover another one there."""
    own = scene.things[at]
    return any(
        number != at
        and abs(spot[0] - t.x) < (t.size + own.size) / 2
        and abs(spot[1] - t.y) < (t.size + own.size) / 2
        for number, t in enumerate(scene.things)
    )


def _hidden(scene: Scene, colour: str) -> bool:
    """Whether a thing of that colour would not be seen."""
    return scene.background == "plain" and scene.colour == colour
