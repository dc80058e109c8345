"""Named variables of the three networks' strings: what a unit of such a network may compute.

1. A **quantity** is a number at every place: the depth so far, a token's count so far, the
   position, what the sorter must print next. Those of a network that reads from left to right
   never look ahead.
2. A **variable** is a quantity as it is, beyond a threshold (`max(x - k, 0)`, `max(k - x, 0)`), or
   whether it is above, below or equal to one; at all places, or at those of one token or one part
   of the string, and 0 elsewhere.

None of it is taken from the language of predictors, and no planner sees it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from . import organisms
from .models import TOKENS
from .strings import DIGITS, balance, balanced

RARE = 0.01
"""A variable that is 0, or not 0, at fewer of the places says too little."""
_THRESHOLDS = 9  # of a quantity at most
_LEVELS = (-0.5, 0.0, 0.5, 1.0)  # of a wave


class Variable(NamedTuple):
    """A named number at every place of some strings."""

    name: str
    kind: str
    """token, position, or algorithm: what no single token or place tells."""
    steps: int
    """How much is said: the quantity, its threshold, its gate."""
    values: np.ndarray
    """float32 `[place]`, strings one after the other."""


Quantities = dict[str, tuple[str, np.ndarray]]
"""Kind and values `[place]`, by name."""


def variables(network: str, texts: Sequence[str]) -> list[Variable]:
    """All variables of a network that vary on these strings.

    Args:
        network: `brackets`, `sorter`, `counter`, or an organism.
        texts: Strings of it.
    """
    if network.startswith(organisms.PREFIX):
        every = [organisms.quantities(network, text) for text in texts]
        gates = {"": np.ones(1, bool)}
    else:
        every = [_MAKE[network](text) for text in texts]
        opened = [_gates(network, text) for text in texts]
        gates = {name: np.concatenate([one[name] for one in opened]) for name in opened[0]}
    found: list[Variable] = []
    for name, (kind, _) in every[0].items():
        quantity = np.concatenate([one[name][1] for one in every]).astype(np.float32)
        for shape, steps, shaped in (_ramps if kind == "wave" else _shapes)(quantity):
            for gate, holds in gates.items():
                values = np.where(holds, shaped, 0).astype(np.float32)
                if _varies(values):
                    said = " ".join(filter(None, (name, shape, gate and f"at {gate}")))
                    told = "algorithm" if kind == "wave" else kind
                    found.append(Variable(said, told, steps + bool(gate), values))
    return found


def _varies(values: np.ndarray) -> bool:
    """Whether enough places have another value than the commonest."""
    return bool(1 - np.unique(values, return_counts=True)[1].max() / len(values) >= RARE)


def _shapes(x: np.ndarray) -> Iterator[tuple[str, int, np.ndarray]]:
    """A quantity and what thresholds make of it: words, steps, values."""
    yield "", 1, x
    levels = np.unique(x)
    if len(levels) < 3:
        return
    spread = levels[:: max(1, len(levels) // _THRESHOLDS)]
    for k in np.union1d(spread, levels[levels == 0]):
        inner = levels[0] < k < levels[-1]
        if inner:
            yield f"above {k:g}", 2, np.maximum(x - k, 0)
            yield f"below {k:g}", 2, np.maximum(k - x, 0)
        if k > levels[0]:
            yield f"is at least {k:g}", 2, (x >= k).astype(np.float32)
        if inner:
            yield f"is {k:g}", 2, (x == k).astype(np.float32)


def _ramps(x: np.ndarray) -> Iterator[tuple[str, int, np.ndarray]]:
    """A wave as it is, and what exceeds a level of it."""
    yield "", 1, x
    for k in _LEVELS:
        yield f"above {k:g}", 2, np.maximum(x - k, 0)


def _gates(network: str, text: str) -> dict[str, np.ndarray]:
    """Places, bool `[place]`, by name; all of them under no name."""
    tokens = np.array(list(text))
    everywhere = {"": np.ones(len(text), bool)}
    if network == "sorter":
        behind = np.arange(len(text)) >= DIGITS
        return {**everywhere, "the digits given": ~behind, "'>' and the digits behind it": behind}
    return {**everywhere, **{f"'{token}'": tokens == token for token in TOKENS[network]}}


def _common(network: str, text: str) -> Quantities:
    """Tokens and positions."""
    tokens, place = np.array(list(text)), np.arange(len(text))
    found: Quantities = {"position": ("position", place)}
    for token in TOKENS[network]:
        here = tokens == token
        found[f"token '{token}'"] = ("token", here)
        found[f"'{token}' just before"] = ("token", np.r_[False, here[:-1]])
        found[f"count of '{token}' so far"] = ("algorithm", np.cumsum(here))
    return found


def _brackets(text: str) -> Quantities:
    depth, place = balance(text), np.arange(len(text))
    opening = np.array(list(text)) == "("
    total = np.full(len(text), depth[-1])
    lowest = np.full(len(text), depth.min())
    return {
        **_common("brackets", text),
        "'(' just after": ("token", np.r_[opening[1:], False]),
        "')' just after": ("token", np.r_[~opening[1:], False]),
        "places to the end": ("position", len(text) - 1 - place),
        "length": ("position", np.full(len(text), len(text))),
        "depth": ("algorithm", depth),
        "size of the depth": ("algorithm", abs(depth)),
        "lowest depth so far": ("algorithm", np.minimum.accumulate(depth)),
        "balance to the right": ("algorithm", depth[-1] - depth),
        "total balance": ("algorithm", total),
        "size of the total balance": ("algorithm", abs(total)),
        "lowest depth": ("algorithm", lowest),
        "the string is balanced": ("algorithm", np.full(len(text), balanced(text))),
        "the depth falls below 0": ("algorithm", np.full(len(text), depth.min() < 0)),
        "depth by place": ("algorithm", depth / (place + 1)),
        "total balance by length": ("algorithm", total / len(text)),
    }


def _counter(text: str) -> Quantities:
    depth = balance(text)
    return {
        **_common("counter", text),
        "a's less b's so far": ("algorithm", depth),
        "size of a's less b's": ("algorithm", abs(depth)),
    }


def _sorter(text: str) -> Quantities:
    digit = np.array([-1 if token == ">" else int(token) for token in text])
    size, given = len(text), digit[:DIGITS]
    behind = np.arange(size) >= DIGITS
    following = np.r_[np.full(DIGITS, -1), np.sort(given), -1]  # what has to be printed next
    printed = np.arange(size) - DIGITS
    largest = np.maximum.accumulate(np.where(digit < 0, 0, digit))
    smallest = np.minimum.accumulate(np.where(digit < 0, 9, digit))
    left = np.array([_left(given, digit[DIGITS + 1 : i + 1], digit[i]) for i in range(size)])
    found: Quantities = {
        **_common("sorter", text),
        "digit": ("token", digit),
        "digits printed so far": ("position", np.where(behind, printed, -1)),
        "next digit to print": ("algorithm", following),
        "largest so far": ("algorithm", largest),
        "smallest so far": ("algorithm", smallest),
        "copies of this digit still to print": ("algorithm", np.where(behind, left, 0)),
        "the digit repeats the last one": ("algorithm", np.r_[False, digit[1:] == digit[:-1]]),
    }
    for d in range(10):
        found[f"the next digit to print is {d}"] = ("algorithm", following == d)
        here = np.array([_left(given, digit[DIGITS + 1 : i + 1], d) for i in range(size)])
        found[f"copies of {d} still to print"] = ("algorithm", np.where(behind, here, 0))
        in_input = np.array([(given[: i + 1] == d).sum() for i in range(size)])
        found[f"copies of {d} given so far"] = ("algorithm", in_input)
    return found


def _left(given: np.ndarray, printed: np.ndarray, digit: int) -> int:
    return int((given == digit).sum() - (printed == digit).sum())


_MAKE: dict[str, Callable[[str], Quantities]] = {
    "brackets": _brackets,
    "sorter": _sorter,
    "counter": _counter,
}
