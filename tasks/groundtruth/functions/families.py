"""The hypothesis language of the built-in search over functions of a number.

A family is a sum of terms with linear coefficients and up to two free shape parameters, and each
term is written once, as Python that numpy evaluates too. Fitting is variable projection: shape
parameters by grid and then by descent, coefficients by least squares.

What the language says: polynomials up to degree 5; one or two waves, also on a line; x times a
wave; a bell; logarithm, root and absolute value of a distance; a smooth step; an exponential; lines
and parabolas in up to three pieces; and any of these with one interval that is constant. What it
cannot say, among others: waves inside other functions, clipped and square waves, whole numbers.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

FLOOR = 1e-10
"""Share of the variance below which residuals are rounding."""


class Family(NamedTuple):
    """A form."""

    name: str
    words: str
    terms: tuple[str, ...]
    """Python of `x` and the shape parameters `p` and `q`."""
    grids: tuple[np.ndarray, ...] = ()
    """Where to look for the shape parameters."""


_WAVES = np.arange(0.2, 6.05, 0.1)
_PLACES = np.arange(-9, 9.1, 0.75)
_WIDTHS = np.array([0.4, 0.7, 1.0, 1.5, 2.2, 3.2, 4.5])
_SIN, _COS = "math.sin({p} * x)", "math.cos({p} * x)"

FAMILIES = (
    *(
        Family("polynomial", "a polynomial", tuple(f"x**{power}" for power in range(degree + 1)))
        for degree in range(6)
    ),
    Family("wave", "a sine wave", ("1", _SIN, _COS), (_WAVES,)),
    Family("wave on a line", "a sine wave on a line", ("1", "x", _SIN, _COS), (_WAVES,)),
    Family(
        "two waves",
        "a sum of two sine waves",
        ("1", _SIN, _COS, "math.sin({q} * x)", "math.cos({q} * x)"),
        (_WAVES, _WAVES),
    ),
    Family(
        "x times a wave",
        "x times a sine wave",
        ("1", "x * math.sin({p} * x)", "x * math.cos({p} * x)"),
        (_WAVES,),
    ),
    Family("bell", "a bell", ("1", "math.exp(-(((x - {p}) / {q}) ** 2))"), (_PLACES, _WIDTHS)),
    Family("smooth step", "a smooth step", ("1", "math.tanh((x - {p}) / {q})"), (_PLACES, _WIDTHS)),
    Family(
        "logarithm",
        "a logarithm of the distance",
        ("1", "math.log(1 + abs(x - {p}))"),
        (_PLACES,),
    ),
    Family("root", "a root of the distance", ("1", "math.sqrt(abs(x - {p}))"), (_PLACES,)),
    Family("distance", "the distance from a place", ("1", "abs(x - {p})"), (_PLACES,)),
    Family(
        "exponential",
        "an exponential",
        ("1", "math.exp({p} * x)"),
        (np.array([-1, -0.5, -0.25, -0.1, 0.1, 0.25, 0.5, 1]),),
    ),
)
"""Smooth forms; `pieces.py` has the others."""


class Fit(NamedTuple):
    """A family with its numbers."""

    family: Family
    shape: tuple[float, ...]
    coefficients: tuple[float, ...]
    error: float
    """Sum of squared residuals on what it was fitted to."""

    @property
    def parameters(self) -> int:
        """How many numbers it has."""
        return len(self.shape) + len(self.coefficients)

    @property
    def expression(self) -> str:
        """Python of `x`."""
        parts = []
        for value, term in zip(self.coefficients, self.family.terms, strict=True):
            if value == 0:
                continue
            text = written(term, self.shape)
            parts.append(repr(value) if text in ("1", "x**0") else f"{value!r} * {text}")
        return " + ".join(parts) or "0.0"

    @property
    def words(self) -> str:
        """English and the formula."""
        shown = self._replace(
            shape=tuple(float(f"{value:.3g}") for value in self.shape),
            coefficients=tuple(float(f"{value:.3g}") for value in self.coefficients),
        )
        return f"{self.family.words}: {shown.expression.replace('math.', '')}"

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Its values."""
        return _columns(self.family, x, self.shape) @ np.asarray(self.coefficients)


def fit(family: Family, x: np.ndarray, y: np.ndarray) -> Fit:
    """The least-squares fit of a family.

    Args:
        family: The form.
        x: Inputs.
        y: Outputs.
    """
    best = [()]
    if family.grids:
        combinations = itertools.product(*family.grids)
        if family.name == "two waves":
            combinations = ((p, q) for p, q in combinations if q - p > 0.25)
        scored = sorted((_solve(family, x, y, shape)[1], shape) for shape in combinations)
        best = [shape for _, shape in scored[:3]]
    found = [_refined(family, x, y, tuple(map(float, shape))) for shape in best]
    return rounded(min(found, key=lambda item: item.error), x, y)


def rounded(found: Fit, x: np.ndarray, y: np.ndarray) -> Fit:
    """The fit with numbers rounded to as few digits as change nothing."""
    allowed = 1.01 * found.error + FLOOR * len(x) * float(np.var(y))
    for digits in range(1, 6):
        shape = tuple(round(value, digits) for value in found.shape)
        if any(value == 0 for value in shape):
            continue
        solved, error = _solve(found.family, x, y, shape)
        if error > allowed:
            continue
        for fine in range(digits, 8):
            near = tuple(round(float(value), fine) + 0.0 for value in solved)
            made = Fit(found.family, shape, near, 0.0)
            error = float(np.square(y - made(x)).sum())
            if error <= allowed:
                return made._replace(error=error)
    return found


def written(term: str, shape: Sequence[float]) -> str:
    """The term with its shape parameters put in."""
    return term.format(**dict(zip("pq", map(repr, shape), strict=False)))


def _columns(family: Family, x: np.ndarray, shape: Sequence[float]) -> np.ndarray:
    names = {"math": np, "x": x, "abs": np.abs}
    with np.errstate(all="ignore"):
        columns = [
            np.broadcast_to(eval(written(term, shape), names), x.shape) for term in family.terms
        ]
        return np.nan_to_num(np.stack(columns, axis=1), nan=0.0, posinf=1e12, neginf=-1e12)


def _solve(
    family: Family, x: np.ndarray, y: np.ndarray, shape: Sequence[float]
) -> tuple[np.ndarray, float]:
    columns = _columns(family, x, tuple(float(value) for value in shape))
    scale = np.abs(columns).max(0) + 1e-30
    solved = np.linalg.lstsq(columns / scale, y, rcond=None)[0] / scale
    return solved, float(np.square(y - columns @ solved).sum())


def _refined(family: Family, x: np.ndarray, y: np.ndarray, shape: tuple[float, ...]) -> Fit:
    if shape:
        found = minimize(
            lambda at: _solve(family, x, y, at)[1],
            shape,
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-14 * float(np.var(y) * len(y) + 1e-30)},
        )
        shape = tuple(float(value) for value in found.x)
    solved, error = _solve(family, x, y, shape)
    return Fit(family, shape, tuple(float(value) for value in solved), error)
