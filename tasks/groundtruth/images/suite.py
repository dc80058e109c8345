"""The suite of planted units that look at pictures: tier A is drawn elsewhere, tier B here.

1. Forms are drawn over the things, colours, textures and backgrounds of a world; a corpus is put
   together as they ask: a thing and a background that always come together, exceptions and
   suppressors that hardly come at all.
2. Units that answer to the forms are planted among the channels of one site of the host, each on
   the scale of a host channel and with another as background. A unit's activation is computed from
   pixels; whether a description is right is judged on scene graphs.
3. What each writes is known: toward classes of its own things, toward other classes, or nothing;
   some come in pairs that do the same.
4. Beside them stand units without a function (null), units that never fire (dead), and tier C:
   probes of what the host sees, which no predicate says exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch

from ....tools.data.image_rows import image_rows
from ....tools.data.pictures import ImageCorpus
from ....tools.models.interleave import Interleaved, interleave
from ....tools.models.planted import PlantedTruth
from ....tools.models.target import Target
from ....tools.scenes.scene import Scene
from . import beyond, signal
from .beyond import ProbeForm
from .compose import Pool, compose, pool_of
from .draw import BENT, FORMS, PictureDraw
from .forms import PictureForm
from .inputs import PictureProbes, corpus, picture_corpus, probe_probes, probes
from .reader import reader
from .world import World, drawn_elsewhere, drawn_here

Tier = Literal["A", "B", "C"]
KINDS = (*FORMS, "null", "dead")
SITE = "conv.3"
EACH = {"A": 7, "B": 5}
"""Units of each kind and seed; every kind has as many in tiers A and B together."""
BEYOND = 3
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
class PictureUnit:
    """A planted unit and its truth."""

    unit: str
    """Its name at the target, one among the host's own."""
    tier: Tier
    kind: str
    variant: str
    text: str
    """The true description."""
    form: PictureForm | ProbeForm | None
    """None for units without a function."""
    relation: str
    """What it writes: toward its `own` classes, toward `other` ones, `nothing`, or half of what a
    `twin` writes too."""
    promotes: tuple[str, ...] = ()
    """Classes that its output vector points to."""


@dataclass(frozen=True)
class PictureBench:
    """A target with planted units, its corpus, and what new pictures are made of."""

    name: str
    target: Target
    corpus: ImageCorpus
    units: tuple[PictureUnit, ...]
    world: World = field(repr=False)
    pool: Pool = field(repr=False)

    def probes(self, unit: PictureUnit, seed: int) -> PictureProbes | None:
        """Fresh pictures for every cell of a unit's truth table; None without a function."""
        if isinstance(unit.form, ProbeForm):
            return probe_probes(unit.form, self.target, self.world, self.pool, seed=seed)
        if unit.form is None:
            return None
        return probes(unit.form, self.target, self.world, self.pool, seed=seed)


def bench(
    tier: Tier,
    seed: int,
    *,
    kinds: Sequence[str] = KINDS,
    each: int | None = None,
    beyond_each: int = BEYOND,
    pictures: int = PICTURES,
    host: Target | None = None,
) -> PictureBench:
    """One bench of one seed, with units of that tier and half of tier C.

    Args:
        tier: `A`: things of `tools/scenes`; `B`: drawings, shades and sets of this package.
        seed: Of everything; below 1000 are for development.
        kinds: Kinds of units to plant.
        each: Units of each kind; default `EACH`.
        beyond_each: Units of tier C.
        pictures: Of the corpus.
        host: A network to plant in; default: the target `pictures`.
    """
    each = EACH[tier] if each is None else each
    host = host or Target.load("pictures")
    rng = np.random.default_rng([seed, "AB".index(tier), 5])
    world = drawn_elsewhere(rng, _NAMES) if tier == "A" else drawn_here(rng)
    draw = PictureDraw(world, rng)
    drawn: list[tuple[str, PictureForm | ProbeForm | None]] = []
    order = {kind: at for at, kind in enumerate(BENT)}
    for kind in sorted(kinds, key=lambda kind: order.get(kind, len(BENT))):
        for turn in range(each):
            twin = kind == "object" and turn == 1
            form = drawn[-1][1] if twin else None
            if form is None and kind in FORMS:
                form = draw.form(kind, turn)
            drawn.append((kind, form))
    pool = pool_of(world, without=tuple(draw.own_names), behind=draw.own_grounds)
    forms = [form for _, form in drawn if isinstance(form, PictureForm)]
    scenes = corpus(list(dict.fromkeys(forms)), world, pool, rng, many=pictures)
    sample = _sample(pool, rng)
    pixels = image_rows(host, [world.picture(scene) for scene in sample]).pixels()
    first = beyond_each * (tier == "B")
    for turn in range(first, first + beyond_each):
        which = beyond.KINDS[(turn + seed) % len(beyond.KINDS)]
        drawn.append(("beyond", beyond.probe(which, host, pixels, sample, rng)))
    shuffled = [drawn[int(at)] for at in rng.permutation(len(drawn))]
    planted, facts = _plant(host, shuffled, pixels, rng)
    target, names = interleave(host, planted, site=SITE, seed=seed)
    units = [
        PictureUnit(
            name,
            "C" if kind == "beyond" else tier,
            kind,
            form.variant if form else "",
            form.text if form else kind,
            form,
            relation,
            promotes,
        )
        for (kind, form), name, (relation, promotes) in zip(shuffled, names, facts, strict=True)
    ]
    target.truth = {unit.unit: _truth(unit) for unit in units}
    name = f"{seed}-{tier}"
    return PictureBench(
        name,
        target,
        picture_corpus(f"vision suite {seed} {tier}", scenes, world),
        tuple(units),
        world,
        pool,
    )


def _sample(pool: Pool, rng: np.random.Generator) -> list[Scene]:
    found: list[Scene] = []
    while len(found) < _SAMPLED:
        scene = compose(pool, (), None, rng)
        if scene is not None:
            found.append(scene)
    return found


def _plant(
    host: Target,
    drawn: Sequence[tuple[str, PictureForm | ProbeForm | None]],
    pixels: np.ndarray,
    rng: np.random.Generator,
) -> tuple[list[Interleaved], list[tuple[str, tuple[str, ...]]]]:
    maps = _maps(host, pixels)  # [image, channel, height, width]
    peaks = maps.max((2, 3))  # [image, channel]
    alive = np.flatnonzero((peaks > 0).mean(0) > 0.2)
    head: Any = host.network.get_submodule("head")
    rows = head.weight.detach().float()  # [class, d]
    planted, facts = [], []
    for number, (kind, form) in enumerate(drawn):
        like, behind = (int(at) for at in rng.choice(alive, 2, replace=False))
        channel = signal.Channel(like, maps[:, like])
        other = signal.Channel(behind, maps[:, behind])
        twin = form is not None and sum(f is form for _, f in drawn) > 1
        relation, classes = _writes(form, twin, number, host.labels, rng)
        vector = torch.zeros(rows.shape[1])
        if classes:
            chosen = torch.tensor([label in classes for label in host.labels])
            toward = rows[chosen].mean(0) - rows[~chosen].mean(0)
            wide = isinstance(form, PictureForm) and form.facts.get("by") == "background"
            shift = _SHIFT / (2 if twin else 1) / (_COVERED[wide] * channel.scale)
            vector = toward * shift / float(toward @ toward)
        limit = 0.2 * channel.scale
        quiet = kind in ("dead", "null") and not (kind == "null" and number % 3 == 1)
        planted.append(
            Interleaved(
                _function(kind, form, channel, int(rng.integers(1 << 30)), number),
                vector,
                None if quiet else behind,
                limit / max(other.spread, 1e-9),
                limit,
            )
        )
        facts.append((relation, classes))
    return planted, facts


def _writes(
    form: PictureForm | ProbeForm | None,
    twin: bool,
    number: int,
    labels: Sequence[str],
    rng: np.random.Generator,
) -> tuple[str, tuple[str, ...]]:
    """What a unit writes, and toward which classes."""
    relation = "twin" if twin else ("own", "other", "own", "nothing")[number % 4]
    if relation == "nothing":
        return relation, ()
    own = tuple(name for name in (form.concept if form else ()) if name in labels)
    others = [label for label in labels if label not in own]
    if own and relation != "other":
        return relation, own
    return ("twin" if twin else "other"), (others[int(rng.integers(len(others)))],)


def _function(
    kind: str, form: PictureForm | ProbeForm | None, channel: signal.Channel, seed: int, turn: int
) -> signal.Maps:
    if isinstance(form, PictureForm):
        return signal.active(form, channel, seed)
    if form is not None:
        return signal.probed(form, channel, seed)
    if kind == "dead":
        return signal.dead(channel, seed)
    which = (signal.permuted, signal.hashed, signal.noise)[turn % 3]
    return which(channel, seed)


def _truth(unit: PictureUnit) -> PlantedTruth:
    """The truth of a unit, from pixels `[image, height, width, 3]`."""
    form = unit.form

    def holds(pixels: np.ndarray) -> np.ndarray:
        if isinstance(form, ProbeForm):
            return form.levels(pixels) > 0
        if form is None:
            return np.zeros(len(pixels), bool)
        return form.values([one.scene for one in reader().see(pixels).readings]) > 0

    words = form.concept if form is not None else ()
    meta = {"relation": unit.relation, "promotes": unit.promotes}
    return PlantedTruth(unit.text, unit.kind, words, holds, meta)


def _maps(host: Target, pixels: np.ndarray) -> np.ndarray:
    """The site's own channels, `[image, channel, height, width]`."""
    assert host.image is not None
    given = host.image.normalise(torch.from_numpy(pixels).to(host.device))
    found = host.trace(given, [SITE], output=False).values[SITE].float().cpu().numpy()
    side = round(found.shape[1] ** 0.5)
    return found.transpose(0, 2, 1).reshape(len(found), -1, side, side)
