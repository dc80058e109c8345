"""What drawings of things are made of: polygons in a unit square, each with a role.

Curves are polygons of many corners, so that one way of drawing, measuring and scaling serves all.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

Role = Literal["body", "ink", "dark", "light", "hole"]
"""`body` is in the thing's colour and texture; `ink` is a neutral that contrasts with it; `dark`
and `light` are neutrals on any thing; `hole` is nothing."""
Point = tuple[float, float]


class Polygon(NamedTuple):
    """One polygon of a drawing."""

    points: tuple[Point, ...]
    role: Role = "body"


Drawing = tuple[Polygon, ...]


def polygon(*points: Point, role: Role = "body") -> Drawing:
    """A polygon with these corners."""
    return (Polygon(points, role),)


def box(left: float, top: float, right: float, bottom: float, role: Role = "body") -> Drawing:
    """An upright rectangle."""
    return polygon((left, top), (right, top), (right, bottom), (left, bottom), role=role)


def rounded(
    left: float, top: float, right: float, bottom: float, radius: float, role: Role = "body"
) -> Drawing:
    """An upright rectangle with round corners."""
    corners = ((right, bottom, 0), (left, bottom, 90), (left, top, 180), (right, top, 270))
    points: list[Point] = []
    for x, y, start in corners:
        centre = (
            x - math.copysign(radius, x - left - 1e-9),
            y - math.copysign(radius, y - top - 1e-9),
        )
        points += arc(*centre, radius, radius, start, start + 90, steps=8)
    return polygon(*points, role=role)


def arc(
    x: float, y: float, wide: float, high: float, start: float, stop: float, *, steps: int = 40
) -> list[Point]:
    """Points on an ellipse with these radii, in degrees clockwise from the right."""
    turns = (math.radians(start + (stop - start) * i / steps) for i in range(steps + 1))
    return [(x + wide * math.cos(turn), y + high * math.sin(turn)) for turn in turns]


def ellipse(
    x: float, y: float, wide: float, high: float, role: Role = "body", *, tilt: float = 0
) -> Drawing:
    """An ellipse with these radii, turned clockwise by `tilt` degrees."""
    return polygon(*turned(arc(x, y, wide, high, 0, 360), tilt, (x, y)), role=role)


def circle(x: float, y: float, radius: float, role: Role = "body") -> Drawing:
    """A disc."""
    return ellipse(x, y, radius, radius, role)


def turned(points: Iterable[Point], degrees: float, about: Point = (0.5, 0.5)) -> list[Point]:
    """Points turned clockwise."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return [
        (
            about[0] + (x - about[0]) * cos - (y - about[1]) * sin,
            about[1] + (x - about[0]) * sin + (y - about[1]) * cos,
        )
        for x, y in points
    ]


def curve(*points: Point, closed: bool = False, steps: int = 8) -> list[Point]:
    """A smooth line through these points (a Catmull-Rom spline)."""
    if closed:
        knots = [points[-1], *points, points[0], points[1]]
    else:
        knots = [points[0], *points, points[-1]]
    out: list[Point] = []
    for a, b, c, d in zip(knots, knots[1:], knots[2:], knots[3:], strict=False):
        out += [_between(a, b, c, d, i / steps) for i in range(steps)]
    return out if closed else [*out, points[-1]]


def _between(a: Point, b: Point, c: Point, d: Point, t: float) -> Point:
    """The spline's point at `t` of the way from `b` to `c`."""
    x, y = (
        0.5
        * (
            2 * b[i]
            + (c[i] - a[i]) * t
            + (2 * a[i] - 5 * b[i] + 4 * c[i] - d[i]) * t**2
            + (3 * b[i] - a[i] - 3 * c[i] + d[i]) * t**3
        )
        for i in (0, 1)
    )
    return x, y


def blob(*points: Point, role: Role = "body") -> Drawing:
    """A smooth closed figure through these points."""
    return polygon(*curve(*points, closed=True), role=role)


def stroke(points: Sequence[Point], width: float, role: Role = "body") -> Drawing:
    """A line of this width with round ends."""
    parts: list[Polygon] = []
    half = width / 2
    for (ax, ay), (bx, by) in pairwise(points):
        long = math.hypot(bx - ax, by - ay) or 1.0
        dx, dy = (by - ay) / long * half, (ax - bx) / long * half
        parts += polygon(
            (ax + dx, ay + dy),
            (bx + dx, by + dy),
            (bx - dx, by - dy),
            (ax - dx, ay - dy),
            role=role,
        )
    for x, y in points:
        parts += polygon(*arc(x, y, half, half, 0, 360, steps=16), role=role)
    return tuple(parts)


def mirrored(drawing: Drawing, about: float = 0.5) -> Drawing:
    """Left and right changed over."""
    return tuple(
        Polygon(tuple((2 * about - x, y) for x, y in points), role) for points, role in drawing
    )


def both(drawing: Drawing, about: float = 0.5) -> Drawing:
    """With its mirror image."""
    return drawing + mirrored(drawing, about)


def rotated(drawing: Drawing, degrees: float, about: Point = (0.5, 0.5)) -> Drawing:
    """Turned clockwise."""
    return tuple(Polygon(tuple(turned(part.points, degrees, about)), part.role) for part in drawing)


def fitted(drawing: Drawing) -> Drawing:
    """Moved and scaled so that its longer side is the unit square's, in the middle."""
    xs = [x for part in drawing for x, _ in part.points]
    ys = [y for part in drawing for _, y in part.points]
    long = max(max(xs) - min(xs), max(ys) - min(ys))
    middle = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    return tuple(
        Polygon(
            tuple(
                (0.5 + (x - middle[0]) / long, 0.5 + (y - middle[1]) / long) for x, y in part.points
            ),
            part.role,
        )
        for part in drawing
    )
