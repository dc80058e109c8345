"""Fresh pictures for every cell of a truth table, and corpora that the functions can be found in.

1. A scene is put together from things that a function is about, from near-misses of them, and from
   others; the atoms, on its graph, say in which cell it is.
2. For the cells of a function this goes on until each has enough. Nobody has seen these pictures.
3. For a corpus the functions take turns, the rarest first, and what should hardly come is put back.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ....tools.data.image_rows import image_rows
from ....tools.data.pictures import ImageCorpus
from ....tools.models.target import Target
from ....tools.scenes.scene import Scene
from ..planted import ENOUGH, Probes
from .atoms import Like
from .compose import Pool, broken, compose
from .functions import PictureFunction
from .inexpressible import ProbeFunction
from .world import World

_ROUNDS = 6000
_PART, _PARTS = 60, 20
_THEMED = 0.8
"""Share of a corpus's pictures that are put together for some function."""
_WANTED = 0.07
"""Share of pictures in which each unit should be active at least."""
_BROKEN, _BROKEN_PROBE = 0.12, 0.35
"""How often a condition is broken, in a corpus and in pictures for cells."""
_MOST = 5


def probes(
    function: PictureFunction | ProbeFunction,
    target: Target,
    world: World,
    pool: Pool,
    *,
    seed: int,
) -> Probes:
    """Pictures for every cell of a function.

    Args:
        function: The function; of a probe each picture is drawn to find out whether it is high.
        target: Whose pictures they are.
        world: What draws them.
        pool: What may be in them beside what the function is about.
        seed: Of the drawing.
    """
    rng = np.random.default_rng(seed)
    probed = isinstance(function, ProbeFunction)
    scenes: list[Scene] = []
    levels: list[float] = []
    members: dict[str, list[int]] = {cell.name: [] for cell in function.cells}
    for _ in range(_PARTS if probed else _ROUNDS):
        if all(len(rows) >= ENOUGH for rows in members.values()):
            break
        if probed:
            new = [compose(pool, (), None, rng) for _ in range(_PART)]
        else:
            new = [about(function, pool, rng)]
        new = [scene for scene in new if scene is not None]
        if not new:
            continue
        pictures = [world.picture(scene) for scene in new] if probed else []
        given = image_rows(target, pictures).pixels() if probed else new
        for scene, holds, level in zip(new, *_evaluated(function, given), strict=True):
            for cell in function.cells:
                fits = all(holds[name] == wanted for name, wanted in cell.pattern.items())
                if fits and len(members[cell.name]) < ENOUGH:
                    members[cell.name].append(len(scenes))
                    scenes.append(scene)
                    levels.append(level)
                    break
    rows = image_rows(target, [world.picture(scene) for scene in scenes])
    places = {
        name: np.array([(row, 0) for row in chosen], np.int64).reshape(-1, 2)
        for name, chosen in members.items()
    }
    return Probes(rows, places, np.array(levels)[:, None])


def _evaluated(
    function: PictureFunction | ProbeFunction, inputs: Any
) -> tuple[list[dict[str, bool]], list[float]]:
    """Of each scene, or of the pixels that a probe sees, the atoms and the level."""
    if isinstance(function, ProbeFunction):
        levels = function.values(inputs).tolist()
        return [{"s": level > 0} for level in levels], levels
    atoms = function.evaluate(inputs)
    holds = [{name: bool(atoms[name][i]) for name in atoms} for i in range(len(inputs))]
    return holds, function.values(inputs).tolist()


def about(function: PictureFunction, pool: Pool, rng: np.random.Generator) -> Scene | None:
    """A scene that has to do with a function; None where it cannot be placed."""
    asked: list[Like] = []
    if function.repeated > 1:
        asked = [function.about[0]] * int(rng.integers(0, function.repeated + 1))
        more = 0 if function.about[0] == Like() else int(rng.integers(0, 3))
        return compose(pool, asked, None, rng, more=more)
    several = int(rng.choice((0, 1, 2), p=(0.15, 0.6, 0.25)))
    for at in rng.permutation(len(function.about))[:several]:
        like = function.about[int(at)]
        asked.append(broken(like, pool, rng) if rng.random() < _BROKEN_PROBE else like)
    ground = None
    if function.grounds and rng.random() < 0.5:
        ground = function.grounds[int(rng.integers(len(function.grounds)))]
    return compose(pool, asked, ground, rng)


def corpus(
    functions: Sequence[PictureFunction],
    world: World,
    pool: Pool,
    rng: np.random.Generator,
    *,
    size: int,
) -> list[Scene]:
    """The scenes of a corpus."""
    scenes: list[Scene] = []
    active = np.zeros(len(functions))
    bent = [function for function in functions if function.rare]
    while len(scenes) < size:
        themes: list[PictureFunction] = []
        if functions and rng.random() < _THEMED:
            short = np.flatnonzero(active < _WANTED * (len(scenes) + 10))
            chosen = short if len(short) > 1 else np.arange(len(functions))
            themes = [functions[int(at)] for at in rng.choice(chosen, 2)]
        for attempt in range(12):
            scene = _themed(themes[: 2 if attempt < 6 else 1], pool, rng)
            if scene is not None and not _unwanted(scene, bent, rng):
                scenes.append(scene)
                active += [float(function.values([scene])[0] > 0) for function in functions]
                break
    return scenes


def _themed(
    themes: Sequence[PictureFunction], pool: Pool, rng: np.random.Generator
) -> Scene | None:
    """A scene in which units of these functions are likely to be active."""
    asked: list[Like] = []
    ground = None
    for function in themes:
        some = function.about[
            : 2 if function.variant == "two things" and function.kind == "and" else 1
        ]
        if function.kind in ("or", "graded"):
            some = (function.about[int(rng.integers(len(function.about) - 1))],)
        asked += list(some) * max(1, function.repeated - 1)
        if ground is None and function.kind in ("and", "confounded") and function.grounds:
            ground = function.grounds[0]
    asked = [broken(like, pool, rng) if rng.random() < _BROKEN else like for like in asked]
    more = None if len(asked) < 3 else int(rng.integers(0, 2))
    return compose(pool, asked[:_MOST], ground, rng, more=more)


def _unwanted(scene: Scene, bent: Sequence[PictureFunction], rng: np.random.Generator) -> bool:
    """Whether a scene has what should hardly come, and does not slip through."""
    for function in bent:
        holds = {name: atom(scene) for name, atom in function.atoms.items()}
        for pattern in function.rare:
            there = all(holds[name] == wanted for name, wanted in pattern.items())
            if there and rng.random() >= function.slip:
                return True
    return False


def picture_corpus(name: str, scenes: Sequence[Scene], world: World) -> ImageCorpus:
    """Scenes as a corpus of pictures."""
    wide = len(str(len(scenes)))
    pictures = [world.picture(scene, id=f"{at:0{wide}d}") for at, scene in enumerate(scenes)]
    return ImageCorpus(name, pictures)
