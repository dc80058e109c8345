"""Drawings of plants, of the sky and of food."""

from .shapes import (
    Drawing,
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


def _tree() -> Drawing:
    return (
        polygon((0.44, 0.55), (0.56, 0.55), (0.58, 0.92), (0.64, 1.0), (0.36, 1.0), (0.42, 0.92),
                role="dark")
        + circle(0.5, 0.26, 0.26) + circle(0.27, 0.4, 0.21) + circle(0.73, 0.4, 0.21)
        + circle(0.38, 0.54, 0.17) + circle(0.62, 0.54, 0.17)
    )  # fmt: skip


def _fir() -> Drawing:
    return (
        box(0.44, 0.82, 0.56, 1.0, "dark")
        + polygon((0.5, 0.0), (0.7, 0.32), (0.3, 0.32))
        + polygon((0.5, 0.18), (0.78, 0.58), (0.22, 0.58))
        + polygon((0.5, 0.4), (0.88, 0.86), (0.12, 0.86))
    )


def _flower() -> Drawing:
    petals: Drawing = ()
    for turn in range(0, 360, 60):
        petals += rotated(ellipse(0.5, 0.115, 0.115, 0.13), turn, (0.5, 0.29))
    leaf = blob((0.51, 0.9), (0.6, 0.72), (0.82, 0.64), (0.74, 0.84))
    return (
        stroke([(0.5, 0.4), (0.5, 0.98)], 0.05)
        + both(leaf)
        + petals
        + circle(0.5, 0.29, 0.1, "ink")
    )


def _leaf() -> Drawing:
    vein: Drawing = stroke([(0.14, 0.86), (0.8, 0.2)], 0.024, "ink")
    for at in (0.36, 0.5, 0.64):
        vein += stroke([(at, 1 - at), (at + 0.03, 0.82 - at)], 0.018, "ink")
        vein += stroke([(at, 1 - at), (at + 0.18, 0.97 - at)], 0.018, "ink")
    return (
        stroke([(0.02, 0.98), (0.2, 0.8)], 0.05)
        + polygon(*curve((0.98, 0.02), (0.6, 0.06), (0.28, 0.24), (0.12, 0.54), (0.16, 0.84)),
                  *curve((0.16, 0.84), (0.46, 0.88), (0.76, 0.72), (0.94, 0.4), (0.98, 0.02)))
        + vein
    )  # fmt: skip


def _mushroom() -> Drawing:
    return (
        polygon(*curve((0.4, 0.46), (0.4, 0.7), (0.34, 0.92)), (0.66, 0.92),
                *curve((0.66, 0.92), (0.6, 0.7), (0.6, 0.46)), role="light")
        + polygon(*arc(0.5, 0.52, 0.48, 0.46, 180, 360), *curve((0.98, 0.54), (0.74, 0.6),
            (0.5, 0.56),
                  (0.26, 0.6), (0.02, 0.54)))
        + circle(0.34, 0.3, 0.075, "ink") + circle(0.6, 0.2, 0.06, "ink")
        + circle(0.74, 0.4, 0.07, "ink") + circle(0.5, 0.42, 0.055, "ink")
    )  # fmt: skip


def _cactus() -> Drawing:
    arm = stroke([(0.5, 0.62), (0.22, 0.62), (0.2, 0.56), (0.2, 0.38)], 0.12)
    other = stroke([(0.5, 0.5), (0.78, 0.5), (0.8, 0.44), (0.8, 0.24)], 0.12)
    line = stroke([(0.5, 0.16), (0.5, 0.78)], 0.016, "ink")
    lines = stroke([(0.44, 0.2), (0.44, 0.78)], 0.016, "ink")
    return (
        arm + other + rounded(0.38, 0.02, 0.62, 0.88, 0.115) + line + lines + mirrored(lines)
        + polygon((0.3, 0.84), (0.7, 0.84), (0.66, 1.0), (0.34, 1.0), role="dark")
    )  # fmt: skip


def _cloud() -> Drawing:
    return (
        circle(0.2, 0.58, 0.18) + circle(0.42, 0.44, 0.22) + circle(0.66, 0.5, 0.18)
        + circle(0.84, 0.62, 0.14) + rounded(0.06, 0.56, 0.94, 0.76, 0.1)
    )  # fmt: skip


def _sun() -> Drawing:
    rays: Drawing = ()
    for turn in range(0, 360, 45):
        rays += rotated(stroke([(0.5, 0.04), (0.5, 0.3)], 0.085), turn)
    return (
        rays
        + circle(0.5, 0.5, 0.27)
        + both(circle(0.41, 0.46, 0.026, "ink"))
        + stroke(arc(0.5, 0.5, 0.13, 0.12, 25, 155, steps=10), 0.024, "ink")
    )


def _apple() -> Drawing:
    return (
        stroke(curve((0.5, 0.3), (0.5, 0.16), (0.58, 0.04)), 0.045, "dark")
        + blob((0.54, 0.18), (0.66, 0.04), (0.84, 0.06), (0.72, 0.18), role="ink")
        + blob((0.5, 0.3), (0.68, 0.22), (0.88, 0.32), (0.92, 0.56), (0.8, 0.84), (0.62, 0.97),
               (0.5, 0.93), (0.38, 0.97), (0.2, 0.84), (0.08, 0.56), (0.12, 0.32), (0.32, 0.22))
    )  # fmt: skip


def _banana() -> Drawing:
    return (
        polygon(*curve((0.06, 0.26), (0.16, 0.56), (0.42, 0.8), (0.76, 0.84), (0.96, 0.72)),
                *curve((0.98, 0.64), (0.72, 0.62), (0.46, 0.52), (0.28, 0.34), (0.2, 0.14)),
                (0.18, 0.04), (0.08, 0.06), (0.1, 0.16))
        + polygon((0.18, 0.04), (0.08, 0.06), (0.09, 0.13), (0.19, 0.11), role="dark")
        + polygon((0.96, 0.73), (0.98, 0.63), (0.92, 0.63), (0.9, 0.76), role="dark")
        + stroke(curve((0.15, 0.3), (0.3, 0.56), (0.54, 0.7), (0.84, 0.73)), 0.018, "ink")
    )  # fmt: skip


def _pear() -> Drawing:
    return (
        stroke(curve((0.5, 0.14), (0.5, 0.06), (0.58, 0.0)), 0.045, "dark")
        + blob((0.5, 0.1), (0.62, 0.18), (0.66, 0.38), (0.8, 0.58), (0.8, 0.84), (0.64, 0.98),
               (0.5, 0.99), (0.36, 0.98), (0.2, 0.84), (0.2, 0.58), (0.34, 0.38), (0.38, 0.18))
        + stroke(curve((0.3, 0.66), (0.3, 0.78), (0.38, 0.88)), 0.03, "ink")
    )  # fmt: skip


def _carrot() -> Drawing:
    leaves: Drawing = ()
    for turn in (-32, 0, 32):
        leaves += rotated(ellipse(0.5, 0.12, 0.05, 0.15, "dark"), turn, (0.5, 0.27))
    return (
        leaves
        + polygon(*curve((0.32, 0.3), (0.4, 0.22), (0.5, 0.24), (0.6, 0.22), (0.68, 0.3)),
                  *curve((0.68, 0.36), (0.6, 0.7), (0.5, 1.0)), *curve((0.5, 1.0), (0.4, 0.7),
                  (0.32, 0.36)))
        + stroke([(0.37, 0.44), (0.48, 0.45)], 0.022, "ink")
        + stroke([(0.55, 0.57), (0.62, 0.56)], 0.022, "ink")
        + stroke([(0.42, 0.68), (0.5, 0.69)], 0.022, "ink")
    )  # fmt: skip


def _cherry() -> Drawing:
    return (
        stroke(curve((0.24, 0.66), (0.36, 0.34), (0.64, 0.06)), 0.035, "dark")
        + stroke(curve((0.76, 0.6), (0.72, 0.3), (0.64, 0.06)), 0.035, "dark")
        + blob((0.62, 0.08), (0.38, 0.02), (0.16, 0.14), (0.38, 0.22), role="ink")
        + circle(0.24, 0.76, 0.22) + circle(0.76, 0.72, 0.22)
        + circle(0.17, 0.69, 0.04, "ink") + circle(0.69, 0.65, 0.04, "ink")
    )  # fmt: skip


def _cake() -> Drawing:
    candles: Drawing = ()
    for x in (0.3, 0.5, 0.7):
        candles += box(x - 0.025, 0.16, x + 0.025, 0.42, "light")
        candles += ellipse(x, 0.12, 0.03, 0.07, "dark")
    icing = [(0.1, 0.56), (0.18, 0.66), (0.26, 0.56), (0.34, 0.66), (0.42, 0.56), (0.5, 0.66)]
    return (
        candles
        + rounded(0.1, 0.4, 0.9, 0.9, 0.06)
        + both(stroke(curve(*icing), 0.03, "ink"))
        + rounded(0.0, 0.86, 1.0, 0.94, 0.04, "light")
    )


PLANTS: dict[str, Drawing] = {
    "tree": _tree(),
    "fir": _fir(),
    "flower": _flower(),
    "leaf": _leaf(),
    "mushroom": _mushroom(),
    "cactus": _cactus(),
}
WEATHER: dict[str, Drawing] = {"cloud": _cloud(), "sun": _sun()}
FOOD: dict[str, Drawing] = {
    "apple": _apple(),
    "banana": _banana(),
    "pear": _pear(),
    "cherry": _cherry(),
    "carrot": _carrot(),
    "cake": _cake(),
}
