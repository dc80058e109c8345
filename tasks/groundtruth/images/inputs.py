"""Fresh pictures for every cell of a truth table, and corpora that the forms can be found in.

1. A scene is put together from things that a form is about, from near-misses of them, and from
   others; the atoms, on its graph, say in which cell it is.
2. For the cells of a form this goes on until each has enough. Nobody has seen these pictures.
3. For a corpus the forms take turns, the rarest first, and what should hardly come is put back.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ....tools.data.image_rows import ImageRows, image_rows
from ....tools.data.pictures import ImageCorpus
from ....tools.models.target import Target
from ....tools.scenes.scene import Scene
from .atoms import Like
from .beyond import ProbeForm
from .compose import Pool, broken, compose
from .forms import PictureForm
from .world import World

ENOUGH = 60
"""Pictures a cell."""
LEAST = 50
_ROUNDS = 6000
_PART, _PARTS = 60, 20
_THEMED = 0.8
"""Share of a corpus's pictures that are put together for some form."""
_WANTED = 0.07
"""Share of pictures in which each unit should be active at least."""
_BROKEN = 0.12
_MOST = 5


class PictureProbes(NamedTuple):
    """Pictures for the cells of one form."""

    windows: ImageRows
    cells: dict[str, np.ndarray]
    """`[place, 2]` by cell: picture and 0."""
    level: np.ndarray
    """`[image, 1]`: the noiseless function of the graphs."""

    @property
    def short(self) -> list[str]:
        """Cells with too few pictures."""
        return [name for name, places in self.cells.items() if len(places) < LEAST]


def probes(
    form: PictureForm, target: Target, world: World, pool: Pool, *, seed: int
) -> PictureProbes:
    """Pictures for every cell of a form.

    Args:
        form: The form.
        target: Whose pictures they are.
        world: What draws them.
        pool: What may be in them beside what the form is about.
        seed: Of the drawing.
    """
    rng = np.random.default_rng(seed)
    scenes: list[Scene] = []
    members: dict[str, list[int]] = {cell.name: [] for cell in form.cells}
    for _ in range(_ROUNDS):
        if all(len(found) >= ENOUGH for found in members.values()):
            break
        scene = about(form, pool, rng)
        if scene is None:
            continue
        holds = {name: atom(scene) for name, atom in form.atoms.items()}
        for cell in form.cells:
            fits = all(holds[name] == wanted for name, wanted in cell.pattern.items())
            if fits and len(members[cell.name]) < ENOUGH:
                members[cell.name].append(len(scenes))
                scenes.append(scene)
                break
    rows = image_rows(target, [world.picture(scene) for scene in scenes])
    places = {
        name: np.array([(at, 0) for at in found], np.int64).reshape(-1, 2)
        for name, found in members.items()
    }
    return PictureProbes(rows, places, form.values(scenes)[:, None])


def probe_probes(
    form: ProbeForm, target: Target, world: World, pool: Pool, *, seed: int
) -> PictureProbes:
    """Pictures in which a probe is high, and others; each is drawn to find out which it is."""
    rng = np.random.default_rng(seed)
    scenes: list[Scene] = []
    levels: list[float] = []
    members: dict[str, list[int]] = {cell.name: [] for cell in form.cells}
    for _ in range(_PARTS):
        if all(len(found) >= ENOUGH for found in members.values()):
            break
        drawn = [compose(pool, (), None, rng) for _ in range(_PART)]
        new = [scene for scene in drawn if scene is not None]
        level = form.levels(image_rows(target, [world.picture(scene) for scene in new]).pixels())
        for scene, value in zip(new, level, strict=True):
            for cell in form.cells:
                if cell.active == (value > 0) and len(members[cell.name]) < ENOUGH:
                    members[cell.name].append(len(scenes))
                    scenes.append(scene)
                    levels.append(float(value))
    rows = image_rows(target, [world.picture(scene) for scene in scenes])
    places = {name: np.array([(at, 0) for at in found]) for name, found in members.items()}
    places = {name: found.astype(np.int64).reshape(-1, 2) for name, found in places.items()}
    return PictureProbes(rows, places, np.array(levels)[:, None])


def about(
    form: PictureForm, pool: Pool, rng: np.random.Generator, *, breaking: float = 0.35
) -> Scene | None:
    """A scene that has to do with a form; None where it cannot be placed."""
    asked: list[Like] = []
    if form.repeated > 1:
        asked = [form.about[0]] * int(rng.integers(0, form.repeated + 1))
        more = 0 if form.about[0] == Like() else int(rng.integers(0, 3))
        return compose(pool, asked, None, rng, more=more)
    several = int(rng.choice((0, 1, 2), p=(0.15, 0.6, 0.25)))
    for at in rng.permutation(len(form.about))[:several]:
        like = form.about[int(at)]
        asked.append(broken(like, pool, rng) if rng.random() < breaking else like)
    ground = None
    if form.grounds and rng.random() < 0.5:
        ground = form.grounds[int(rng.integers(len(form.grounds)))]
    return compose(pool, asked, ground, rng)


def corpus(
    forms: Sequence[PictureForm], world: World, pool: Pool, rng: np.random.Generator, *, many: int
) -> list[Scene]:
    """The scenes of a corpus."""
    scenes: list[Scene] = []
    active = np.zeros(len(forms))
    bent = [form for form in forms if form.rare]
    while len(scenes) < many:
        themes: list[PictureForm] = []
        if forms and rng.random() < _THEMED:
            short = np.flatnonzero(active < _WANTED * (len(scenes) + 10))
            chosen = short if len(short) > 1 else np.arange(len(forms))
            themes = [forms[int(at)] for at in rng.choice(chosen, 2)]
        for attempt in range(12):
            scene = _themed(themes[: 2 if attempt < 6 else 1], pool, rng)
            if scene is not None and not _unwanted(scene, bent, rng):
                scenes.append(scene)
                active += [float(form.values([scene])[0] > 0) for form in forms]
                break
    return scenes


def _themed(themes: Sequence[PictureForm], pool: Pool, rng: np.random.Generator) -> Scene | None:
    """A scene in which units of these forms are likely to be active."""
    asked: list[Like] = []
    ground = None
    for form in themes:
        some = form.about[: 2 if form.variant == "two things" and form.kind == "and" else 1]
        if form.kind in ("or", "graded"):
            some = (form.about[int(rng.integers(len(form.about) - 1))],)
        asked += list(some) * max(1, form.repeated - 1)
        if ground is None and form.kind in ("and", "confounded") and form.grounds:
            ground = form.grounds[0]
    asked = [broken(like, pool, rng) if rng.random() < _BROKEN else like for like in asked]
    more = None if len(asked) < 3 else int(rng.integers(0, 2))
    return compose(pool, asked[:_MOST], ground, rng, more=more)


def _unwanted(scene: Scene, bent: Sequence[PictureForm], rng: np.random.Generator) -> bool:
    """Whether a scene has what should hardly come, and does not slip through."""
    for form in bent:
        holds = {name: atom(scene) for name, atom in form.atoms.items()}
        for pattern in form.rare:
            there = all(holds[name] == wanted for name, wanted in pattern.items())
            if there and rng.random() >= form.slip:
                return True
    return False


def picture_corpus(name: str, scenes: Sequence[Scene], world: World) -> ImageCorpus:
    """Scenes as a corpus of pictures."""
    wide = len(str(len(scenes)))
    pictures = [world.picture(scene, id=f"{at:0{wide}d}") for at, scene in enumerate(scenes)]
    return ImageCorpus(name, pictures)
