"""How good the detector is: what it finds in fresh scenes, against what is in them.

Facts are compared, of the kinds that image atoms speak of: a name, a colour, a texture, a size, a
place of something in the picture, all of them together, the number of things, the background, a
relation of two named things. Precision and recall are over all facts of a kind in all scenes.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from neuroscribe.tools.predicates.scene_detector import detect
from neuroscribe.tools.scenes.drawing import render
from neuroscribe.tools.scenes.grammar import scenes
from neuroscribe.tools.scenes.scene import RELATIONS, Scene, related


class Agreement(NamedTuple):
    """Facts of one kind."""

    precision: float
    """Of the facts found, the share that is so."""
    recall: float
    """Of the facts that are so, the share found."""
    f1: float
    low: float
    """95% interval of F1, from the scenes drawn again."""
    high: float
    facts: int
    """How many are so."""


def accuracy(
    many: int = 200,
    *,
    side: int = 224,
    seed: int = 9001,
    find: Callable[[np.ndarray], Scene] = detect,
    **settings: Any,
) -> dict[str, Agreement]:
    """The detector against the truth, by kind of fact.

    Args:
        many: Fresh scenes.
        side: Pixels of their sides.
        seed: Of the scenes.
        find: The detector.
        settings: Of `grammar.sample`.
    """
    true = scenes(many, seed=seed, **settings)
    return compare(true, [find(render(scene, side)) for scene in true])


def compare(true: Sequence[Scene], found: Sequence[Scene]) -> dict[str, Agreement]:
    """Scenes that were found against those that are, by kind of fact."""
    kinds: dict[str, Callable[[Scene], set[object]]] = {
        "object": lambda s: {thing.name for thing in s.things},
        "colour": lambda s: {thing.colour for thing in s.things},
        "texture": lambda s: {thing.texture for thing in s.things},
        "size": lambda s: {thing.extent for thing in s.things},
        "place": lambda s: {place for thing in s.things for place in thing.places},
        "thing": lambda s: {(t.name, t.colour, t.texture, t.extent) for t in s.things},
        "number": lambda s: {len(s.things)},
        "background": lambda s: {_behind(s)},
        "relation": _relations,
    }
    rng = np.random.default_rng(0)
    again = rng.integers(0, len(true), (400, len(true)))  # [draw, scene]
    out: dict[str, Agreement] = {}
    for kind, facts in kinds.items():
        pairs = [(facts(one), facts(other)) for one, other in zip(true, found, strict=True)]
        counts = np.array([(len(a & b), len(b), len(a)) for a, b in pairs], float)
        right, said, so = counts.sum(0)
        draws = counts[again].sum(1)  # [draw, 3]
        f1s = 2 * draws[:, 0] / np.maximum(draws[:, 1] + draws[:, 2], 1)
        low, high = np.quantile(f1s, (0.025, 0.975))
        f1 = 2 * right / max(said + so, 1)
        out[kind] = Agreement(
            right / max(said, 1), right / max(so, 1), f1, float(low), float(high), int(so)
        )
    return out


def _behind(scene: Scene) -> object:
    plain = scene.background == "plain"
    return scene.background, *((scene.colour, scene.texture) if plain else ())


def _relations(scene: Scene) -> set[object]:
    return {
        (one.name, relation, other.name)
        for one in scene.things
        for other in scene.things
        if one is not other
        for relation in RELATIONS
        if related(one, relation, other)
    }


def table(found: dict[str, Agreement]) -> str:
    """As text."""
    lines = [f"{'':12}{'precision':>10}{'recall':>8}{'F1':>6}  {'95%':13}{'facts':>6}"]
    for kind, a in found.items():
        interval = f"{a.low:.2f}-{a.high:.2f}"
        lines.append(
            f"{kind:12}{a.precision:10.2f}{a.recall:8.2f}{a.f1:6.2f}  {interval:13}{a.facts:6}"
        )
    return "\n".join(lines)
