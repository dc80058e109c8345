"""The suite of planted units that look at pictures: tier A is drawn elsewhere, tier B here.

1. Functions are drawn over the things, colours, textures and backgrounds of a world; a corpus is
   put together as they ask: a thing and a background that always come together, exceptions and
   suppressors that hardly come at all.
2. Units with these functions are planted among the channels of one site of the host, each on
   the scale of a host channel and with another as background. A unit's activation is computed from
   pixels; whether a description is right is judged on scene graphs.
3. What each writes is known: toward classes of its own things, toward other classes, or nothing;
   some come in pairs that do the same.
4. Beside them stand units without a function (null), units that never fire (dead), and tier C:
   probes of what the host sees, which no predicate says exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from ....tools.data.image_rows import image_rows
from ....tools.data.pictures import ImageCorpus
from ....tools.models.planted import PlantedTruth
from ....tools.models.target import Target
from ....tools.scenes.scene import Scene
from ..planted import (
    INEXPRESSIBLE,
    NO_FUNCTION,
    HostUnit,
    PlantedUnit,
    Probes,
    Tier,
    Written,
    draw_functions,
    plant,
)
from . import inexpressible, signal
from .compose import Pool, compose, pool_of
from .draw import DRAWN_FIRST, EXPRESSIBLE, PictureDraw
from .functions import PictureFunction
from .inexpressible import ProbeFunction
from .inputs import corpus, picture_corpus, probes
from .reader import reader
from .world import World, drawn_elsewhere, drawn_here

KINDS = (*EXPRESSIBLE, *NO_FUNCTION)
SITE = "conv.3"
EACH = {"A": 7, "B": 5}
"""Units of each kind and seed; every kind has as many in tiers A and B together."""
EACH_INEXPRESSIBLE = 3
"""Units of tier C on each bench."""
PICTURES = 1000
"""Pictures of a corpus."""
_NAMES = 44
"""Things of tier A that one seed has."""
_SAMPLED = 240
"""Pictures over which the host's channels are looked at."""
_SHIFT = 1.5
"""What an active unit adds to the logits of what it writes toward, over the mean of the others."""
_COVERED = {True: 0.7, False: 0.07}
"""Mean of an active unit's map, where the background carries it and where a thing does."""


@dataclass(frozen=True)
class PictureBench:
    """A target with planted units, its corpus, and what new pictures are made of."""

    name: str
    target: Target
    corpus: ImageCorpus
    units: tuple[PlantedUnit, ...]
    world: World = field(repr=False)
    pool: Pool = field(repr=False)

    def probes(self, unit: PlantedUnit, seed: int) -> Probes | None:
        """Fresh pictures for every cell of a unit's truth table; None without a function."""
        if unit.function is None:
            return None
        return probes(unit.function, self.target, self.world, self.pool, seed=seed)


def bench(
    tier: Tier,
    seed: int,
    *,
    kinds: Sequence[str] = KINDS,
    each: int | None = None,
    inexpressible_each: int = EACH_INEXPRESSIBLE,
    pictures: int = PICTURES,
    host: Target | None = None,
) -> PictureBench:
    """One bench of one seed, with units of that tier and half of tier C.

    Args:
        tier: `A`: things of `tools/scenes`; `B`: drawings, shades and sets of this package.
        seed: Of everything; below 1000 are for development.
        kinds: Kinds of units to plant.
        each: Units of each kind; default `EACH`.
        inexpressible_each: Units of tier C.
        pictures: Of the corpus.
        host: A network to plant in; default: the target `pictures`.
    """
    host = host or Target.load("pictures")
    rng = np.random.default_rng([seed, "AB".index(tier), 5])
    world = drawn_elsewhere(rng, _NAMES) if tier == "A" else drawn_here(rng)
    draw = PictureDraw(world, rng)
    rank = {kind: i for i, kind in enumerate(DRAWN_FIRST)}
    order = sorted(kinds, key=lambda kind: rank.get(kind, len(rank)))
    each = EACH[tier] if each is None else each
    drawn = draw_functions(order, each, draw.function, twins="object")
    pool = pool_of(world, without=tuple(draw.own_names), behind=draw.own_grounds)
    functions = list(dict.fromkeys(f for _, f in drawn if f is not None))
    scenes = corpus(functions, world, pool, rng, size=pictures)
    sample = _sample(pool, rng)
    pixels = image_rows(host, [world.picture(scene) for scene in sample]).pixels()
    first = inexpressible_each * (tier == "B")
    for turn in range(first, first + inexpressible_each):
        which = inexpressible.KINDS[(turn + seed) % len(inexpressible.KINDS)]
        drawn.append((INEXPRESSIBLE, inexpressible.probe(which, host, pixels, sample, rng)))
    target, units = plant(
        host, SITE, drawn, lambda drawn: _Host(host, pixels), signal, rng, tier=tier, seed=seed
    )
    target.truth = {unit.unit: _truth(unit) for unit in units}
    made = picture_corpus(f"vision suite {seed} {tier}", scenes, world)
    return PictureBench(f"{seed}-{tier}", target, made, units, world, pool)


def _sample(pool: Pool, rng: np.random.Generator) -> list[Scene]:
    result: list[Scene] = []
    while len(result) < _SAMPLED:
        scene = compose(pool, (), None, rng)
        if scene is not None:
            result.append(scene)
    return result


class _Host:
    """The host's channels at the site, and the classes that a planted one can write toward."""

    def __init__(self, target: Target, pixels: np.ndarray) -> None:
        assert target.image is not None
        inputs = target.image.normalise(torch.from_numpy(pixels).to(target.device))
        values = target.trace(inputs, [SITE], output=False).values[SITE].float().cpu().numpy()
        side = round(values.shape[1] ** 0.5)
        maps = values.transpose(0, 2, 1).reshape(len(values), -1, side, side)
        self._maps = maps  # [image, channel, height, width]
        self.candidates = np.flatnonzero((maps.max((2, 3)) > 0).mean(0) > 0.2)
        head: Any = target.network.get_submodule("head")
        self._rows = head.weight.detach().float()  # [class, d]
        self._labels = target.labels

    def unit(self, number: int) -> HostUnit:
        """What is known of one channel."""
        return signal.channel(number, self._maps[:, number])

    def output(
        self,
        function: PictureFunction | ProbeFunction | None,
        relation: str,
        scale: float,
        rng: np.random.Generator,
    ) -> Written:
        """Toward classes of its own things, or toward another class."""
        if relation == "nothing":
            return Written(torch.zeros(self._rows.shape[1]), relation, ())
        twin = relation == "twin"
        classes = tuple(n for n in (function.concept if function else ()) if n in self._labels)
        if not classes or relation == "other":
            others = [label for label in self._labels if label not in classes]
            relation = "twin" if twin else "other"
            classes = (others[int(rng.integers(len(others)))],)
        chosen = torch.tensor([label in classes for label in self._labels])
        toward = self._rows[chosen].mean(0) - self._rows[~chosen].mean(0)
        wide = function is not None and function.facts.get("by") == "background"
        shift = _SHIFT / (2 if twin else 1) / (_COVERED[wide] * scale)
        return Written(toward * shift / float(toward @ toward), relation, classes)


def _truth(unit: PlantedUnit) -> PlantedTruth:
    """The truth of a unit, from pixels `[image, height, width, 3]`."""
    function = unit.function

    def active(pixels: np.ndarray) -> np.ndarray:
        if isinstance(function, ProbeFunction):
            return function.values(pixels) > 0
        if function is None:
            return np.zeros(len(pixels), bool)
        return function.values([one.scene for one in reader().see(pixels).readings]) > 0

    concept = function.concept if function is not None else ()
    meta = {"relation": unit.relation, "promotes": unit.promotes}
    return PlantedTruth(unit.text, unit.kind, concept, active, meta)
