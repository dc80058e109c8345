"""Drawings of vehicles."""

from .shapes import Drawing, arc, blob, both, box, circle, curve, polygon, rounded, stroke


def _wheel(x: float, y: float, radius: float) -> Drawing:
    return circle(x, y, radius, "dark") + circle(x, y, radius * 0.42, "light")


def _car() -> Drawing:
    return (
        polygon(*curve((0.0, 0.66), (0.02, 0.54), (0.14, 0.5), (0.24, 0.46)),
                *curve((0.3, 0.34), (0.4, 0.28), (0.6, 0.28), (0.7, 0.34), (0.8, 0.48)),
                *curve((0.9, 0.5), (0.98, 0.56), (1.0, 0.7)), (0.98, 0.74), (0.02, 0.74))
        + polygon((0.29, 0.47), (0.35, 0.36), (0.48, 0.34), (0.48, 0.47), role="light")
        + polygon((0.52, 0.47), (0.52, 0.34), (0.64, 0.36), (0.73, 0.47), role="light")
        + _wheel(0.23, 0.73, 0.12) + _wheel(0.77, 0.73, 0.12)
    )  # fmt: skip


def _bus() -> Drawing:
    windows: Drawing = ()
    for left in (0.06, 0.23, 0.4, 0.57):
        windows += box(left, 0.27, left + 0.13, 0.44, "light")
    return (
        rounded(0, 0.18, 1, 0.78, 0.07)
        + windows
        + box(0.76, 0.27, 0.94, 0.66, "light")
        + stroke([(0.02, 0.56), (0.72, 0.56)], 0.025, "ink")
        + _wheel(0.22, 0.78, 0.1)
        + _wheel(0.72, 0.78, 0.1)
    )


def _truck() -> Drawing:
    return (
        box(0, 0.2, 0.62, 0.7)
        + polygon((0.66, 0.36), (0.86, 0.36), (0.98, 0.52), (0.98, 0.72), (0.6, 0.72), (0.6, 0.62),
                  (0.66, 0.62))
        + polygon((0.73, 0.42), (0.84, 0.42), (0.91, 0.53), (0.73, 0.53), role="light")
        + box(0, 0.68, 0.98, 0.74, "dark")
        + _wheel(0.16, 0.77, 0.1) + _wheel(0.4, 0.77, 0.1) + _wheel(0.8, 0.77, 0.1)
    )  # fmt: skip


def _train() -> Drawing:
    return (
        box(0.0, 0.12, 0.36, 0.74)
        + box(0.0, 0.08, 0.4, 0.16)
        + rounded(0.3, 0.38, 0.92, 0.74, 0.06)
        + polygon((0.7, 0.4), (0.66, 0.1), (0.86, 0.1), (0.82, 0.4))
        + polygon((0.9, 0.66), (1.02, 0.84), (0.86, 0.84))
        + circle(0.53, 0.36, 0.07)
        + box(0.08, 0.24, 0.28, 0.44, "light")
        + _wheel(0.17, 0.78, 0.14) + _wheel(0.5, 0.82, 0.1) + _wheel(0.75, 0.82, 0.1)
    )  # fmt: skip


def _boat() -> Drawing:
    return (
        polygon(*curve((0.5, 0.04), (0.7, 0.24), (0.86, 0.58)), (0.5, 0.58))
        + polygon((0.48, 0.12), (0.48, 0.58), (0.14, 0.58))
        + box(0.47, 0.02, 0.52, 0.7, "dark")
        + polygon((0.0, 0.68), (1.0, 0.68), *curve((0.92, 0.84), (0.8, 0.94)), (0.18, 0.94),
                  *curve((0.12, 0.9), (0.04, 0.8)))
        + stroke([(0.1, 0.76), (0.9, 0.76)], 0.025, "ink")
    )  # fmt: skip


def _plane() -> Drawing:
    wing = polygon((0.5, 0.34), (0.96, 0.62), (0.96, 0.72), (0.5, 0.6))
    tail = polygon((0.5, 0.8), (0.72, 0.94), (0.72, 1.0), (0.5, 0.94))
    engine = rounded(0.7, 0.42, 0.76, 0.58, 0.03)
    return (
        both(engine)
        + both(wing + tail)
        + polygon(*arc(0.5, 0.14, 0.075, 0.14, 180, 360), (0.575, 0.7), (0.53, 1.0), (0.47, 1.0),
                  (0.425, 0.7))
        + polygon(*arc(0.5, 0.14, 0.05, 0.06, 180, 360), role="light")
        + stroke([(0.5, 0.3), (0.5, 0.86)], 0.018, "ink")
    )  # fmt: skip


def _bicycle() -> Drawing:
    wheels: Drawing = ()
    for x in (0.2, 0.8):
        wheels += stroke(arc(x, 0.64, 0.165, 0.165, 0, 360, steps=28), 0.085)
    frame = (((0.2, 0.64), (0.36, 0.36), (0.7, 0.36), (0.46, 0.66), (0.2, 0.64)),
             ((0.46, 0.66), (0.33, 0.28)), ((0.8, 0.64), (0.67, 0.24), (0.78, 0.2)))  # fmt: skip
    for line in frame:
        wheels += stroke(line, 0.075)
    return wheels + stroke([(0.26, 0.27), (0.42, 0.27)], 0.075, "dark") + circle(0.46, 0.66, 0.06)


def _rocket() -> Drawing:
    fin = polygon((0.36, 0.56), (0.2, 0.74), (0.2, 0.92), (0.38, 0.8))
    return (
        polygon((0.42, 0.84), (0.58, 0.84), (0.5, 1.02), role="light")
        + both(fin)
        + blob((0.5, -0.02), (0.62, 0.14), (0.68, 0.4), (0.65, 0.66), (0.6, 0.86), (0.4, 0.86),
               (0.35, 0.66), (0.32, 0.4), (0.38, 0.14))
        + circle(0.5, 0.36, 0.1, "dark") + circle(0.5, 0.36, 0.07, "light")
        + stroke([(0.36, 0.62), (0.64, 0.62)], 0.025, "ink")
    )  # fmt: skip


VEHICLES: dict[str, Drawing] = {
    "car": _car(),
    "bus": _bus(),
    "truck": _truck(),
    "train": _train(),
    "bicycle": _bicycle(),
    "boat": _boat(),
    "plane": _plane(),
    "rocket": _rocket(),
}
