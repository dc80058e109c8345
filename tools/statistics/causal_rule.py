"""When an effect of a unit on the output counts as shown: one rule, stated in advance, for text and
pictures.

1. Necessity: how far the output moves when the unit is resampled where it is strongest (its values
   replaced by values that it has elsewhere).
2. Sufficiency: how little of its own range moves the output of inputs where it is not active by a
   given size, the same for all units (matched KL).
3. Both numbers are measured in the same way, on as many inputs, for 39 units of the same site that
   match it in firing rate and size. p = (1 + number at least as large) / (n + 1).
4. The two p are adjusted by Holm (1979). Both at most .05: `causal`. One: `weakly causal`. None:
   `no effect shown`. Fewer than 39 matched units: `not testable`.

A unit that is drawn at random from those that match is called causal or weakly causal in at most
5% of cases, whatever units of the site do: the ranks of exchangeable numbers are uniform, and Holm
bounds the error of the two tests together.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .permutation import p_value

MAX_P = 0.05
LEAST_CONTROLS = 39
"""The fewest with which the better of two tests can reach MAX_P after Holm: 2 / (39 + 1) = .05."""
SHOWN = ("causal", "weakly causal")
"""Verdicts that show an effect."""


class Ranked(NamedTuple):
    """A number of one unit beside the same number of matched units."""

    own: float
    median: float
    """Of the matched units; 0 without any."""
    p: float
    """(1 + number at least as large) / (n + 1)."""
    adjusted: float
    """By Holm, over both tests."""
    detectable: float | None
    """More than this would have been shown by itself; None with too few controls."""
    n: int
    """Matched units."""


class Causal(NamedTuple):
    """Both tests of one unit."""

    verdict: str
    """`causal`, `weakly causal`, `no effect shown` or `not testable`."""
    necessity: Ranked
    sufficiency: Ranked

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "verdict": self.verdict,
            "necessity": self.necessity._asdict(),
            "sufficiency": self.sufficiency._asdict(),
        }


def p_of(own: float, controls: Sequence[float]) -> float:
    """(1 + number at least as large) / (n + 1); 1 for what is no effect at all."""
    if own <= 0:
        return 1.0
    return p_value(own * (1 - 1e-6), controls)  # what differs by rounding alone is as large


def causal(
    needed: float, others: Sequence[float], enough: float, elsewhere: Sequence[float]
) -> Causal:
    """Applies the rule.

    Args:
        needed: Necessity of the unit.
        others: Necessity of matched units.
        enough: Sufficiency of the unit.
        elsewhere: Sufficiency of matched units.
    """
    raw = p_of(needed, others), p_of(enough, elsewhere)
    low, high = min(raw), max(raw)
    first = min(1.0, 2 * low)
    adjusted = {low: first, high: max(first, high)} if low < high else {low: first}
    tests = [
        Ranked(own, float(np.median(some)) if some else 0.0, p, adjusted[p], _bar(some), len(some))
        for own, some, p in zip((needed, enough), (list(others), list(elsewhere)), raw, strict=True)
    ]
    if min(test.n for test in tests) < LEAST_CONTROLS:
        return Causal("not testable", *tests)
    shown = sum(test.adjusted <= MAX_P for test in tests)
    return Causal(("no effect shown", "weakly causal", "causal")[shown], *tests)


def _bar(controls: Sequence[float]) -> float | None:
    """The number that must be exceeded for p <= MAX_P / 2."""
    above = int(MAX_P / 2 * (len(controls) + 1) + 1e-9) - 1
    return sorted(controls, reverse=True)[above] if above >= 0 else None


def verdict_text(data: Mapping[str, Any], number: Callable[[float | None], str], top: str) -> str:
    """A verdict with what it rests on, in one line.

    Args:
        data: `Causal.as_dict()`.
        number: Writes a number.
        top: The level of a unit that sufficiency is counted in, such as "99.9th percentile".
    """
    need, enough = data["necessity"], data["sufficiency"]
    n = min(need["n"], enough["n"])
    what = f"verdict: {data['verdict']}"
    if data["verdict"] == "not testable":
        return f"{what}: {units(n)} to compare with, {LEAST_CONTROLS} are needed"
    return (
        f"{what}, beside {units(n)}. Necessity: resampled at its highest peaks it moves the output "
        f"by {number(need['own'])} (their median {number(need['median'])}, {_p(need)}; only more "
        f"than {number(need['detectable'])} would show by itself). Sufficiency: to move the output "
        f"by a set size it takes {_dose(enough['own'], number)} its {top} (their median "
        f"{_dose(enough['median'], number)}, {_p(enough)}; only less than "
        f"{_dose(enough['detectable'], number)} would show by itself)"
    )


def _p(test: Mapping[str, Any]) -> str:
    return f"p={test['p']:.2g}, by Holm {test['adjusted']:.2g}"


def _dose(reach: float, number: Callable[[float | None], str]) -> str:
    return f"{number(1 / reach)} times" if reach > 0 else "more than any multiple of"


def units(n: int) -> str:
    """`1 matched unit`, `39 matched units`."""
    return f"{n} matched unit{'' if n == 1 else 's'}"
