"""What the pictures of a tier may show, and the hand that draws them.

Tier A is drawn by `tools/scenes`, with its things and sets of things. Tier B is drawn by this
package: other drawings, other shades, other settings, and sets of things that nobody has named.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ....tools.data.pictures import Picture
from ....tools.scenes import backgrounds, drawing, palette, things
from ....tools.scenes.scene import Scene, digest
from . import second_renderer
from .second_renderer import OWN

SIDE = 128
"""Pixels of a side of the pictures."""


@dataclass(frozen=True)
class World:
    """What there is."""

    hand: str
    names: tuple[str, ...]
    """Of things, in an order drawn by seed."""
    sets: Mapping[str, tuple[str, ...]]
    """Things that belong together, by name of the set."""
    colours: tuple[str, ...]
    settings: tuple[str, ...]
    draw: Callable[[Scene, int], Image.Image]

    def picture(self, scene: Scene, *, id: str = "") -> Picture:
        """A picture of a scene, drawn when it is needed."""
        key = f"{digest(scene)}@{self.hand}{SIDE}"
        recipe: dict[str, object] | None = None
        if self.hand == "scenes":  # others cannot be made again by its tools
            recipe = {"scene": scene.model_dump(mode="json"), "side": SIDE}
        return Picture(id or key[:12], key, lambda: self.draw(scene, SIDE), scene, None, recipe)


_SETS = ("animals", "vehicles", "fruit", "plants", "clothes", "household", "food", "pets")
_THIN = ("scissors", "bicycle", "chair", "key")
"""Things of so thin lines that their colour is hard to see where they are small."""
_GREY = ("street",)
"""Settings in greys, before which grey and white things are hard to see at the size of a host."""
_FIGURES = ("things with corners", "round figures")


def drawn_elsewhere(rng: np.random.Generator, n: int) -> World:
    """Tier A: so many of the things of `tools/scenes`, whole sets of them together."""
    plain = [name for name in things.NAMES if name not in _THIN]
    names = [str(name) for name in rng.permutation(plain)][:n]
    result = {
        group: tuple(name for name in things.GROUPS[group] if name in names)
        for group in (*_SETS, *_FIGURES)
    }
    sets = {group: members for group, members in result.items() if len(members) >= 3}
    return World(
        "scenes",
        tuple(names),
        sets,
        tuple(str(c) for c in rng.permutation(palette.COLOURS)),
        tuple(str(s) for s in rng.permutation(backgrounds.SETTINGS) if s not in _GREY),
        drawing.draw,
    )


def drawn_here(rng: np.random.Generator) -> World:
    """Tier B: the drawings of this package, in sets drawn at random."""
    names = [str(name) for name in rng.permutation(tuple(OWN))]
    sets = {
        f"set {at}": tuple(str(name) for name in rng.choice(names, 5, replace=False))
        for at in range(9)
    }
    return World(
        "own",
        tuple(names),
        sets,
        tuple(str(c) for c in rng.permutation(tuple(second_renderer.SHADES))),
        tuple(str(s) for s in rng.permutation(tuple(second_renderer.GROUNDS))),
        second_renderer.draw,
    )
