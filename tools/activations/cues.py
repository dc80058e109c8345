"""What goes with a unit's activation over many pictures: things, attributes, settings, colours.

A cue is a statement about a picture with its degree on each picture of explore: image atoms where
scenes are known, else how much of the picture has each colour of the palette, how bright, how
colourful and how full of edges it is, the classes that the target itself gives, and the groups of
classes that a network sees which reads the pictures. What such a table shows is a correlation and
nothing more.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ..data.image_rows import ImageRows
from ..data.windows import batches
from ..lab import Lab
from ..models.picture_reader import picture_states, reader_groups
from ..predicates import parse
from ..predicates.network_reader import reader_network
from ..render.picture_words import class_name, colour_shares, known_scene
from ..scenes.palette import COLOURS
from ..scenes.scene import PLACES, SIZES, TEXTURES
from ..statistics.association import pearson

_LEAST = 3  # pictures in which a cue must occur
_SMALL = 64  # side at which colours are counted
_PICTURES = 32


class Cue(NamedTuple):
    """One statement with how it goes with the unit."""

    name: str
    """`a cat`, `something red`, `background meadow`; `share of red` for pixels."""
    holds: int
    """Pictures on which it holds (above its own median, for a share)."""
    inside: float
    """Mean activation on them."""
    outside: float
    correlation: float


def cues(lab: Lab, rows: ImageRows, values: np.ndarray) -> list[Cue]:
    """The statements with how they go with the unit, best first.

    Args:
        lab: The lab.
        rows: The pictures.
        values: `[image]` the unit's peaks.
    """
    table = statements(lab, rows)
    every = [_cue(name, degrees, values) for name, degrees in table]
    kept = [cue for cue in every if cue is not None]
    return sorted(kept, key=lambda cue: -cue.correlation)


def statements(lab: Lab, rows: ImageRows) -> list[tuple[str, np.ndarray]]:
    """All statements with their degrees, float32 `[image]`; kept in the lab."""
    key = ("cues", rows.by_pixels, rows.texts)
    if key not in lab.memo:
        known = all(known_scene(rows, at) is not None for at in range(len(rows)))
        seen = [] if known else [*_colours(rows), *_classes(lab, rows), *_read(rows)]
        lab.memo[key] = _scenes(rows) if known else seen
    return lab.memo[key]


def _cue(name: str, degrees: np.ndarray, values: np.ndarray) -> Cue | None:
    good = np.isfinite(values)
    degrees, values = degrees[good], values[good]
    together = pearson(degrees, values)
    if together is None:
        return None
    binary = bool(np.isin(degrees, (0, 1)).all())
    inside = degrees >= 0.5 if binary else degrees > np.median(degrees)
    if not _LEAST <= inside.sum() <= len(values) - _LEAST:
        return None
    means = float(values[inside].mean()), float(values[~inside].mean())
    return Cue(name, int(inside.sum()), *means, together)


def _scenes(rows: ImageRows) -> list[tuple[str, np.ndarray]]:
    """Every single-attribute atom that occurs."""
    scenes = [picture.scene for picture in rows.pictures if picture.scene is not None]
    things = [thing for scene in scenes for thing in scene.things]
    plain = [scene for scene in scenes if scene.background == "plain"]
    given = [
        *({"kind": "object", "names": [name]} for name in _sorted(t.name for t in things)),
        *({"kind": "colour", "colours": [name]} for name in _sorted(t.colour for t in things)),
        *({"kind": "texture", "textures": [name]} for name in TEXTURES),
        *({"kind": "size", "sizes": [name]} for name in SIZES),
        *({"kind": "place", "places": [name]} for name in PLACES),
        *({"kind": "number", "at_least": many} for many in (2, 3, 4)),
        *(
            {"kind": "background", "names": [name]}
            for name in _sorted(s.background for s in scenes)
        ),
        *({"kind": "background", "colours": [name]} for name in _sorted(s.colour for s in plain)),
    ]
    predicates = [parse(one) for one in given]
    return [(p.noun(), np.asarray(p.evaluate(rows))[:, 0]) for p in predicates]


def _colours(rows: ImageRows) -> list[tuple[str, np.ndarray]]:
    shares = np.zeros((len(rows), len(COLOURS)), np.float32)
    plain = np.zeros((len(rows), 3), np.float32)
    for at in range(len(rows)):
        seen = rows.seen(at)
        step = max(1, min(seen.shape[:2]) // _SMALL)
        small = seen[::step, ::step].astype(np.float32)
        shares[at] = colour_shares(small)
        light = small.mean(-1)
        edges = abs(np.diff(light, axis=0)).mean() + abs(np.diff(light, axis=1)).mean()
        plain[at] = light.mean(), (small.max(-1) - small.min(-1)).mean(), edges
    named = [(f"share of {name}", shares[:, k]) for k, name in enumerate(COLOURS)]
    plainly = ("brightness", "colourfulness", "edges")
    return [*named, *((name, plain[:, k]) for k, name in enumerate(plainly))]


def _classes(lab: Lab, rows: ImageRows) -> list[tuple[str, np.ndarray]]:
    """Whether a class is among the target's first five."""
    names = lab.target.labels
    if not names:
        return []
    tops: list[np.ndarray] = []
    for _, part in batches(rows, _PICTURES):
        output = lab.trace(part).output
        if output is None or output.ndim != 2 or output.shape[1] != len(names):
            return []
        tops.append(output.topk(min(5, len(names)), 1).indices.cpu().numpy())
    top = np.concatenate(tops) if tops else np.zeros((0, 5), int)  # [image, rank]
    which, counts = np.unique(top, return_counts=True)
    often = which[counts >= _LEAST].tolist()
    return [
        (f"model's top 5 has {class_name(lab.target, k)}", (top == k).any(1).astype(np.float32))
        for k in often
    ]


def _read(rows: ImageRows) -> list[tuple[str, np.ndarray]]:
    """How probably the reader sees each group of its classes."""
    network = reader_network(rows)
    if network is None or not network.labels:
        return []
    share = picture_states(network, rows).classes  # [image, class]
    groups = reader_groups(network)
    if not groups:
        groups = {label.split(",")[0]: (i,) for i, label in enumerate(network.labels)}
    named = [(name, share[:, list(members)].sum(1)) for name, members in groups.items()]
    return [(f"reader sees {name}", degrees) for name, degrees in named if degrees.sum() >= _LEAST]


def _sorted(names: Iterable[str]) -> Sequence[str]:
    return sorted(set(names) - {"plain"})
