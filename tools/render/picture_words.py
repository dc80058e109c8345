"""Pictures in words, for planners that do not see: scenes, active regions, what the model says.

A scene is said in the words that prompts are read from, so that a planner may hand a changed
sentence to `draw`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..data.image_rows import ImageRows
from ..images.maps import Region, whereabouts
from ..io.plain_text import clip
from ..lab import Lab
from ..models import Target
from ..models.picture_reader import picture_states
from ..predicates.network_reader import reader_network
from ..scenes.english import described
from ..scenes.scene import Scene, Thing

_ROWS = (
    ("upper left", "top", "upper right"),
    ("left", "middle", "right"),
    ("lower left", "bottom", "lower right"),
)
_MOST = 240  # letters of a caption
_COLOURS = 3  # of a region
_LEAST_COLOUR = 0.1


def thing_words(thing: Thing) -> str:
    """`the red striped cat`, short."""
    texture = "" if thing.texture == "plain" else f"{thing.texture} "
    return f"the {thing.colour} {texture}{thing.name}"


def caption(rows: ImageRows, row: int) -> str:
    """What identifies a picture in a list: its scene in words, how it was made, or its name."""
    scene, picture = known_scene(rows, row), rows.pictures[row]
    if scene is not None:
        return clip(described(scene), _MOST)
    return clip(_made(picture.recipe or {}) or f"picture {picture.key[:8]}", _MOST)


def known_scene(rows: ImageRows, row: int) -> Scene | None:
    """What a picture shows, where that is known and may be said."""
    return None if rows.by_pixels else rows.pictures[row].scene


def told(rows: ImageRows, row: int) -> bool:
    """Whether a caption says what a picture shows or how it was made.

    The file name of a picture that was found says neither: it may give a class away.
    """
    made = bool(_made(rows.pictures[row].recipe or {}))
    return known_scene(rows, row) is not None or made


def detected(rows: ImageRows, row: int) -> str:
    """What the project's detector sees in a picture whose scene is not known; empty for photos."""
    from ..predicates.scene_detector import detect
    from ..scenes.ground import UNKNOWN

    if known_scene(rows, row) is not None:
        return ""
    scene = detect(rows.seen(row))
    return "" if scene.background == UNKNOWN else f"detector: {clip(described(scene), _MOST)}"


def class_name(target: Target, at: int) -> str:
    """The name of a class, the first of several; its number where it has none."""
    if at >= len(target.labels):
        return f"class {at}"
    return target.labels[at].split(",")[0].strip() or f"class {at}"


def _made(recipe: Mapping[str, Any]) -> str:
    """How a picture without a scene was made; empty for one that was found."""
    if "edits" in recipe:
        of = recipe["of"]
        base = f"window {of['window']}" if "window" in of else _made(of)
        base = base or (described(Scene.model_validate(of["scene"])) if "scene" in of else "")
        return f"{base} + {', '.join(str(edit.get('edit')) for edit in recipe['edits'])}"
    return f"by {recipe['by']}: {recipe.get('prompt')}" if "by" in recipe else ""


def region_words(lab: Lab, rows: ImageRows, row: int, region: Region | None) -> str:
    """Where the unit is active in a picture, how large that is, and what lies there."""
    if region is None:
        return "active nowhere"
    share = float(region.mask.mean())
    parts = [f"{where(region.mask)}, {share:.0%} of the picture"]
    scene = known_scene(rows, row)
    weight = region.weight * region.mask
    if scene is not None:
        parts.append(_under(weight, scene, whereabouts(lab, rows.pictures[row])))
    parts.append(f"colours {main_colours(rows.seen(row)[region.mask])}")
    return "active: " + ", ".join(parts)


def where(mask: np.ndarray) -> str:
    """A place in words: of the centre of a mask, or `all over` for one that covers most."""
    if mask.mean() > 0.6:
        return "all over"
    y, x = (float(v.mean()) for v in np.nonzero(mask))
    row, column = (min(2, int(3 * v / size)) for v, size in zip((y, x), mask.shape, strict=True))
    return _ROWS[row][column]


def main_colours(pixels: np.ndarray) -> str:
    """The colours that fill most of some pixels `[..., 3]`: `red 52%, white 30%`."""
    from ..scenes.palette import COLOURS

    shares = colour_shares(pixels)
    best = np.argsort(-shares, kind="stable")[:_COLOURS]
    kept = [at for at in best if shares[at] >= _LEAST_COLOUR or at == best[0]]
    return ", ".join(f"{COLOURS[at]} {shares[at]:.0%}" for at in kept)


def colour_shares(pixels: np.ndarray) -> np.ndarray:
    """The share of pixels `[..., 3]` that is nearest to each colour of the palette: `[colour]`."""
    from ..scenes.palette import COLOURS, nearest_colours

    counts = np.bincount(nearest_colours(pixels).ravel(), minlength=len(COLOURS))
    return counts / counts.sum()


def said_by(lab: Lab, rows: ImageRows) -> list[str]:
    """`[image]`: the classes that the target gives, with probabilities; empty without classes."""
    target = lab.target
    if not target.labels or not len(rows):
        return [""] * len(rows)
    output = lab.trace(rows).output
    if output is None or output.ndim != 2 or output.shape[1] != len(target.labels):
        return [""] * len(rows)
    top, which = output.float().softmax(1).topk(min(2, len(target.labels)), 1)
    return [
        "model: "
        + ", ".join(f"{class_name(target, k)} {p:.2f}" for p, k in zip(ps, ks, strict=True))
        for ps, ks in zip(top.tolist(), which.tolist(), strict=True)
    ]


def read_by(rows: ImageRows) -> list[str]:
    """`[image]`: the classes that the reader sees, with probabilities; empty without such a one."""
    network = reader_network(rows)
    if network is None or not network.labels or not len(rows):
        return [""] * len(rows)
    share = picture_states(network, rows).classes  # [image, class]
    best = np.argsort(-share, axis=1, kind="stable")[:, :2]
    return [
        "reader: " + ", ".join(f"{class_name(network, int(k))} {share[i, k]:.2f}" for k in best[i])
        for i in range(len(rows))
    ]


def _under(weight: np.ndarray, scene: Scene, points: np.ndarray) -> str:
    """Which things the activation lies on, by share of it; the front ones hide those behind."""
    total = float(weight.sum()) or 1.0
    free = np.ones(weight.shape, bool)
    shares: dict[str, float] = {}
    for thing in reversed(scene.things):
        half = thing.size / 2
        inside = (abs(points[..., 0] - thing.x) <= half) & (abs(points[..., 1] - thing.y) <= half)
        share = float(weight[inside & free].sum()) / total
        free &= ~inside
        shares[thing_words(thing)] = shares.get(thing_words(thing), 0.0) + share
    shares["the background"] = float(weight[free].sum()) / total
    best = sorted(shares.items(), key=lambda pair: -pair[1])[:2]
    return "on " + " and ".join(f"{name} {share:.0%}" for name, share in best if share >= 0.1)
