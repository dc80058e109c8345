"""How well predicates could predict a function that none of them says exactly: a lower bound.

Text: two tables of tokens. Pictures: predicates combine what is in a scene by and, or, not and
levels; a tree of decisions over the same atoms, with a value at each leaf, is such a combination,
and a weighted sum of atoms is what several components give. Both are learnt from the truth on half
of the fresh pictures and judged on the other half, and the other way round. Our formulation.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tools.models.planted import Vocabulary
from ...tools.scenes.scene import PLACES, SIZES, TEXTURES, Scene
from ...tools.statistics.association import correlation
from ..groundtruth.planted import Probes
from ..groundtruth.text.functions import TextFunction
from ..scoring.measured import Measured

_LEAVES = (6, 12, 24)
_STRENGTHS = (3.0, 30.0)


def text_ceiling(
    function: TextFunction, inputs: Probes, train: Measured, vocabulary: Vocabulary
) -> float:
    """The best correlation with the noiseless function that a predicate reaches, as far as known.

    Two predicates with graded strength for every token are tried: of the token itself, and of the
    one before it. They are taken from the truth on explore and on half of the fresh inputs, and
    judged on the other half; what a planner said may be better still, and then counts.
    """
    half = np.arange(len(inputs.windows)) % 2 == 0
    learnt = {
        "explore": (
            train.windows.ids,
            function.values(train.windows.ids, vocabulary),
            train.counted,
        ),
        "fresh": (inputs.windows.ids[half], inputs.level[half], inputs.windows.counted[half]),
    }
    counted = inputs.windows.counted[~half]
    truth = inputs.level[~half][counted]
    best = 0.0
    for back in (0, 1):
        sums = np.zeros((2, len(vocabulary.surfaces)))
        for ids, level, known in learnt.values():
            tokens = _moved(ids, back)[known]
            sums[0] += np.bincount(tokens, level[known], sums.shape[1])
            sums[1] += np.bincount(tokens, minlength=sums.shape[1])
        table = sums[0] / np.maximum(sums[1], 1)
        prediction = table[_moved(inputs.windows.ids[~half], back)][counted]
        best = max(best, correlation(prediction, truth))
    return best


def picture_ceiling(inputs: Probes) -> float:
    """The best correlation of a model of scenes with the noiseless function."""
    from sklearn.linear_model import Ridge
    from sklearn.tree import DecisionTreeRegressor

    x = features([picture.scene for picture in inputs.windows.pictures])  # [image, feature]
    truth = inputs.level[:, 0]
    half = np.arange(len(x)) % 2 == 0
    models: list[Any] = [
        *(DecisionTreeRegressor(max_leaf_nodes=n, random_state=0) for n in _LEAVES),
        *(Ridge(strength) for strength in _STRENGTHS),
    ]
    best = 0.0
    for model in models:
        prediction = np.zeros(len(x))
        for learnt in (half, ~half):
            prediction[~learnt] = model.fit(x[learnt], truth[learnt]).predict(x[~learnt])
        best = max(best, correlation(prediction, truth))
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
                *(len(things) >= n for n in (1, 2, 3, 4)),
            ]
        )
    return np.array(rows, np.float64)


def _behind(scene: Scene) -> str:
    return scene.colour if scene.background == "plain" else scene.background


def _moved(ids: np.ndarray, back: int) -> np.ndarray:
    if not back:
        return ids
    out = np.zeros_like(ids)
    out[:, back:] = ids[:, :-back]
    return out
