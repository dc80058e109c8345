"""How right readers of pixels are: the facts that they find in scenes against those that are so.

    python -m tests.support.scene_agreement [--scenes 300]

Facts are what predicates and functions of scenes may ask: that there is a thing of some name,
colour, texture, size, of two of these at once, at some place; how many things there are; what is
behind them; a relation of two. The command compares the reader of the ground truth with scene
graphs: pictures that the suite's corpora are made of, of either hand, and scenes of the grammar, in
which things may hide each other and be of any size.
"""

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from neuroscribe.tasks.groundtruth.images.compose import compose, pool_of
from neuroscribe.tasks.groundtruth.images.reader import SIDE, Reader
from neuroscribe.tasks.groundtruth.images.world import SIDE as DRAWN
from neuroscribe.tasks.groundtruth.images.world import drawn_elsewhere, drawn_here
from neuroscribe.tools.predicates.scene_detector import detect
from neuroscribe.tools.scenes import drawing, grammar
from neuroscribe.tools.scenes.scene import RELATIONS, Scene, related
from PIL import Image

Draw = Callable[[Scene, int], Image.Image]
FACTS: dict[str, Callable[[Scene], set[Any]]] = {
    "object": lambda s: {t.name for t in s.things},
    "colour": lambda s: {t.colour for t in s.things},
    "texture": lambda s: {t.texture for t in s.things},
    "size": lambda s: {t.extent for t in s.things},
    "place": lambda s: {place for t in s.things for place in t.places},
    "name and colour": lambda s: {(t.name, t.colour) for t in s.things},
    "name and texture": lambda s: {(t.name, t.texture) for t in s.things},
    "name and place": lambda s: {(t.name, place) for t in s.things for place in t.places},
    "colour and texture": lambda s: {(t.colour, t.texture) for t in s.things},
    "number": lambda s: {len(s.things)},
    "background": lambda s: {
        (s.background, *((s.colour, s.texture) if s.background == "plain" else ()))
    },
    "thing": lambda s: {(t.name, t.colour, t.texture, t.extent) for t in s.things},
    "relation": lambda s: {
        (one.name, relation, other.name)
        for one in s.things
        for other in s.things
        for relation in RELATIONS
        if one is not other and related(one, relation, other)
    },
}
"""What holds in a scene, by kind."""
ASKED = tuple(FACTS)[:11]
"""What functions of the ground truth ask."""


class Agreement(NamedTuple):
    """Facts of one kind, over all scenes."""

    right: int
    """That are so and were found."""
    found: int
    so: int

    @property
    def f1(self) -> float:
        """Harmonic mean of the shares of those found and of those that are so."""
        return 2 * self.right / max(self.found + self.so, 1)

    @property
    def share(self) -> float:
        """Of the facts that are so or were found, those that are both."""
        return self.right / (self.found + self.so - self.right)


def compare(true: Sequence[Scene], found: Sequence[Scene]) -> dict[str, Agreement]:
    """Scenes that were found against those that are, by kind of fact."""
    out = {}
    for kind, facts in FACTS.items():
        pairs = [(facts(one), facts(other)) for one, other in zip(true, found, strict=True)]
        counts = np.array([(len(a & b), len(b), len(a)) for a, b in pairs])
        out[kind] = Agreement(*counts.sum(0).tolist())
    return out


def detected(n: int, *, side: int, seed: int) -> dict[str, Agreement]:
    """The detector on fresh scenes of the grammar."""
    true = grammar.scenes(n, seed=seed)
    return compare(true, [detect(drawing.render(scene, side)) for scene in true])


def samples(n: int, *, seed: int) -> dict[str, tuple[list[Scene], Draw]]:
    """Scenes of the suite, by hand, and of the grammar."""
    rng = np.random.default_rng([seed, 3])
    found: dict[str, tuple[list[Scene], Draw]] = {}
    for world in (drawn_elsewhere(rng, 44), drawn_here(rng)):
        pool = pool_of(world)
        drawn = (compose(pool, (), None, rng) for _ in range(2 * n))
        found[world.hand] = ([scene for scene in drawn if scene is not None][:n], world.draw)
    found["grammar"] = ([grammar.sample(rng) for _ in range(n)], drawing.draw)
    return found


def agreement(scenes: Sequence[Scene], draw: Draw) -> dict[str, float]:
    """Shares of facts that graphs and the reader of the ground truth agree on; `all` of them."""
    smaller = (SIDE, SIDE)
    drawn = [draw(scene, DRAWN).resize(smaller, Image.Resampling.BILINEAR) for scene in scenes]
    read = Reader().read(np.stack([np.asarray(picture) for picture in drawn]))
    found = compare(scenes, [one.scene for one in read])
    whole = Agreement(*np.sum([found[kind] for kind in ASKED], 0).tolist())
    return {"all": whole.share, **{kind: found[kind].share for kind in ASKED}}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Compare what is read with scene graphs.")
    parser.add_argument("--scenes", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for name, (scenes, draw) in samples(given.scenes, seed=given.seed).items():
        shares = agreement(scenes, draw)
        print(name, " ".join(f"{kind} {share:.4f}" for kind, share in shares.items()))


if __name__ == "__main__":
    main()
