"""The world of the study `spurious`: four animals, of which four settings tell.

In the biased world an animal stands in its own setting with a given probability, and in each of the
others otherwise; in the shifted world all settings are alike; in the reversed one an animal is
never in its own (Spawrious, Lynch et al. 2023, is built so from photographs). Everything else is
drawn independently: colour, texture, size, place, and up to two other things.
"""

from typing import NamedTuple

import numpy as np

from ...tools.data.pictures import Picture
from ...tools.data.scene_pictures import picture_of
from ...tools.scenes.grammar import sample
from ...tools.scenes.scene import Scene
from ...tools.scenes.things import GROUPS, NAMES

CLASSES = ("cat", "rabbit", "fish", "bird")
GROUNDS = ("snow", "meadow", "sea", "desert")
"""The setting of each class, in order."""
DRAWN = 128
"""Pixels of a side, as planners draw for small networks."""
SIZES = (0.22, 0.45)
"""Of the animal."""
_OTHERS = tuple(n for n in NAMES if n not in GROUPS["animals"])
_ACCIDENTS = 40  # different drawings of a setting


class World(NamedTuple):
    """Scenes and what they are."""

    scenes: tuple[Scene, ...]
    classes: np.ndarray
    """int64 `[scene]`."""
    grounds: np.ndarray
    """int64 `[scene]`: number of the setting."""

    def pictures(self) -> list[Picture]:
        """Drawn when they are needed, and without their classes."""
        return [picture_of(scene, side=DRAWN) for scene in self.scenes]


def world(number: int, *, own: float, seed: int) -> World:
    """So many scenes, all classes alike often.

    Args:
        number: How many.
        own: Probability that an animal is in its own setting: .25 is the shifted world, where
            settings say nothing.
        seed: Of the scenes.
    """
    rng = np.random.default_rng([seed, number, round(1000 * own)])
    n = len(CLASSES)
    classes = rng.permutation(np.arange(number) % n)
    other = (classes + rng.integers(1, n, number)) % n
    grounds = np.where(rng.random(number) < own, classes, other)
    scenes = [
        scene_with(rng, CLASSES[c], GROUNDS[g]) for c, g in zip(classes, grounds, strict=True)
    ]
    return World(tuple(scenes), classes.astype(np.int64), grounds.astype(np.int64))


def scene_with(rng: np.random.Generator, name: str, ground: str) -> Scene:
    """A scene of one animal in a setting, with up to two other things."""
    size = round(float(rng.uniform(*SIZES)), 3)
    scene = sample(
        rng,
        names=_OTHERS,
        backgrounds=(ground,),
        number=(1, 3),
        size=(0.12, 0.25),
        overlap=0.0,
        including=[{"name": name, "size": size}],
    )
    return scene.model_copy(update={"seed": int(rng.integers(_ACCIDENTS))})
