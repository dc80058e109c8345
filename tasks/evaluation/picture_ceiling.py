"""How well the language of pictures could foretell a function that it cannot say exactly.

Predicates combine what is in a scene by and, or, not and levels; a tree of decisions over the same
atoms, with a value at each leaf, is such a combination, and a weighted sum of atoms is what several
components give. Both are learnt from the truth on half of the fresh pictures and judged on the
other half, and the other way round; the best is a lower bound of what could be said. Our
formulation.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tools.scenes.scene import PLACES, SIZES, TEXTURES, Scene
from .suites import Fresh

_LEAVES = (6, 12, 24)
_STRENGTHS = (3.0, 30.0)


def ceiling(inputs: Fresh) -> float:
    """The best correlation of a model of scenes with the noiseless function."""
    from sklearn.linear_model import Ridge
    from sklearn.tree import DecisionTreeRegressor

    x = features([picture.scene for picture in inputs.windows.pictures])  # [image, feature]
    truth = inputs.level[:, 0]
    half = np.arange(len(x)) % 2 == 0
    models: list[Any] = [
        *(DecisionTreeRegressor(max_leaf_nodes=many, random_state=0) for many in _LEAVES),
        *(Ridge(strength) for strength in _STRENGTHS),
    ]
    best = 0.0
    for model in models:
        said = np.zeros(len(x))
        for learnt in (half, ~half):
            said[~learnt] = model.fit(x[learnt], truth[learnt]).predict(x[~learnt])
        if said.std() > 1e-12 and truth.std() > 1e-12:
            best = max(best, float(np.corrcoef(said, truth)[0, 1]))
    return best


def features(scenes: Sequence[Scene]) -> np.ndarray:
    """How many things of each name, colour, texture, size and place; the background; the number."""
    names = sorted({thing.name for scene in scenes for thing in scene.things})
    colours = sorted({thing.colour for scene in scenes for thing in scene.things})
    behind = sorted({_behind(scene) for scene in scenes})
    rows = []
    for scene in scenes:
        things = scene.things
        rows.append(
            [
                *(sum(thing.name == name for thing in things) for name in names),
                *(sum(thing.colour == colour for thing in things) for colour in colours),
                *(sum(thing.texture == texture for thing in things) for texture in TEXTURES),
                *(sum(thing.extent == size for thing in things) for size in SIZES),
                *(sum(place in thing.places for thing in things) for place in PLACES),
                *(_behind(scene) == name for name in behind),
                *(scene.texture == texture for texture in TEXTURES),
                *(len(things) >= many for many in (1, 2, 3, 4)),
            ]
        )
    return np.array(rows, np.float64)


def _behind(scene: Scene) -> str:
    return scene.colour if scene.background == "plain" else scene.background
