"""Drawings of buildings, of things in a house, of tools and of clothes."""

from .shapes import (
    Drawing,
    arc,
    blob,
    both,
    box,
    circle,
    curve,
    ellipse,
    polygon,
    rotated,
    rounded,
    stroke,
)


def _house() -> Drawing:
    return (
        box(0.7, 0.1, 0.82, 0.4, "dark")
        + polygon((0.5, 0.02), (1.0, 0.46), (0.0, 0.46))
        + box(0.1, 0.44, 0.9, 0.96)
        + stroke([(0.06, 0.46), (0.94, 0.46)], 0.025, "ink")
        + box(0.42, 0.64, 0.6, 0.96, "dark")
        + box(0.18, 0.56, 0.34, 0.72, "light") + box(0.68, 0.56, 0.84, 0.72, "light")
    )  # fmt: skip


def _castle() -> Drawing:
    tower = box(0.0, 0.24, 0.26, 1.0)
    for left in (0.0, 0.1, 0.2):
        tower += box(left, 0.14, left + 0.06, 0.26)
    wall = box(0.2, 0.46, 0.8, 1.0)
    for left in (0.3, 0.46, 0.62):
        wall += box(left, 0.38, left + 0.08, 0.48)
    gate = polygon((0.38, 1.0), *arc(0.5, 0.76, 0.12, 0.12, 180, 360), (0.62, 1.0), role="dark")
    slit = box(0.1, 0.4, 0.16, 0.56, "dark")
    return both(tower) + wall + gate + both(slit)


def _cup() -> Drawing:
    return (
        stroke(arc(0.74, 0.5, 0.17, 0.16, -90, 90, steps=16), 0.075)
        + polygon((0.06, 0.22), (0.76, 0.22), *curve((0.74, 0.6), (0.68, 0.82)), (0.6, 0.88),
            (0.22, 0.88),
                  *curve((0.14, 0.82), (0.08, 0.6)))
        + ellipse(0.41, 0.23, 0.345, 0.07, "light")
        + ellipse(0.41, 0.245, 0.28, 0.04, "dark")
    )  # fmt: skip


def _chair() -> Drawing:
    return (
        box(0.18, 0.0, 0.3, 1.0) + box(0.18, 0.5, 0.84, 0.63) + box(0.72, 0.56, 0.84, 1.0)
        + box(0.16, 0.04, 0.32, 0.4)
        + box(0.26, 0.76, 0.76, 0.81)
    )  # fmt: skip


def _lamp() -> Drawing:
    return (
        box(0.475, 0.4, 0.525, 0.94, "dark")
        + polygon(*arc(0.5, 0.97, 0.22, 0.09, 180, 360), role="dark")
        + polygon((0.34, 0.02), (0.66, 0.02), (0.84, 0.46), (0.16, 0.46))
        + stroke([(0.68, 0.46), (0.68, 0.62)], 0.016, "dark") + circle(0.68, 0.63, 0.022, "dark")
    )  # fmt: skip


def _key() -> Drawing:
    return (
        circle(0.22, 0.5, 0.22) + circle(0.18, 0.5, 0.085, "hole")
        + box(0.38, 0.45, 1.0, 0.55) + box(0.9, 0.5, 1.0, 0.74) + box(0.74, 0.5, 0.83, 0.68)
    )  # fmt: skip


def _umbrella() -> Drawing:
    scallops: list[tuple[float, float]] = []
    for left in (0.75, 0.5, 0.25, 0.0):
        scallops += arc(left + 0.125, 0.52, 0.125, 0.07, 0, -180, steps=10)
    return (
        stroke([(0.5, 0.06), (0.5, 0.86), *arc(0.59, 0.86, 0.09, 0.1, 180, 0, steps=10)][:2]
               + arc(0.41, 0.86, 0.09, 0.1, 0, 170, steps=10), 0.045, "dark")
        + polygon(*arc(0.5, 0.52, 0.5, 0.44, 180, 360), *scallops)
        + stroke(curve((0.5, 0.1), (0.3, 0.26), (0.25, 0.48)), 0.016, "ink")
        + stroke(curve((0.5, 0.1), (0.7, 0.26), (0.75, 0.48)), 0.016, "ink")
        + stroke([(0.5, 0.1), (0.5, 0.48)], 0.016, "ink")
    )  # fmt: skip


def _book() -> Drawing:
    cover = polygon((0.5, 0.26), *curve((0.36, 0.16), (0.2, 0.15), (0.0, 0.2)), (0.0, 0.84),
                    *curve((0.2, 0.78), (0.36, 0.8), (0.5, 0.88)))  # fmt: skip
    page = polygon((0.45, 0.36), *curve((0.36, 0.3), (0.24, 0.28), (0.13, 0.3)), (0.13, 0.66),
                   *curve((0.24, 0.64), (0.36, 0.66), (0.45, 0.72)), role="light")  # fmt: skip
    lines: Drawing = ()
    for y in (0.4, 0.49, 0.58):
        lines += stroke([(0.19, y - 0.02), (0.39, y + 0.02)], 0.02, "dark")
    return both(cover) + both(page + lines)


def _bottle() -> Drawing:
    return (
        box(0.42, 0.0, 0.58, 0.09, "dark")
        + polygon((0.44, 0.08), (0.56, 0.08), (0.56, 0.28), *curve((0.58, 0.34), (0.68, 0.42),
            (0.7, 0.5)),
                  (0.7, 0.94), (0.66, 1.0), (0.34, 1.0), (0.3, 0.94),
                  *curve((0.3, 0.5), (0.32, 0.42), (0.42, 0.34)), (0.44, 0.28))
        + box(0.34, 0.58, 0.66, 0.84, "light")
    )  # fmt: skip


def _clock() -> Drawing:
    ticks: Drawing = ()
    for turn in range(0, 360, 30):
        ticks += rotated(box(0.486, 0.27, 0.514, 0.32, "dark"), turn, (0.5, 0.54))
    foot = stroke([(0.28, 0.86), (0.2, 0.98)], 0.07)
    bell = rotated(polygon(*arc(0.5, 0.1, 0.13, 0.11, 180, 360)), -38, (0.5, 0.54))
    return (
        both(foot + bell) + circle(0.5, 0.54, 0.43) + circle(0.5, 0.54, 0.29, "light") + ticks
        + stroke([(0.5, 0.54), (0.5, 0.36)], 0.035, "dark") + stroke([(0.5, 0.54), (0.66, 0.62)],
            0.035, "dark")
    )  # fmt: skip


def _bell() -> Drawing:
    return (
        circle(0.5, 0.92, 0.08, "dark")
        + circle(0.5, 0.06, 0.06)
        + polygon(*curve((0.04, 0.84), (0.18, 0.68), (0.22, 0.36), (0.34, 0.14), (0.5, 0.08)),
                  *curve((0.5, 0.08), (0.66, 0.14), (0.78, 0.36), (0.82, 0.68), (0.96, 0.84)))
        + stroke(curve((0.22, 0.68), (0.5, 0.72), (0.78, 0.68)), 0.025, "ink")
    )  # fmt: skip


def _hammer() -> Drawing:
    return rotated(
        box(0.44, 0.24, 0.56, 1.02, "dark")
        + polygon((0.22, 0.06), (0.78, 0.06), (0.92, 0.26), (0.84, 0.3), (0.7, 0.26), (0.22, 0.28)),
        35,
    )


def _scissors() -> Drawing:
    blade = polygon((0.44, 0.62), (0.68, 0.0), (0.72, 0.2), (0.54, 0.64), role="light")
    loop = stroke(arc(0.29, 0.81, 0.13, 0.14, 0, 360, steps=24), 0.11)
    return (
        both(blade)
        + both(loop + stroke([(0.36, 0.72), (0.5, 0.56)], 0.1))
        + circle(0.5, 0.57, 0.03, "ink")
    )


def _shirt() -> Drawing:
    half = polygon((0.5, 0.16), *curve((0.4, 0.14), (0.36, 0.06)), (0.28, 0.06), (0.0, 0.28),
        (0.12, 0.48),
                   (0.26, 0.4), (0.26, 0.96), (0.5, 0.96))  # fmt: skip
    buttons: Drawing = ()
    for y in (0.36, 0.54, 0.72):
        buttons += circle(0.5, y, 0.025, "ink")
    return both(half) + buttons


def _hat() -> Drawing:
    return (
        ellipse(0.5, 0.76, 0.5, 0.12)
        + polygon((0.24, 0.76), *curve((0.25, 0.42), (0.32, 0.22), (0.5, 0.26), (0.68, 0.22),
            (0.75, 0.42)),
                  (0.76, 0.76), *arc(0.5, 0.76, 0.26, 0.05, 0, 180, steps=12))
        + polygon((0.24, 0.62), *curve((0.24, 0.64), (0.5, 0.68), (0.76, 0.64)), (0.76, 0.76),
                  *arc(0.5, 0.76, 0.26, 0.05, 0, 180, steps=12), role="dark")
    )  # fmt: skip


def _shoe() -> Drawing:
    return (
        blob((0.04, 0.24), (0.24, 0.26), (0.36, 0.24), (0.5, 0.44), (0.72, 0.54), (0.94, 0.6),
            (1.0, 0.74),
             (0.8, 0.78), (0.4, 0.78), (0.04, 0.78), (0.02, 0.5))
        + rounded(0.0, 0.73, 1.02, 0.84, 0.04, "dark")
        + stroke([(0.4, 0.46), (0.52, 0.36)], 0.03, "ink") + stroke([(0.5, 0.53), (0.61, 0.43)],
            0.03, "ink")
        + stroke([(0.6, 0.59), (0.7, 0.49)], 0.03, "ink")
    )  # fmt: skip


BUILDINGS: dict[str, Drawing] = {"house": _house(), "castle": _castle()}
HOUSEHOLD: dict[str, Drawing] = {
    "cup": _cup(),
    "bottle": _bottle(),
    "chair": _chair(),
    "lamp": _lamp(),
    "clock": _clock(),
    "book": _book(),
    "bell": _bell(),
    "umbrella": _umbrella(),
}
TOOLS: dict[str, Drawing] = {"key": _key(), "hammer": _hammer(), "scissors": _scissors()}
CLOTHES: dict[str, Drawing] = {"shirt": _shirt(), "hat": _hat(), "shoe": _shoe()}
