"""Functions of a number, with their truth in words and in code, drawn from a seed.

The families follow FIND (Schwettmann et al. 2023): atoms, compositions, pieces, noise, and an
interval that is corrupted; arithmetic on whole numbers is added. Calls are taken on [-10, 10];
hidden inputs come from there and from the ring around it, up to 20, which shows who found the
function and who drew a curve through points.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .blackbox import Arguments, BlackBox, Case, made

REACH = 10.0
"""Calls are taken between minus this and this."""
HIDDEN = 200
"""Hidden inputs of each domain."""
TAKES = f"one number x between {-REACH:g} and {REACH:g}"


class Draft(NamedTuple):
    """A function before it has inputs: the body of `f(x)` as lines, and words."""

    template: str
    words: str
    body: str
    noise: float = 0.0
    """Share of the function's own spread."""


def _real(rng: np.random.Generator, low: float, high: float, *, digits: int = 1) -> float:
    """A rounded number, never within a tenth of the range of 0, of either sign if low < 0."""
    while True:
        value = round(float(rng.uniform(low, high)), digits)
        if abs(value) >= 0.1 * max(abs(low), abs(high)):
            return value


def polynomial(rng: np.random.Generator) -> Draft:
    """Degree 1 to 4; high powers are damped so that no term drowns the others."""
    degree = int(rng.integers(1, 5))
    terms = [_real(rng, -5, 5)]
    terms += [_real(rng, -30.0 / 8**power, 30.0 / 8**power, digits=power) for power in range(1, 5)]
    terms = terms[: degree + 1]
    said = " + ".join(f"{value:g}*x**{power}" for power, value in enumerate(terms))
    return Draft("polynomial", f"the polynomial {said}", f"return {said}")


def sine(rng: np.random.Generator) -> Draft:
    """One wave about a level."""
    a, b, c, d = _real(rng, 1, 5), _real(rng, 0.4, 3), _real(rng, 0, 3), _real(rng, -4, 4)
    return Draft(
        "sine",
        f"a sine wave of amplitude {a:g} and angular frequency {b:g} about {d:g}",
        f"return {a} * math.sin({b} * x + {c}) + {d}",
    )


def two_sines(rng: np.random.Generator) -> Draft:
    """Two waves of different frequency."""
    a, b, c = _real(rng, 2, 4), _real(rng, 0.4, 1.2), _real(rng, 0, 3)
    d, e = _real(rng, 1, 3), round(b + _real(rng, 0.8, 2), 1)
    return Draft(
        "two sines",
        f"a sum of two waves, of angular frequencies {b:g} and {e:g}",
        f"return {a} * math.sin({b} * x + {c}) + {d} * math.cos({e} * x)",
    )


def wave_on_line(rng: np.random.Generator) -> Draft:
    """A wave on a slope."""
    a, b, c = _real(rng, 1, 4), _real(rng, 0.6, 3), _real(rng, -1, 1)
    return Draft(
        "wave on a line",
        f"a sine of angular frequency {b:g} on a line of slope {c:g}",
        f"return {a} * math.sin({b} * x) + {c} * x",
    )


def square_wave(rng: np.random.Generator) -> Draft:
    """Two levels in turn."""
    period, low, high = _real(rng, 2, 6), _real(rng, -5, -1), _real(rng, 1, 5)
    return Draft(
        "square wave",
        f"{high:g} in the first half of each period of {period:g}, {low:g} in the second",
        f"return {high} if x % {period} < {period} / 2 else {low}",
    )


def pieces(rng: np.random.Generator) -> Draft:
    """Two or three lines, with jumps between them."""
    count = int(rng.integers(1, 3))
    while True:
        edges = sorted(_real(rng, -7, 7) for _ in range(count))
        if count == 1 or edges[1] - edges[0] >= 2:
            break
    lines = [(_real(rng, -3, 3), _real(rng, -8, 8)) for _ in range(count + 1)]
    if rng.random() < 0.3:
        lines[0] = (0.0, lines[0][1])
    body, said = "", []
    for (slope, level), edge in zip(lines, [*edges, None], strict=True):
        body += f"if x < {edge}: return {slope} * x + {level}\n" if edge is not None else ""
        said.append(f"{slope:g}*x + {level:g}" + (f" below {edge:g}" if edge is not None else ""))
    body += f"return {lines[-1][0]} * x + {lines[-1][1]}"
    return Draft("lines in pieces", "; ".join(said[:-1]) + f"; else {said[-1]}", body)


def bent(rng: np.random.Generator) -> Draft:
    """A parabola on one side of an edge and a line on the other."""
    edge, a, b, c = _real(rng, -5, 5), _real(rng, 0.2, 1), _real(rng, -3, 3), _real(rng, -5, 5)
    return Draft(
        "line and parabola",
        f"{a:g} times the square of x below {edge:g}; {b:g}*x + {c:g} from there on",
        f"return {a} * x * x if x < {edge} else {b} * x + {c}",
    )


def clipped(rng: np.random.Generator) -> Draft:
    """A wave that is cut off at a level."""
    a, b, c = _real(rng, 2, 5), _real(rng, 0.5, 2), _real(rng, -1, 1)
    return Draft(
        "clipped wave",
        f"a cosine of angular frequency {b:g} and amplitude {a:g}, never below {c:g}",
        f"return max({c}, {a} * math.cos({b} * x))",
    )


def composition(rng: np.random.Generator) -> Draft:
    """One function inside another."""
    a, b, c, d = _real(rng, 1, 5), _real(rng, -4, 4), _real(rng, 0.5, 3), _real(rng, -5, 5)
    forms = {
        "bell": (f"{a} * math.exp(-((x - {b}) / {c}) ** 2) + {d}", "a bell"),
        "logarithm": (f"{a} * math.log(1 + abs(x - {b})) + {d}", "a logarithm of the distance"),
        "root": (f"{a} * math.sqrt(abs(x - {b})) + {d}", "a square root of the distance"),
        "saturating": (f"{a} * math.tanh((x - {b}) / {c}) + {d}", "a smooth step (tanh)"),
        "swelling wave": (f"{a} * x * math.sin({c} * x)", "x times a sine of x"),
        "chirp": (f"{a} * math.sin(x * x / {2 + c}) + {d}", "a sine of the square of x"),
        "exponential of a sine": (f"math.exp(math.sin({c} * x)) * {a}", "e to the sine of x"),
        "fading wave": (
            f"{a} * math.sin({1 + c} * x) / (1 + abs(x))",
            "a sine that fades with the distance from 0",
        ),
    }
    name = sorted(forms)[int(rng.integers(len(forms)))]
    code, said = forms[name]
    return Draft(name, f"{said}: {code.replace('math.', '')}", f"return {code}")


def whole(rng: np.random.Generator) -> Draft:
    """Arithmetic on the whole part."""
    m = int(rng.integers(3, 8))
    forms = {
        "remainder": (f"math.floor(x) % {m}", f"the whole part of x modulo {m}"),
        "divisors": (
            "sum(math.floor(abs(x)) % d == 0 for d in range(1, 21)) if abs(x) >= 1 else 0",
            "the number of divisors of the whole part of |x|",
        ),
        "common divisor": (
            "math.gcd(math.floor(abs(x)), 12)",
            "the greatest common divisor of 12 and the whole part of |x|",
        ),
        "stairs": (f"{m} * math.floor(x / 2)", f"{m} times the whole part of x / 2"),
        "ones": (
            f"bin(math.floor(abs(x) * {m})).count('1')",
            f"how many binary digits of the whole part of {m}|x| are one",
        ),
        "prime": (
            "1 if math.floor(abs(x)) in (2, 3, 5, 7, 11, 13, 17, 19) else 0",
            "1 where the whole part of |x| is prime, else 0",
        ),
    }
    name = sorted(forms)[int(rng.integers(len(forms)))]
    code, said = forms[name]
    return Draft(name, said, f"return {code}")


def noisy(rng: np.random.Generator) -> Draft:
    """A plain function whose calls come with noise."""
    draft = (polynomial, sine, pieces)[int(rng.integers(3))](rng)
    share = round(float(rng.uniform(0.03, 0.15)), 2)
    return draft._replace(noise=share, words=draft.words + ", with noise on each call")


def corrupted(rng: np.random.Generator) -> Draft:
    """A plain function that gives one value on an interval, whatever x is."""
    draft = (polynomial, sine, wave_on_line)[int(rng.integers(3))](rng)
    start = _real(rng, -8, 5)
    stop = round(start + _real(rng, 1.5, 4), 1)
    value = _real(rng, -9, 9)
    return Draft(
        f"{draft.template}, corrupted",
        f"{draft.words}; but {value:g} wherever {start:g} <= x <= {stop:g}",
        f"if {start} <= x <= {stop}: return {value}\n{draft.body}",
    )


KINDS: dict[str, tuple[Callable[[np.random.Generator], Draft], ...]] = {
    "polynomial": (polynomial,),
    "periodic": (sine, two_sines, wave_on_line, square_wave),
    "pieces": (pieces, bent, clipped),
    "composition": (composition,),
    "noisy": (noisy,),
    "corrupted": (corrupted,),
    "whole numbers": (whole,),
}
"""Makers by kind."""


def number_boxes(seed: int, *, many: int = 4) -> list[BlackBox]:
    """`many` functions of each kind."""
    boxes = []
    for at, (kind, makers) in enumerate(KINDS.items()):
        for number in range(many):
            rng = np.random.default_rng([seed, at, number])
            draft = makers[number % len(makers)](rng)
            boxes.append(_box(f"{kind}/{number}", kind, draft, rng))
    return boxes


def _box(name: str, kind: str, draft: Draft, rng: np.random.Generator) -> BlackBox:
    body = "\n".join(f"    {line}" for line in draft.body.splitlines())
    code = f"import math\n\ndef f(x):\n{body}\n"
    inside = rng.uniform(-REACH, REACH, HIDDEN)
    outside = rng.uniform(REACH, 2 * REACH, HIDDEN) * rng.choice([-1, 1], HIDDEN)
    cases = [Case((float(x),), "inside") for x in inside]
    cases += [Case((float(x),), "outside") for x in outside]
    values = [made(code)(float(x)) for x in inside]
    return BlackBox(
        name=name,
        kind=kind,
        template=draft.template,
        takes=TAKES,
        words=draft.words,
        code=code,
        cases=tuple(cases),
        noise=draft.noise * float(np.std(values)),
        refuses=_refuses,
    )


def _refuses(arguments: Arguments) -> str | None:
    (x,) = arguments
    if isinstance(x, bool) or not isinstance(x, int | float) or not abs(x) <= REACH:
        return f"f takes {TAKES}, not {x!r}"
    return None
