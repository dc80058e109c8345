"""How right the reader of pixels is, against scene graphs.

    python -m tests.support.reader_agreement [--scenes 300]

Atoms are what a function may ask: that there is a thing of some name, colour, texture, size, of two
of these at once, at some place; how many things there are; what is behind them. The figure is the
share, of the atoms that hold in the graph or are read, that hold in both. Pictures are those that
the suite's corpora are made of, of either hand, and scenes of the grammar, in which things may
hide each other and be of any size.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from neuroscribe.tasks.groundtruth.images.compose import compose, pool_of
from neuroscribe.tasks.groundtruth.images.reader import SIDE, Reader
from neuroscribe.tasks.groundtruth.images.world import SIDE as DRAWN
from neuroscribe.tasks.groundtruth.images.world import drawn_elsewhere, drawn_here
from neuroscribe.tools.scenes import drawing, grammar
from neuroscribe.tools.scenes.scene import Scene
from PIL import Image


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Compare what is read with scene graphs.")
    parser.add_argument("--scenes", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for name, (scenes, draw) in samples(given.scenes, seed=given.seed).items():
        shares = agreement(scenes, draw)
        print(name, " ".join(f"{kind} {share:.4f}" for kind, share in shares.items()))


Draw = Callable[[Scene, int], Image.Image]


def samples(many: int, *, seed: int) -> dict[str, tuple[list[Scene], Draw]]:
    """Scenes of the suite, by hand, and of the grammar."""
    rng = np.random.default_rng([seed, 3])
    found: dict[str, tuple[list[Scene], Draw]] = {}
    for world in (drawn_elsewhere(rng, 44), drawn_here(rng)):
        pool = pool_of(world)
        drawn = (compose(pool, (), None, rng) for _ in range(2 * many))
        found[world.hand] = ([scene for scene in drawn if scene is not None][:many], world.draw)
    found["grammar"] = ([grammar.sample(rng) for _ in range(many)], drawing.draw)
    return found


def agreement(scenes: Sequence[Scene], draw: Draw) -> dict[str, float]:
    """The share of atoms that graph and reader have in common, by kind of atom."""
    smaller = (SIDE, SIDE)
    drawn = [draw(scene, DRAWN).resize(smaller, Image.Resampling.BILINEAR) for scene in scenes]
    read = Reader().read(np.stack([np.asarray(picture) for picture in drawn]))
    both: Counter[str] = Counter()
    either: Counter[str] = Counter()
    for scene, one in zip(scenes, read, strict=True):
        there, said = set(atoms(scene)), set(atoms(one.scene))
        both.update(kind for kind, *_ in there & said)
        either.update(kind for kind, *_ in there | said)
    found = {kind: both[kind] / either[kind] for kind in sorted(either)}
    return {"all": both.total() / either.total(), **found}


def atoms(scene: Scene) -> Iterable[tuple[str, ...]]:
    """Everything that a function may ask of a scene and that holds in it."""
    yield "number", str(len(scene.things))
    yield "background", scene.background
    if scene.background == "plain":
        yield "ground", scene.colour
        yield "ground texture", scene.texture
    for thing in scene.things:
        yield "name", thing.name
        yield "colour", thing.colour
        yield "texture", thing.texture
        yield "size", thing.extent
        yield "name and colour", thing.name, thing.colour
        yield "name and texture", thing.name, thing.texture
        yield "colour and texture", thing.colour, thing.texture
        for place in thing.places:
            yield "place", thing.name, place


if __name__ == "__main__":
    main()
