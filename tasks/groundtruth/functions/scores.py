"""How right answers are: exact match and NMSE on hidden inputs, recovery, and two baselines.

    exact      share of hidden inputs whose value is right: equal, or for numbers of a continuum
               within 1% of the function's spread inside the range
    nmse       mean squared error over the variance of the truth, by domain; nothing that the code
               failed to answer is dropped: such an input misses by the spread or more
    recovered  numbers: nmse at most .01 inside the range and outside it;
               words: exact at least .95 in each cell of the condition, in each domain

Inputs that the investigator called are left out. Noise is not part of the truth.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ....tools.sandbox.functions import Limits, Value, run_code
from .blackbox import Answer, Arguments, BlackBox

T = TypeVar("T")
CLOSE = 0.01
"""Share of the spread within which a number counts as exact."""
GOOD_NMSE = 0.01
"""What a recovered function of numbers misses at most."""
GOOD_EXACT = 0.95
"""What a recovered function of words gets right at least."""
WORST = 1e6
"""Where the nmse of one function is cut."""


class Score(NamedTuple):
    """One answer on one box."""

    exact: float
    """Mean over domains and cells."""
    cells: dict[str, float]
    """`exact` of each domain, or domain and cell."""
    nmse: dict[str, float]
    """By domain; empty for functions of words."""
    recovered: bool
    failed: str | None
    """Why the code did not run at all."""
    unanswered: float
    """Share of the hidden inputs for which the code gave an error."""


def judged(
    box: BlackBox,
    answer: Answer,
    called: Sequence[tuple[Arguments, Value]],
    *,
    limits: Limits | None = None,
) -> Score:
    """Runs the answer's code on hidden inputs.

    Args:
        box: The truth.
        answer: Words and code.
        called: The calls that were made; their inputs do not count.
        limits: Of the code.
    """
    kept = unseen(box, called)
    if answer.failed is not None:
        return scored(box, kept, [None] * len(kept), failed=answer.failed)
    ran = run_code(answer.code, [box.cases[at].arguments for at in kept], limits=limits)
    values = [
        value if error is None else _Nothing
        for value, error in zip(ran.values, ran.errors, strict=True)
    ]
    return scored(box, kept, values, failed=ran.failed)


def by_rule(box: BlackBox, called: Sequence[tuple[Arguments, Value]], *, nearest: bool) -> Score:
    """A baseline that knows the calls alone; calls that gave null tell it nothing.

    Args:
        box: The truth.
        called: The calls that were made.
        nearest: The value of the nearest call (`far`); else the mean or the commonest of all.
    """
    kept = unseen(box, called)
    called = [(item, value) for item, value in called if value is not None]
    values: list[Any] = []
    for at in kept:
        if not called:
            values.append(_Nothing)
        elif nearest:
            gaps = [far(one, box.cases[at].arguments) for one, _ in called]
            values.append(called[int(np.argmin(gaps))][1])
        else:
            values.append(_usual(box, [value for _, value in called]))
    return scored(box, kept, values)


class _Nothing:
    """Stands where the code gave an error."""


def unseen(box: BlackBox, called: Sequence[tuple[Arguments, Value]]) -> list[int]:
    """Which hidden inputs were not called."""
    seen = {arguments for arguments, _ in called}
    return [at for at, case in enumerate(box.cases) if case.arguments not in seen]


def scored(
    box: BlackBox, kept: Sequence[int], values: Sequence[Any], *, failed: str | None = None
) -> Score:
    """Compares values with the truth.

    Args:
        box: The truth.
        kept: Which hidden inputs these values are for.
        values: One each.
        failed: Why there are none.
    """
    true = [box.answers[at] for at in kept]
    cases = [box.cases[at] for at in kept]
    names = [f"{case.domain}: {case.cell}" if case.cell else case.domain for case in cases]
    if is_numeric(box):
        spread = float(np.std(_inside(box)))
        right = [
            _number(value) and abs(float(value) - float(truth)) <= CLOSE * spread  # type: ignore[arg-type]
            for value, truth in zip(values, true, strict=True)
        ]
        pairs = _grouped((case.domain for case in cases), zip(values, true, strict=True))
        nmse = {domain: _nmse(some, spread) for domain, some in pairs.items()}
    else:
        right = [_same(value, truth) for value, truth in zip(values, true, strict=True)]
        nmse = {}
    if failed is not None:
        right = [False] * len(right)
        nmse = dict.fromkeys(nmse, WORST)
    cells = {name: float(np.mean(some)) for name, some in _grouped(names, right).items()}
    if nmse:
        recovered = all(value <= GOOD_NMSE for value in nmse.values())
    else:
        recovered = all(value >= GOOD_EXACT for value in cells.values())
    unanswered = float(np.mean([value is _Nothing for value in values])) if values else 0.0
    return Score(
        exact=float(np.mean(list(cells.values()))) if cells else 0.0,
        cells=cells,
        nmse=nmse,
        recovered=bool(cells) and recovered and failed is None,
        failed=failed,
        unanswered=1.0 if failed is not None else unanswered,
    )


def _grouped(names: Iterable[str], items: Iterable[T]) -> dict[str, list[T]]:
    """Items by the names that belong to them."""
    found: dict[str, list[T]] = {}
    for name, item in zip(names, items, strict=True):
        found.setdefault(name, []).append(item)
    return found


def is_numeric(box: BlackBox) -> bool:
    """Whether it takes numbers, so that misses have a size."""
    return not isinstance(box.cases[0].arguments[0], str)


def far(one: Arguments, other: Arguments) -> float:
    """How far apart two inputs are: distance of numbers, letters that differ between words."""
    total = 0.0
    for a, b in zip(one, other, strict=True):
        if isinstance(a, str) and isinstance(b, str):
            total += _edits(a, b)
        else:
            total += abs(float(a) - float(b))
    return total


def _edits(a: str, b: str) -> int:
    """Letters of the longer word outside what both begin with and what both end with."""
    short, start, end = min(len(a), len(b)), 0, 0
    while start < short and a[start] == b[start]:
        start += 1
    while end < short - start and a[-1 - end] == b[-1 - end]:
        end += 1
    return max(len(a), len(b)) - start - end


def _usual(box: BlackBox, values: Sequence[Value]) -> Value:
    if is_numeric(box):
        return float(np.mean([float(value or 0) for value in values]))
    return max(sorted(set(values), key=str), key=list(values).count)


def _inside(box: BlackBox) -> np.ndarray:
    """The truth where calls are taken: the first domain."""
    domain = box.cases[0].domain
    values = [v for v, case in zip(box.answers, box.cases, strict=True) if case.domain == domain]
    return np.array(values, float)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _same(value: Any, truth: Value) -> bool:
    """Equal; truth values count as 0 and 1, as in Python."""
    if value is _Nothing or isinstance(value, str) != isinstance(truth, str):
        return False
    return (value is None) == (truth is None) and value == truth


def _nmse(pairs: Sequence[tuple[Any, Value]], spread: float) -> float:
    """Squared misses of values, each with its truth, over the variance of the truth; over the
    variance inside where there is none here."""
    truth = np.array([true for _, true in pairs], float)
    own = float(np.std(truth))
    own = own if own > 1e-3 * spread else max(spread, 1e-12)
    misses = [
        (float(value) - t) / own if _number(value) else max(1.0, abs(t - truth.mean()) / own)
        for (value, _), t in zip(pairs, truth, strict=True)
    ]
    return float(min(WORST, np.mean(np.square(misses))))
