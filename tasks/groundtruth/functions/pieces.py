"""Functions in pieces: where the edges are, and what holds between them.

Edges are first looked for between neighbouring calls, by least squares over all ways to cut the
calls into two or three runs; then each edge is closed in on by bisection with further calls.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .families import FAMILIES, Fit, fit

_SHORTEST = 5  # calls of a piece
_CURVES = FAMILIES[:3]  # a level, a line, a parabola


class Pieces(NamedTuple):
    """One fit for each stretch between edges."""

    edges: tuple[float, ...]
    fits: tuple[Fit, ...]
    error: float

    @property
    def parameters(self) -> int:
        """How many numbers it has."""
        return len(self.edges) + sum(one.parameters for one in self.fits)

    @property
    def words(self) -> str:
        """English and formulas."""
        parts = [
            f"{one.words} below {edge:.4g}"
            for one, edge in zip(self.fits[:-1], self.edges, strict=True)
        ]
        return f"in pieces: {'; '.join(parts)}; else {self.fits[-1].words}"

    @property
    def body(self) -> str:
        """Lines of Python that return."""
        lines = [
            f"if x < {edge!r}: return {one.expression}"
            for one, edge in zip(self.fits[:-1], self.edges, strict=True)
        ]
        return "\n".join([*lines, f"return {self.fits[-1].expression}"])

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Its values."""
        piece = np.searchsorted(np.asarray(self.edges), x, side="right")
        return np.choose(piece, [one(x) for one in self.fits])


def in_pieces(x: np.ndarray, y: np.ndarray, *, most: int = 3) -> list[Pieces]:
    """The best ways to cut the calls into two and into three pieces.

    Args:
        x: Inputs in rising order.
        y: Outputs.
        most: Pieces at most.
    """
    count = len(x)
    cost = np.full((count + 1, count + 1), np.inf)
    columns = np.vander(x / 10, 3)
    for start in range(count - _SHORTEST + 1):
        for stop in range(start + _SHORTEST, count + 1):
            part = columns[start:stop]
            solved = np.linalg.lstsq(part, y[start:stop], rcond=None)[0]
            cost[start, stop] = np.square(y[start:stop] - part @ solved).sum()
    found = []
    cuts: list[tuple[int, ...]] = []
    two = cost[0] + cost[:, count]
    if most >= 2 and np.isfinite(two).any():
        cuts.append((int(np.argmin(two)),))
    three = cost[0][:, None] + cost + cost[:, count][None]  # [first cut, second cut]
    if most >= 3 and np.isfinite(three).any():
        first, second = np.unravel_index(int(np.argmin(three)), three.shape)
        cuts.append((int(first), int(second)))
    for cut in cuts:
        edges = tuple(float((x[at - 1] + x[at]) / 2) for at in cut)
        found.append(refit(edges, x, y))
    return found


def refit(edges: tuple[float, ...], x: np.ndarray, y: np.ndarray) -> Pieces:
    """The simplest curve for each stretch that fits about as well as the parabola."""
    piece = np.searchsorted(np.asarray(edges), x, side="right")
    fits = []
    for number in range(len(edges) + 1):
        inside = piece == number
        options = [fit(family, x[inside], y[inside]) for family in _CURVES]
        scores = [score(one, int(inside.sum()), float(np.var(y))) for one in options]
        fits.append(options[int(np.argmin(scores))])
    return Pieces(edges, tuple(fits), sum(one.error for one in fits))


def sharpened(
    found: Pieces, x: np.ndarray, call: Callable[[float], float | None], *, steps: int = 14
) -> tuple[float, ...]:
    """The edges, closed in on: each call says which piece its input belongs to."""
    edges = []
    for edge, before, after in zip(found.edges, found.fits, found.fits[1:], strict=False):
        low, high = float(x[x < edge].max()), float(x[x >= edge].min())
        for _ in range(steps):
            middle = (low + high) / 2
            value = call(middle)
            if value is None:
                break
            at = np.array([middle])
            left = abs(float(before(at)[0]) - value) <= abs(float(after(at)[0]) - value)
            low, high = (middle, high) if left else (low, middle)
        short = [round((low + high) / 2, digits) for digits in range(1, 5)]
        edges.append(next((e for e in short if low < e <= high), (low + high) / 2))
    return tuple(edges)


def score(one: Fit | Pieces, count: int, variance: float) -> float:
    """Schwarz's criterion: misfit and a price for each number; lower is better."""
    floor = 1e-8 * variance * count + 1e-30
    return count * float(np.log((one.error + floor) / count)) + one.parameters * np.log(count)
