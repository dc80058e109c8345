"""Pictures on which predictors disagree: of explore, changed exemplars, drawn scenes.

    explore   pictures of explore
    edit      the scenes of the strongest exemplars with one thing or the background changed
    drawn     scenes drawn at random from the words of the predictors and a few others

Predictors are evaluated on scenes alone, so that nothing is drawn but what is measured.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..activations.examples import top
from ..data.image_rows import ImageRows, image_rows
from ..data.scene_pictures import picture_of
from ..errors import UsageError
from ..images.recipes import pictures_of
from ..lab import Lab
from ..models import Unit
from ..scenes.backgrounds import SETTINGS
from ..scenes.edits import apply
from ..scenes.grammar import sample
from ..scenes.palette import COLOURS
from ..scenes.scene import SIZES, TEXTURES, Scene, digest
from ..scenes.things import NAMES
from .resolve import Hypothesis
from .rivals import DIFFERS, Candidate, shared_out

_EXEMPLARS = 8
_DRAWN = 400
_OTHERS = 4  # names, colours ... beside those of the rivals


def candidates(
    lab: Lab, unit: Unit, rivals: Sequence[Hypothesis], explore: np.ndarray, n: int
) -> list[Candidate]:
    """Pictures where rivals differ, shared out over who holds and who does not, and over sources.

    Args:
        lab: The lab.
        unit: Whose exemplars are changed.
        rivals: The hypotheses.
        explore: `[rival, image, 1]` what they predict on explore.
        n: How many.
    """
    pool = [
        Candidate("explore", int(at), 0, explore[:, at, 0])
        for at in lab.rng("explore").permutation(len(lab.explore))
    ]
    for source, scenes in (
        ("edit", _edited_scenes(lab, unit, rivals, lab.rng("edits"))),
        ("drawn", _drawn_scenes(rivals, lab.rng("scenes"), pictures_of(lab))),
    ):
        if scenes:
            rows = image_rows(lab.target, [picture_of(scene) for scene in scenes])
            values = np.stack([rival.evaluate(rows)[:, 0] for rival in rivals])  # [rival, scene]
            pool += [Candidate(source, scene, 0, values[:, at]) for at, scene in enumerate(scenes)]
    differ = [one for one in pool if np.ptp(one.degrees) >= DIFFERS]
    return shared_out(
        differ, n, lambda one: digest(one.input) if isinstance(one.input, Scene) else one.input
    )


def _edited_scenes(
    lab: Lab, unit: Unit, rivals: Sequence[Hypothesis], rng: np.random.Generator
) -> list[Scene]:
    """The scenes of the strongest exemplars, each with one thing or the background changed."""
    words = _vocabulary(rivals, rng)
    out: dict[str, Scene] = {}
    for row, _ in top(lab, unit, _EXEMPLARS):
        scene = pictures_of(lab).pictures[row].scene
        for edit in _edits(scene, words) if scene is not None else ():
            try:
                changed = apply(scene, [edit])  # type: ignore[arg-type]
            except UsageError:
                continue  # a thing that cannot stand there
            out.setdefault(digest(changed), changed)
    scenes = list(out.values())
    return [scenes[int(at)] for at in rng.permutation(len(scenes))[:_DRAWN]]


def _drawn_scenes(
    rivals: Sequence[Hypothesis], rng: np.random.Generator, explore: ImageRows
) -> list[Scene]:
    """Scenes drawn at random from the words of the rivals and a few others."""
    known = [picture.scene for picture in explore.pictures if picture.scene is not None]
    most = max((len(scene.things) for scene in known), default=3)
    out = []
    for _ in range(_DRAWN):
        words = _vocabulary(rivals, rng)
        out.append(
            sample(
                rng,
                names=words["name"],
                colours=words["colour"],
                backgrounds=[*words["background"], "plain"],
                number=(1, max(2, min(most, 6))),
            )
        )
    return out


def _vocabulary(rivals: Sequence[Hypothesis], rng: np.random.Generator) -> dict[str, list[str]]:
    """Words of each kind that the rivals use, and a few that they do not."""
    known: dict[str, Sequence[str]] = {
        "name": NAMES,
        "colour": COLOURS,
        "texture": TEXTURES,
        "size": SIZES,
        "background": SETTINGS,
    }
    used: dict[str, set[str]] = {kind: set() for kind in known}
    for rival in rivals:
        for kind, word in _words(rival.json):
            used[kind].add(word)
    out = {}
    for kind, words in known.items():
        mine = [word for word in words if word in used[kind]]
        rest = [word for word in words if word not in used[kind]]
        extra = rng.permutation(len(rest))[:_OTHERS]
        out[kind] = [*mine, *(rest[int(at)] for at in extra)]
    return out


def _words(node: Any, kind: str = "") -> Iterator[tuple[str, str]]:
    """The words in a predictor with their kind."""
    fields = {
        "names": "background" if kind == "background" else "name",
        "colours": "colour",
        "textures": "texture",
        "sizes": "size",
    }
    if isinstance(node, Mapping):
        inner = str(node.get("kind", kind))
        for key, value in node.items():
            if key in fields and isinstance(value, (list, tuple)):
                name = "background" if key == "names" and inner == "background" else fields[key]
                yield from ((name, str(word)) for word in value)
            else:
                yield from _words(value, inner)
    elif isinstance(node, (list, tuple)):
        for item in node:
            yield from _words(item, kind)


def _edits(scene: Scene, words: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Any]]:
    """Every small change of a scene that these words allow."""
    for at in range(len(scene.things)):
        yield {"edit": "remove", "which": at}
        yield {"edit": "keep", "which": at}
        yield from ({"edit": "replace", "which": at, "name": name} for name in words["name"])
        yield from ({"edit": "recolour", "which": at, "colour": c} for c in words["colour"])
        yield from ({"edit": "retexture", "which": at, "texture": t} for t in words["texture"])
        yield from ({"edit": "resize", "which": at, "size": size} for size in words["size"])
        for place in ("left", "right", "top", "bottom", "middle"):
            yield {"edit": "move", "which": at, "to": [place]}
    for name in words["name"]:
        yield {"edit": "add", "thing": {"name": name}}
    for colour in words["colour"]:
        yield {"edit": "background", "background": "plain", "colour": colour}
    yield from ({"edit": "background", "background": name} for name in words["background"])
