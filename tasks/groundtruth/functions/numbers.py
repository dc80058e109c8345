"""Functions of a number, with their truth in words and in code, drawn from a seed.

The families follow FIND (Schwettmann et al. 2023): atoms, compositions, pieces, noise, and an
interval that is corrupted; arithmetic on whole numbers is added. Calls are taken on [-10, 10];
hidden inputs come from there and from the ring around it, up to 20, which shows who found the
function and who drew a curve through points.
"""

from collections.abc import Callable

import numpy as np

from .blackbox import Arguments, BlackBox, Case, made
from .forms import Draft, Rng, draft, families, real

REACH = 10.0
"""Calls are taken between minus this and this."""
HIDDEN = 200
"""Hidden inputs of each domain."""
TAKES = f"one number x between {-REACH:g} and {REACH:g}"
_FAMILIES = families("numbers.toml")


def _family(name: str) -> Callable[[Rng], Draft]:
    """A maker of functions of a family."""

    def maker(rng: Rng) -> Draft:
        drawn = draft(_FAMILIES[name], rng, more=_more)
        return drawn._replace(code=f"return {drawn.code}")

    return maker


def _more(values: dict[str, float]) -> dict[str, float]:
    """Sums of what was drawn: a second frequency, and two above the drawn one."""
    b, c = values.get("b", 0), values.get("c", 0)
    return {"be": round(b + values.get("e", 0), 1), "c1": 1 + c, "c2": 2 + c}


def polynomial(rng: Rng) -> Draft:
    """Degree 1 to 4; high powers are damped so that no term drowns the others."""
    degree = int(rng.integers(1, 5))
    terms = [real(rng, -5, 5)]
    terms += [real(rng, -30.0 / 8**power, 30.0 / 8**power, digits=power) for power in range(1, 5)]
    terms = terms[: degree + 1]
    said = " + ".join(f"{value:g}*x**{power}" for power, value in enumerate(terms))
    return Draft("polynomial", f"the polynomial {said}", f"return {said}")


def pieces(rng: Rng) -> Draft:
    """Two or three lines, with jumps between them."""
    count = int(rng.integers(1, 3))
    while True:
        edges = sorted(real(rng, -7, 7) for _ in range(count))
        if count == 1 or edges[1] - edges[0] >= 2:
            break
    lines = [(real(rng, -3, 3), real(rng, -8, 8)) for _ in range(count + 1)]
    if rng.random() < 0.3:
        lines[0] = (0.0, lines[0][1])
    body, said = "", []
    for (slope, level), edge in zip(lines, [*edges, None], strict=True):
        body += f"if x < {edge}: return {slope} * x + {level}\n" if edge is not None else ""
        said.append(f"{slope:g}*x + {level:g}" + (f" below {edge:g}" if edge is not None else ""))
    body += f"return {lines[-1][0]} * x + {lines[-1][1]}"
    return Draft("lines in pieces", "; ".join(said[:-1]) + f"; else {said[-1]}", body)


def noisy(rng: Rng) -> Draft:
    """A plain function whose calls come with noise."""
    plain = (polynomial, _family("sine"), pieces)[int(rng.integers(3))](rng)
    share = round(float(rng.uniform(0.03, 0.15)), 2)
    return plain._replace(noise=share, words=plain.words + ", with noise on each call")


def corrupted(rng: Rng) -> Draft:
    """A plain function that gives one value on an interval, whatever x is."""
    makers = (polynomial, _family("sine"), _family("wave on a line"))
    plain = makers[int(rng.integers(3))](rng)
    start = real(rng, -8, 5)
    stop = round(start + real(rng, 1.5, 4), 1)
    value = real(rng, -9, 9)
    return Draft(
        f"{plain.template}, corrupted",
        f"{plain.words}; but {value:g} wherever {start:g} <= x <= {stop:g}",
        f"if {start} <= x <= {stop}: return {value}\n{plain.code}",
    )


KINDS: dict[str, tuple[Callable[[Rng], Draft], ...]] = {
    "polynomial": (polynomial,),
    "periodic": tuple(map(_family, ("sine", "two sines", "wave on a line", "square wave"))),
    "pieces": (pieces, _family("line and parabola"), _family("clipped wave")),
    "composition": (_family("composition"),),
    "noisy": (noisy,),
    "corrupted": (corrupted,),
    "whole numbers": (_family("whole numbers"),),
}
"""Makers by kind."""


def number_boxes(seed: int, *, many: int = 4) -> list[BlackBox]:
    """`many` functions of each kind."""
    boxes = []
    for at, (kind, makers) in enumerate(KINDS.items()):
        for number in range(many):
            rng = np.random.default_rng([seed, at, number])
            drawn = makers[number % len(makers)](rng)
            boxes.append(_box(f"{kind}/{number}", kind, drawn, rng))
    return boxes


def _box(name: str, kind: str, drawn: Draft, rng: Rng) -> BlackBox:
    body = "\n".join(f"    {line}" for line in drawn.code.splitlines())
    code = f"import math\n\ndef f(x):\n{body}\n"
    inside = rng.uniform(-REACH, REACH, HIDDEN)
    outside = rng.uniform(REACH, 2 * REACH, HIDDEN) * rng.choice([-1, 1], HIDDEN)
    cases = [Case((float(x),), "inside") for x in inside]
    cases += [Case((float(x),), "outside") for x in outside]
    values = [made(code)(float(x)) for x in inside]
    return BlackBox(
        name=name,
        kind=kind,
        template=drawn.template,
        takes=TAKES,
        words=drawn.words,
        code=code,
        cases=tuple(cases),
        noise=drawn.noise * float(np.std(values)),
        refuses=_refuses,
    )


def _refuses(arguments: Arguments) -> str | None:
    (x,) = arguments
    if isinstance(x, bool) or not isinstance(x, int | float) or not abs(x) <= REACH:
        return f"f takes {TAKES}, not {x!r}"
    return None
