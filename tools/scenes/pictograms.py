"""Drawings of everyday things, from `pictograms.json`: by kind and name, a list of shapes each.

    ["polygon", POINTS]    ["blob", POINTS]    ["stroke", POINTS, width]
    ["box", left, top, right, bottom]          ["rounded", left, top, right, bottom, radius]
    ["circle", x, y, radius]                   ["ellipse", x, y, wide, high, tilt]
    ["both", SHAPES, middle]                   ["mirrored", SHAPES, middle]
    ["rotated", SHAPES, [degrees, ...], [x, y]]    once for each angle

POINTS are `[x, y]`, `["curve", [x, y], ...]` or `["arc", x, y, wide, high, start, stop, steps]`. A
shape may end in a role, such as `ink`; tilt, middle, centre and steps may be left out.
"""

import json
from pathlib import Path
from typing import Any

from .shapes import (
    Drawing,
    Point,
    arc,
    blob,
    both,
    box,
    circle,
    curve,
    ellipse,
    mirrored,
    polygon,
    rotated,
    rounded,
    stroke,
)

SHIPPED = Path(__file__).with_suffix(".json")
_PLAIN: dict[str, Any] = {"box": box, "rounded": rounded, "circle": circle}
_FILLED: dict[str, Any] = {"polygon": polygon, "blob": blob}


def pictograms(path: Path = SHIPPED) -> dict[str, dict[str, Drawing]]:
    """The drawings of a file, by kind (`animals`) and name."""
    kinds = json.loads(path.read_text(encoding="utf-8"))
    return {
        kind: {name: _drawing(shapes) for name, shapes in things.items()}
        for kind, things in kinds.items()
    }


def _drawing(shapes: list[Any]) -> Drawing:
    return tuple(part for shape in shapes for part in _shape(*shape))


def _shape(kind: str, first: Any, *rest: Any) -> Drawing:
    *more, role = rest if rest and isinstance(rest[-1], str) else (*rest, "body")
    if kind in _PLAIN:
        return _PLAIN[kind](first, *more, role)
    if kind in _FILLED:
        return _FILLED[kind](*_points(first), role=role)
    if kind == "ellipse":
        y, wide, high, *tilt = more
        return ellipse(first, y, wide, high, role, tilt=tilt[0] if tilt else 0)
    if kind == "stroke":
        return stroke(_points(first), more[0], role)
    inner = _drawing(first)
    if kind == "rotated":
        degrees, *about = more
        return tuple(part for turn in degrees for part in rotated(inner, turn, *map(tuple, about)))
    return {"both": both, "mirrored": mirrored}[kind](inner, *more)


def _points(given: list[Any]) -> list[Point]:
    points: list[Point] = []
    for head, *rest in given:
        if head == "curve":
            points += curve(*map(tuple, rest))
        elif head == "arc":
            x, y, wide, high, start, stop, *steps = rest
            points += arc(x, y, wide, high, start, stop, steps=steps[0] if steps else 40)
        else:
            points.append((head, rest[0]))
    return points
