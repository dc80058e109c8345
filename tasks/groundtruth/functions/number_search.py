"""The built-in investigator of functions of a number: no language model.

1. Call an even grid, and a few inputs twice to learn the noise.
2. If neighbouring calls repeat one value, close in on that stretch by bisection; forms are then
   also fitted to the rest alone.
3. Fit every form of `families.py` and `pieces.py`; rank by Schwarz's criterion.
4. Spend the remaining calls where the two best differ most, fit again, and judge the winner on
   calls that it had not seen. If it misses them, say so: the answer is a curve through the calls.
"""

from typing import NamedTuple

import numpy as np

from .blackbox import Answer, Calls
from .families import FAMILIES, Fit, fit
from .numbers import REACH
from .pieces import Pieces, in_pieces, refit, score, sharpened

_PLAIN = ("polynomial", "sine", "wave on a line", "lines in pieces")
_MORE = "two sines; line and parabola; bell; logarithm; root; saturating; swelling wave"
SAYS = frozenset([*_PLAIN, *(f"{name}, corrupted" for name in _PLAIN), *_MORE.split("; ")])
"""Templates of `numbers.py` that the language can say; whether it does is what is measured."""
_GRID = 0.55  # share of the budget that goes to the grid
_TWICE = 8  # inputs that are called twice
_ACCEPTED = 0.002  # share of the variance that a rule may miss beside noise


class Stretch(NamedTuple):
    """An interval with one value."""

    start: float
    stop: float
    value: float

    def holds(self, x: np.ndarray) -> np.ndarray:
        """Whether inputs lie in it."""
        return (x >= self.start) & (x <= self.stop)


class Rule(NamedTuple):
    """A hypothesis: a curve, and perhaps a stretch where it does not hold."""

    curve: Fit | Pieces
    stretch: Stretch | None
    score: float

    @property
    def words(self) -> str:
        """English."""
        if self.stretch is None:
            return self.curve.words
        start, stop, value = self.stretch
        return f"{value:.4g} where {start:.4g} <= x <= {stop:.4g}; elsewhere {self.curve.words}"

    @property
    def code(self) -> str:
        """Python that defines `f`."""
        lines = ["import math", "", "def f(x):"]
        if self.stretch is not None:
            start, stop, value = self.stretch
            lines += [f"    if {start!r} <= x <= {stop!r}:", f"        return {value!r}"]
        if isinstance(self.curve, Fit):
            lines.append(f"    return {self.curve.expression}")
        else:
            lines += [f"    {line}" for line in self.curve.body.splitlines()]
        return "\n".join([*lines, ""])

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Its values."""
        values = self.curve(x)
        if self.stretch is not None:
            values = np.where(self.stretch.holds(x), self.stretch.value, values)
        return values


def search_numbers(calls: Calls, *, seed: int = 0) -> Answer:
    """Investigates a function of one number.

    Args:
        calls: The function.
        seed: Of where it is called.
    """
    if calls.left < 40:
        return Answer("", "", f"the search needs 40 calls; {calls.left} are allowed")
    rng = np.random.default_rng(seed)
    count = int(_GRID * calls.budget) - _TWICE
    step = 2 * REACH / count
    grid = -REACH + step * (np.arange(count) + rng.uniform(0.2, 0.8, count))
    for x in grid:
        calls(float(x))
    again = [_call(calls, float(grid[at])) for at in np.linspace(3, count - 4, _TWICE).astype(int)]
    noise = _noise(calls, len(again))
    rules = _rules(calls, noise)
    _separate(calls, rules, rng, leave=calls.left // 2)
    rules = _again(rules, calls)
    fresh = len(calls.log)
    for x in rng.uniform(-REACH, REACH, calls.left):
        calls(float(x))
    x, y = _seen(calls)
    best = rules[0]
    if len(calls.log) == fresh:  # the budget is spent: nothing is left to check it on
        return _answer(best, noise)
    new_x, new_y = (np.array(part, float) for part in zip(*_log(calls)[fresh:], strict=True))
    missed = float(np.mean(np.square(new_y - best(new_x))))
    if missed > _ACCEPTED * float(np.var(y)) + 5 * noise**2 + 1e-12:
        return _curve_through(x, y)
    return _answer(_again([best], calls)[0], noise)


def _answer(rule: Rule, noise: float) -> Answer:
    said = rule.words
    if noise > 0:
        said += f"; calls carry noise of about {noise:.2g}"
    return Answer(said, rule.code)


def _rules(calls: Calls, noise: float) -> list[Rule]:
    """Every form that was fitted, best first."""
    x, y = _seen(calls)
    stretches: list[Stretch | None] = [None]
    found = _stretch(calls, x, y) if noise == 0 else None
    if found is not None:
        stretches.append(found)
        x, y = _seen(calls)
    rules = []
    for stretch in stretches:
        keep = np.ones(len(x), bool) if stretch is None else ~stretch.holds(x)
        price = 0 if stretch is None else 3
        curves: list[Fit | Pieces] = [fit(family, x[keep], y[keep]) for family in FAMILIES]
        curves += in_pieces(x[keep], y[keep])
        rules += [_rule(curve, stretch, x, y, price) for curve in curves]
    rules.sort(key=lambda rule: rule.score)
    if isinstance(rules[0].curve, Pieces):
        edges = sharpened(rules[0].curve, x, lambda at: _call(calls, at))
        x, y = _seen(calls)
        rules[0] = _rule(refit(edges, x, y), None, x, y, 0)
    return rules


def _rule(
    curve: Fit | Pieces, stretch: Stretch | None, x: np.ndarray, y: np.ndarray, price: int
) -> Rule:
    count = len(x)
    rule = Rule(curve, stretch, 0.0)
    missed = curve._replace(error=float(np.square(y - rule(x)).sum()))
    return rule._replace(score=score(missed, count, float(np.var(y))) + price * np.log(count))


def _again(rules: list[Rule], calls: Calls) -> list[Rule]:
    """The rules fitted to all calls so far, best first."""
    x, y = _seen(calls)
    made = []
    for rule in rules[:3]:
        keep = np.ones(len(x), bool) if rule.stretch is None else ~rule.stretch.holds(x)
        if isinstance(rule.curve, Pieces):
            curve: Fit | Pieces = refit(rule.curve.edges, x[keep], y[keep])
        else:
            curve = fit(rule.curve.family, x[keep], y[keep])
        made.append(_rule(curve, rule.stretch, x, y, 0 if rule.stretch is None else 3))
    return sorted(made, key=lambda rule: rule.score)


def _separate(calls: Calls, rules: list[Rule], rng: np.random.Generator, *, leave: int) -> None:
    """Calls where the two best rules differ most, not all in one place."""
    where = rng.uniform(-REACH, REACH, 400)
    gap = np.abs(rules[0](where) - rules[1](where))
    while calls.left > leave and gap.max() > 0:
        at = int(np.argmax(gap))
        calls(float(where[at]))
        gap[np.abs(where - where[at]) < 0.15] = 0


def _stretch(calls: Calls, x: np.ndarray, y: np.ndarray) -> Stretch | None:
    """The longest run of equal values, with its edges closed in on."""
    equal = np.isclose(y[1:], y[:-1], rtol=0, atol=1e-12)
    best, start = (0, 0), None
    for at, same in enumerate([*equal, False]):
        if same and start is None:
            start = at
        if not same and start is not None:
            best = max(best, (at - start + 1, start))
            start = None
    length, first = best
    if length < 3 or length > 0.7 * len(y):
        return None
    last, value = first + length - 1, float(y[first])
    low = _edge(calls, x[first - 1], x[first], value) if first > 0 else -2 * REACH
    high = _edge(calls, x[last + 1], x[last], value) if last + 1 < len(x) else 2 * REACH
    return Stretch(low, high, value)


def _edge(calls: Calls, outside: float, inside: float, value: float) -> float:
    for _ in range(9):
        middle = (outside + inside) / 2
        seen = _call(calls, middle)
        if seen is None:
            break
        if abs(seen - value) <= 1e-12:
            inside = middle
        else:
            outside = middle
    low, high = sorted((outside, inside))
    short = (round((low + high) / 2, digits) for digits in range(1, 5))
    return float(next((edge for edge in short if low <= edge <= high), inside))


def _curve_through(x: np.ndarray, y: np.ndarray) -> Answer:
    """Straight lines between the calls."""
    order = np.argsort(x)
    xs = [round(float(value), 4) for value in x[order]]
    ys = [float(f"{value:.6g}") for value in y[order]]
    code = (
        "import bisect\n\n"
        f"XS = {xs!r}\nYS = {ys!r}\n\n"
        "def f(x):\n"
        "    at = min(max(bisect.bisect(XS, x), 1), len(XS) - 1)\n"
        "    if XS[at] == XS[at - 1]:\n"
        "        return YS[at]\n"
        "    share = min(max((x - XS[at - 1]) / (XS[at] - XS[at - 1]), 0), 1)\n"
        "    return YS[at - 1] + share * (YS[at] - YS[at - 1])\n"
    )
    words = (
        f"no rule found; between {min(ys):.3g} and {max(ys):.3g}, given as straight lines between "
        f"{len(xs)} calls"
    )
    return Answer(words, code)


def _call(calls: Calls, x: float) -> float | None:
    """One call; None where none is left."""
    if calls.left <= 0:
        return None
    return float(calls(x) or 0.0)


def _log(calls: Calls) -> list[tuple[float, float]]:
    return [(float(given[0]), float(value or 0.0)) for given, value in calls.log]


def _seen(calls: Calls) -> tuple[np.ndarray, np.ndarray]:
    pairs = np.array(sorted(_log(calls)))
    return pairs[:, 0], pairs[:, 1]


def _noise(calls: Calls, many: int) -> float:
    """The standard deviation of calls, from those that were made twice."""
    seen: dict[float, list[float]] = {}
    for x, value in _log(calls):
        seen.setdefault(x, []).append(value)
    gaps = [values[0] - values[1] for values in seen.values() if len(values) == 2]
    assert len(gaps) == many
    return float(np.sqrt(np.mean(np.square(gaps)) / 2))
