"""Control questions about drawn pictures, whose content is known: does a judge see them at all?

Each picture shows one thing on a plain ground. Half of a question's pictures fit: those that show
the thing that the description names, or those of one thing in which it stands on the named side.
"""

from collections.abc import Sequence

import numpy as np

from ....tools.english.inflection import with_article
from ....tools.scenes.drawing import draw
from ....tools.scenes.palette import COLOURS
from ....tools.scenes.scene import Scene, Thing
from ....tools.scenes.things import NAMES
from .judging import Sheet

THING = "{} is shown"
SIDE = "{} stands in the {} half of the picture"
PLACES = 8
"""Of one question; half of them fit."""
QUESTIONS = 2
"""Of each kind."""
_SIDE = 176
_X = {"left": 0.25, "right": 0.75}
_GROUND = "grey"  # a picture of the sheet's own white would have no edges
_INKS = tuple(colour for colour in COLOURS if colour not in ("white", _GROUND))


def questions(rng: np.random.Generator) -> list[tuple[Sheet, dict[str, bool]]]:
    """Sheets of both kinds with what is true of each picture."""
    fits = np.repeat([True, False], PLACES // 2)
    made: list[tuple[str, list[str], list[str]]] = []
    for _ in range(QUESTIONS):
        name, *others = rng.choice(NAMES, 1 + PLACES, replace=False).tolist()
        names = np.where(fits, name, others).tolist()
        sides = rng.choice(list(_X), PLACES).tolist()
        made.append((THING.format(with_article(name)), names, sides))
    for _ in range(QUESTIONS):
        name = str(rng.choice(NAMES))
        side, other = rng.permutation(list(_X)).tolist()
        sides = np.where(fits, side, other).tolist()
        made.append((SIDE.format(with_article(name), side), [name] * PLACES, sides))
    return [_question(label, names, sides, fits, rng) for label, names, sides in made]


def _question(
    label: str,
    names: Sequence[str],
    sides: Sequence[str],
    fits: np.ndarray,
    rng: np.random.Generator,
) -> tuple[Sheet, dict[str, bool]]:
    order = rng.permutation(PLACES)
    shown = {str(k): _drawn(names[int(i)], sides[int(i)], rng) for k, i in enumerate(order, 1)}
    return Sheet(label, shown), {str(k): bool(fits[i]) for k, i in enumerate(order, 1)}


def _drawn(name: str, side: str, rng: np.random.Generator) -> np.ndarray:
    """uint8 `[height, width, 3]`."""
    thing = Thing(name=name, colour=str(rng.choice(_INKS)), size=0.4, x=_X[side])
    return np.asarray(draw(Scene(colour=_GROUND, things=(thing,)), _SIDE))
