"""What of a picture a unit needs: the smallest part of its scene that leaves the unit on."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from .....tools.scenes.scene import Scene
from .changes import MOST_COPIES, bare, copies, kept

_MOST_THINGS = 5
_CANDIDATES = 4


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
