"""Scenes of one class for the study `failures`, and matched controls of a description.

A scene that fits a description gets a control that does not: the same scene with one attribute (two
where one is not enough) taken from another scene of the class at random, so that both are of the
same world and differ in nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from ...tools.data.image_rows import ImageRows, image_rows
from ...tools.data.scene_pictures import picture_of, side_for
from ...tools.errors import UsageError
from ...tools.models import Target
from ...tools.predicates.core import Predicate
from ...tools.scenes.grammar import sample, shared
from ...tools.scenes.scene import Scene
from ...tools.scenes.things import NAMES

ATTRIBUTES = ("background", "colour", "texture", "size", "place", "others")
"""What is taken from another scene: of the picture, of the thing of the class, of the rest."""
_DONORS = 12
_OVERLAP = 0.04
_ROWS = 64
Draw = Callable[[np.random.Generator, str], Scene]


class Pair(NamedTuple):
    """A scene that fits a description, and the same without what makes it fit."""

    fits: Scene
    control: Scene
    changed: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Classes:
    """A classifier and how scenes of its classes are drawn; the thing of the class comes first."""

    target: Target
    names: tuple[str, ...]
    """Classes that can be drawn."""
    draw: Draw

    def rows(self, scenes: Sequence[Scene]) -> ImageRows:
        """Scenes as the classifier sees them."""
        side = side_for(self.target)
        return image_rows(self.target, [picture_of(scene, side=side) for scene in scenes])

    def answers(self, scenes: Sequence[Scene]) -> np.ndarray:
        """Probabilities, float32 `[scene, class]`."""
        rows = self.rows(scenes)
        out = []
        for first in range(0, len(rows), _ROWS):
            part = rows.rows(slice(first, first + _ROWS))
            logits = self.target.trace(part, ["logit"], output=False).values["logit"]
            out.append(logits[:, 0].float().softmax(1).cpu().numpy())
        return np.concatenate(out) if out else np.zeros((0, len(self.target.labels)), np.float32)

    @property
    def labels(self) -> tuple[str, ...]:
        """First names of all classes."""
        return first_names(self.target)

    def holds(self, predicate: Predicate, scenes: Sequence[Scene]) -> np.ndarray:
        """bool `[scene]`: whether a description fits."""
        if not scenes:
            return np.zeros(0, bool)
        return predicate.evaluate(self.rows(scenes))[:, 0] >= 0.5

    def fitting(
        self,
        predicate: Predicate,
        name: str,
        n: int,
        rng: np.random.Generator,
        *,
        tries: int,
        control: Predicate | None = None,
    ) -> list[Pair]:
        """Up to so many scenes that fit, each with its control; fewer where they are rare.

        Args:
            predicate: What a scene has to fit.
            name: The class.
            n: Pairs.
            rng: Random generator.
            tries: Pools of scenes that are looked through.
            control: What a control must not fit; None: the same.
        """
        out: list[Pair] = []
        for _ in range(tries):
            pool = [self.draw(rng, name) for _ in range(4 * n)]
            for i in np.flatnonzero(self.holds(predicate, pool)):
                made = self._control(control or predicate, name, pool[int(i)], rng)
                if made is not None:
                    out.append(made)
                if len(out) == n:
                    return out
        return out

    def _control(
        self, predicate: Predicate, name: str, scene: Scene, rng: np.random.Generator
    ) -> Pair | None:
        donors = [self.draw(rng, name) for _ in range(_DONORS)]
        for number in (1, 2):
            trials = [
                (what, made)
                for donor in donors
                for what in combinations(ATTRIBUTES, number)
                if (made := taken(scene, donor, what)) is not None
            ]
            off = np.flatnonzero(~self.holds(predicate, [made for _, made in trials]))
            if len(off):
                what, made = trials[int(rng.choice(off))]
                return Pair(scene, made, what)
        return None


def taken(scene: Scene, donor: Scene, what: Sequence[str]) -> Scene | None:
    """A scene with some attributes of another; None where things would then hide each other."""
    first, others = scene.things[0], scene.things[1:]
    changes: dict[str, Any] = {}
    for attribute in what:
        if attribute in ("colour", "texture", "size"):
            changes[attribute] = getattr(donor.things[0], attribute)
        elif attribute == "place":
            changes["x"], changes["y"] = donor.things[0].x, donor.things[0].y
        elif attribute == "others":
            others = donor.things[1:]
    first = first.model_copy(update=changes)
    if not all(first.size / 2 <= v <= 1 - first.size / 2 for v in (first.x, first.y)):
        return None
    if any(shared(first, other) > _OVERLAP for other in others):
        return None
    update: dict[str, Any] = {"things": (first, *others)}
    if "background" in what:
        kept = ("background", "colour", "texture", "seed")
        update.update({key: getattr(donor, key) for key in kept})
    made = scene.model_copy(update=update)
    if made.background == "plain" and any(t.colour == made.colour for t in made.things):
        return None
    return None if made == scene else made


def first_names(target: Target) -> tuple[str, ...]:
    """Labels by their first name: `cat, feline` is cat."""
    return tuple(str(label).split(",")[0].strip().lower() for label in target.labels)


def drawable(target: Target, wanted: Sequence[str] = ()) -> Classes:
    """A classifier's classes that are things of the grammar, the largest thing of each scene.

    Raises:
        UsageError: if it has none, or not those that are wanted.
    """
    names = tuple(name for name in first_names(target) if name in NAMES)
    if target.image is None or "logit" not in target.sites:
        raise UsageError(
            f"{target.name} is no classifier of pictures; give one with the site logit"
        )
    if not names:
        raise UsageError(
            f"none of the {len(target.labels)} classes of {target.name} is a thing that can be "
            f"drawn; things are {', '.join(NAMES[:8])}, ..."
        )
    others = tuple(name for name in NAMES if name not in first_names(target))

    def draw(rng: np.random.Generator, name: str) -> Scene:
        size = round(float(rng.uniform(0.34, 0.55)), 3)
        return sample(
            rng,
            names=others,
            number=(1, 4),
            size=(0.14, 0.3),
            overlap=0.0,
            including=[{"name": name, "size": size}],
        )

    return Classes(target, _wanted(names, wanted), draw)


def biased(seed: int, wanted: Sequence[str] = ()) -> Classes:
    """The classifier of the study `spurious`, trained now; animals in any of its settings."""
    from . import spurious_network as net
    from .options import Spurious
    from .spurious_world import CLASSES, GROUNDS, scene_with, world

    usual = Spurious()
    training = world(usual.scenes, own=usual.own, seed=seed)
    pixels = net.looked(training.pictures())
    network = net.train(pixels, training.classes, epochs=usual.epochs, seed=seed)

    def draw(rng: np.random.Generator, name: str) -> Scene:
        return scene_with(rng, name, GROUNDS[int(rng.integers(len(GROUNDS)))])

    return Classes(net.wrapped(network, f"biased:{seed}"), _wanted(CLASSES, wanted), draw)


def biased_of(target: str, wanted: Sequence[str] = ()) -> Classes | None:
    """The biased classifier that `biased` or `biased:SEED` names; None for other targets.

    Raises:
        UsageError: for a seed that is no number.
    """
    kind, _, seed = target.partition(":")
    if kind != "biased":
        return None
    if seed and not seed.isdecimal():
        raise UsageError(f"'{target}' is no target of this study; give biased:3, say")
    return biased(int(seed or 0), wanted)


def _wanted(names: tuple[str, ...], wanted: Sequence[str]) -> tuple[str, ...]:
    missing = [name for name in wanted if name not in names]
    if missing:
        raise UsageError(f"no class '{missing[0]}' that can be drawn; give of {', '.join(names)}")
    return tuple(wanted) or names
