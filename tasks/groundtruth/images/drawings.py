"""This package's own drawings of things: the names are known elsewhere, the shapes are not.

A cat is a cat's face here, a tree a palm, a star has four points. Each drawing fills the unit
square in its longer direction.
"""

from ....tools.scenes.shapes import (
    Drawing,
    arc,
    blob,
    both,
    box,
    circle,
    curve,
    ellipse,
    fitted,
    polygon,
    rotated,
    stroke,
)


def _star() -> Drawing:
    outer = arc(0.5, 0.5, 0.5, 0.5, -90, 270, steps=4)[:-1]
    inner = arc(0.5, 0.5, 0.17, 0.17, -45, 315, steps=4)[:-1]
    return polygon(*(point for pair in zip(outer, inner, strict=True) for point in pair))


def _crescent() -> Drawing:
    outer = arc(0.5, 0.5, 0.5, 0.5, -60, 150)
    inner = arc(0.36, 0.41, 0.48, 0.48, 128, -38)
    return polygon(*outer, *inner)


def _heart() -> Drawing:
    lobes = both(circle(0.28, 0.28, 0.27))
    return lobes + polygon((0.03, 0.38), (0.5, 0.3), (0.97, 0.38), (0.5, 0.96))


def _cat() -> Drawing:
    return (
        both(polygon((0.06, 0.02), (0.4, 0.24), (0.1, 0.5)))
        + ellipse(0.5, 0.56, 0.45, 0.38)
        + both(ellipse(0.32, 0.5, 0.06, 0.09, "ink"))
        + polygon((0.43, 0.62), (0.57, 0.62), (0.5, 0.7), role="ink")
        + both(stroke([(0.24, 0.68), (0.02, 0.62)], 0.02, "ink"))
        + both(stroke([(0.24, 0.74), (0.04, 0.8)], 0.02, "ink"))
    )


def _dog() -> Drawing:
    return (
        blob((0.2, 0.2), (0.5, 0.1), (0.8, 0.2), (0.84, 0.55), (0.66, 0.95), (0.34, 0.95),
             (0.16, 0.55))
        + both(ellipse(0.12, 0.42, 0.12, 0.32, "dark", tilt=10))
        + ellipse(0.5, 0.76, 0.2, 0.16, "light")
        + ellipse(0.5, 0.68, 0.09, 0.06, "dark")
        + both(circle(0.36, 0.42, 0.055, "ink"))
    )  # fmt: skip


def _fish() -> Drawing:
    return (
        polygon((0.3, 0.5), (0.0, 0.18), (0.0, 0.82))
        + ellipse(0.6, 0.5, 0.4, 0.34)
        + circle(0.82, 0.4, 0.06, "light")
        + circle(0.83, 0.4, 0.03, "dark")
        + stroke(arc(0.6, 0.5, 0.16, 0.26, 110, 250), 0.03, "ink")
    )


def _bird() -> Drawing:
    wing = curve((0.5, 0.46), (0.66, 0.2), (0.84, 0.14), (1.0, 0.24))
    under = curve((1.0, 0.24), (0.84, 0.3), (0.7, 0.42), (0.56, 0.66))
    return both(polygon(*wing, *under)) + ellipse(0.5, 0.56, 0.1, 0.2) + circle(0.5, 0.36, 0.09)


def _butterfly() -> Drawing:
    wings = ellipse(0.76, 0.34, 0.24, 0.24) + ellipse(0.7, 0.72, 0.17, 0.18)
    marks = circle(0.78, 0.32, 0.1, "ink") + circle(0.71, 0.73, 0.07, "light")
    return both(wings + marks) + box(0.46, 0.16, 0.54, 0.88, "dark")


def _turtle() -> Drawing:
    legs = both(ellipse(0.2, 0.28, 0.13, 0.1, tilt=40) + ellipse(0.2, 0.78, 0.13, 0.1, tilt=-40))
    shell = ellipse(0.5, 0.54, 0.34, 0.38) + polygon(
        *arc(0.5, 0.54, 0.18, 0.2, 0, 360, steps=6)[:-1], role="ink"
    )
    return circle(0.5, 0.1, 0.11) + legs + shell


def _car() -> Drawing:
    return (
        both(box(0.08, 0.76, 0.24, 0.94, "dark"))
        + polygon((0.24, 0.1), (0.76, 0.1), (0.88, 0.44), (0.12, 0.44))
        + box(0.04, 0.42, 0.96, 0.8)
        + polygon((0.3, 0.18), (0.7, 0.18), (0.78, 0.4), (0.22, 0.4), role="light")
        + both(circle(0.17, 0.58, 0.07, "light"))
        + box(0.34, 0.62, 0.66, 0.72, "dark")
    )


def _boat() -> Drawing:
    return (
        polygon((0.0, 0.6), (1.0, 0.6), (0.84, 0.9), (0.14, 0.9))
        + box(0.24, 0.42, 0.74, 0.6, "light")
        + box(0.4, 0.1, 0.56, 0.42)
        + box(0.4, 0.16, 0.56, 0.22, "dark")
        + circle(0.3, 0.72, 0.04, "ink")
        + circle(0.5, 0.72, 0.04, "ink")
        + circle(0.7, 0.72, 0.04, "ink")
    )


def _plane() -> Drawing:
    return (
        ellipse(0.5, 0.5, 0.08, 0.5)
        + both(polygon((0.46, 0.34), (0.0, 0.6), (0.0, 0.7), (0.46, 0.56)))
        + both(polygon((0.47, 0.82), (0.26, 0.94), (0.26, 1.0), (0.47, 0.94)))
        + ellipse(0.5, 0.16, 0.05, 0.08, "light")
    )


def _tree() -> Drawing:
    trunk = stroke(curve((0.56, 1.0), (0.5, 0.76), (0.48, 0.4)), 0.1, "dark")
    leaves: Drawing = ()
    for turn in (-64, -24, 24, 64):
        leaves += rotated(ellipse(0.48, 0.18, 0.08, 0.26), turn, (0.48, 0.4))
    return trunk + leaves


def _flower() -> Drawing:
    return (
        stroke([(0.5, 0.5), (0.5, 1.0)], 0.05, "dark")
        + both(polygon((0.5, 0.98), (0.22, 0.7), (0.34, 0.7), (0.52, 0.86), role="dark"))
        + polygon((0.2, 0.04), (0.36, 0.22), (0.5, 0.0), (0.64, 0.22), (0.8, 0.04),
                  *curve((0.8, 0.04), (0.84, 0.34), (0.66, 0.58), (0.5, 0.6)),
                  *curve((0.5, 0.6), (0.34, 0.58), (0.16, 0.34), (0.2, 0.04)))
    )  # fmt: skip


def _mushroom() -> Drawing:
    return (
        polygon((0.38, 0.5), (0.62, 0.5), (0.7, 1.0), (0.3, 1.0), role="light")
        + polygon((0.5, 0.0), *curve((0.5, 0.0), (0.72, 0.22), (0.94, 0.58)),
                  *curve((0.06, 0.58), (0.28, 0.22), (0.5, 0.0)))
    )  # fmt: skip


def _house() -> Drawing:
    windows: Drawing = ()
    for x in (0.3, 0.5, 0.7):
        for y in (0.14, 0.36, 0.58):
            windows += box(x - 0.06, y, x + 0.06, y + 0.13, "light")
    return box(0.16, 0.04, 0.84, 1.0) + windows + box(0.42, 0.8, 0.58, 1.0, "dark")


def _cup() -> Drawing:
    return (
        polygon(*curve((0.14, 0.0), (0.2, 0.36), (0.44, 0.54)),
                *curve((0.56, 0.54), (0.8, 0.36), (0.86, 0.0)))
        + box(0.45, 0.5, 0.55, 0.9)
        + ellipse(0.5, 0.94, 0.3, 0.06)
    )  # fmt: skip


def _apple() -> Drawing:
    return (
        both(ellipse(0.34, 0.58, 0.3, 0.38))
        + circle(1.0, 0.52, 0.2, "hole")
        + stroke([(0.5, 0.28), (0.58, 0.04)], 0.06, "dark")
    )


def _key() -> Drawing:
    return (
        circle(0.5, 0.2, 0.2)
        + circle(0.5, 0.2, 0.09, "hole")
        + box(0.45, 0.38, 0.55, 1.0)
        + box(0.55, 0.74, 0.74, 0.82)
        + box(0.55, 0.9, 0.7, 0.98)
    )


def _hat() -> Drawing:
    return box(0.24, 0.1, 0.76, 0.76) + box(0.24, 0.6, 0.76, 0.7, "ink") + box(0.0, 0.76, 1.0, 0.9)


def _umbrella() -> Drawing:
    return (
        stroke([(0.5, 0.0), (0.5, 0.12)], 0.05, "dark")
        + polygon((0.5, 0.06), (0.68, 0.66), (0.5, 0.76), (0.32, 0.66))
        + stroke(curve((0.5, 0.74), (0.5, 0.9), (0.58, 0.97), (0.66, 0.88)), 0.05, "dark")
    )


OWN: dict[str, Drawing] = {
    name: fitted(drawing)
    for name, drawing in {
        "triangle": polygon((0.0, 0.1), (1.0, 0.1), (0.5, 0.98)),
        "star": _star(),
        "cross": rotated(box(0.4, 0, 0.6, 1) + box(0, 0.4, 1, 0.6), 45),
        "ring": circle(0.5, 0.5, 0.5) + circle(0.5, 0.5, 0.36, "hole"),
        "diamond": polygon((0.5, 0.2), (1, 0.5), (0.5, 0.8), (0, 0.5)),
        "crescent": _crescent(),
        "heart": _heart(),
        "arrow": polygon(
            (0.42, 1.0), (0.42, 0.4), (0.2, 0.4), (0.5, 0.0), (0.8, 0.4), (0.58, 0.4), (0.58, 1.0)
        ),
        "drop": rotated(
            polygon((0.5, 0.0), (0.76, 0.56), *arc(0.5, 0.7, 0.28, 0.28, -20, 200), (0.24, 0.56)),
            180,
        ),
        "cat": _cat(),
        "dog": _dog(),
        "fish": _fish(),
        "bird": _bird(),
        "butterfly": _butterfly(),
        "turtle": _turtle(),
        "car": _car(),
        "boat": _boat(),
        "plane": _plane(),
        "tree": _tree(),
        "flower": _flower(),
        "mushroom": _mushroom(),
        "house": _house(),
        "cup": _cup(),
        "apple": _apple(),
        "key": _key(),
        "hat": _hat(),
        "umbrella": _umbrella(),
    }.items()
}
"""Drawings by name."""
