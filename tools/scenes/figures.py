"""Geometric figures."""

import math

from .shapes import Drawing, Point, arc, box, circle, curve, polygon


def _regular(corners: int, *, start: float = -90) -> list[Point]:
    return arc(0.5, 0.5, 0.5, 0.5, start, start + 360, steps=corners)[:-1]


def _star() -> Drawing:
    outer, inner = _regular(5), _regular(5, start=-54)
    small = [(0.5 + (x - 0.5) * 0.42, 0.5 + (y - 0.5) * 0.42) for x, y in inner]
    return polygon(*(p for pair in zip(outer, small, strict=True) for p in pair))


def _crescent() -> Drawing:
    outer = arc(0.5, 0.5, 0.5, 0.5, 52, 308)
    tip = (0.5 + 0.5 * math.cos(math.radians(52)), 0.5 * math.sin(math.radians(52)))
    centre = 0.78
    reach = math.hypot(tip[0] - centre, tip[1])
    angle = math.degrees(math.atan2(tip[1], tip[0] - centre))
    inner = arc(centre, 0.5, reach, reach, 360 - angle, angle)
    return polygon(*outer, *inner)


def _heart() -> Drawing:
    turns = (math.radians(i * 6) for i in range(60))
    return polygon(
        *(
            (
                0.5 + math.sin(t) ** 3 / 2,
                0.5 - (13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t)) / 32,
            )
            for t in turns
        )
    )


def _drop() -> Drawing:
    return polygon(
        (0.5, 0), *curve((0.58, 0.2), (0.72, 0.42), (0.82, 0.66)), *arc(0.5, 0.68, 0.32, 0.32, 0,
            180),
        *curve((0.18, 0.66), (0.28, 0.42), (0.42, 0.2)),
    )  # fmt: skip


FIGURES: dict[str, Drawing] = {
    "circle": circle(0.5, 0.5, 0.5),
    "square": box(0, 0, 1, 1),
    "rectangle": box(0, 0.25, 1, 0.75),
    "triangle": polygon((0.5, 0), (1, 0.88), (0, 0.88)),
    "star": _star(),
    "pentagon": polygon(*_regular(5)),
    "hexagon": polygon(*_regular(6, start=0)),
    "diamond": polygon((0.5, 0), (0.86, 0.5), (0.5, 1), (0.14, 0.5)),
    "cross": box(0.34, 0, 0.66, 1) + box(0, 0.34, 1, 0.66),
    "ring": circle(0.5, 0.5, 0.5) + circle(0.5, 0.5, 0.27, "hole"),
    "crescent": _crescent(),
    "heart": _heart(),
    "arrow": polygon(
        (0, 0.36), (0.52, 0.36), (0.52, 0.12), (1, 0.5), (0.52, 0.88), (0.52, 0.64), (0, 0.64)
    ),
    "drop": _drop(),
}
