"""Predicates of algorithms: counts, balances, running extremes, arithmetic and waves over numbers.

Small networks are often trained on tasks whose solution is known: brackets that close, numbers that
are sorted or added modulo p. Their units follow *amounts*: how many of these tokens stand to one
side, how many more of these than of those, the largest number so far, the sum of two numbers, or a
wave of it (Nanda et al. 2023, Progress Measures for Grokking). An amount becomes a degree by
`equals`, or by rising from 0 at `low` to 1 at `high`; where `high` is below `low` it falls.

A number is a token that reads as one. Where an amount is not known, the degree is 0.
"""

import re
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from ..data.windows import TokenWindows
from .context import MOST_STEPS
from .core import HOLDS, Predicate, Tailed, unsaid
from .phrases import either, number_of, ordinal
from .view import View, around, kept

if TYPE_CHECKING:
    from .parsing import AnyPredicate

NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
Side = Literal["before", "after", "both"]
Operation = Literal["sum", "difference", "product"]
_NUMERIC = 0.2
"""Share of numbers from which texts are about numbers; in prose and code it is below .05."""
_SIDES = {"before": "so far", "after": "behind it", "both": "in the whole text"}


def speaks_in_symbols(windows: TokenWindows) -> bool:
    """Whether texts are of letters or symbols rather than words, or hold many numbers."""
    return windows.piece != "word" or speaks_in_numbers(windows)


def speaks_in_numbers(windows: TokenWindows) -> bool:
    """Whether a fifth of the tokens of texts read as numbers."""
    here = numbers_of(windows.vocabulary)[windows.ids[windows.visible]]
    return bool(len(here)) and float(np.isfinite(here).mean()) >= _NUMERIC


def numbers_of(vocabulary: tuple[str, ...]) -> np.ndarray:
    """The number that each token reads as, float64 `[vocabulary]`; NaN where it is none."""

    def read(all_: tuple[str, ...]) -> np.ndarray:
        stripped = (text.strip() for text in all_)
        return np.array([float(s) if NUMBER.fullmatch(s) else np.nan for s in stripped])

    return kept(vocabulary, "numbers", read)


class Amount(Tailed, frozen=True):
    """An amount at every place, as a degree."""

    free: ClassVar[bool] = False
    """Whether it means something without bounds."""
    low: float | None = unsaid(None, allow_inf_nan=False)
    high: float | None = unsaid(None, allow_inf_nan=False)
    equals: float | None = unsaid(None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _bounded(self) -> "Amount":
        if self.free and (self.low, self.high, self.equals) == (None, None, None):
            return self
        ramp = self.low is not None and self.high is not None and self.low != self.high
        if ramp == (self.equals is not None) or (self.low is None) != (self.high is None):
            raise ValueError("give either equals, or low and high, which differ")
        return self

    def amounts(self, view: View) -> np.ndarray:
        """float64 `[window, place]`; NaN where it is not known."""
        raise NotImplementedError(self.kind)

    @property
    def _what(self) -> str:
        """The amount in words."""
        raise NotImplementedError(self.kind)

    def values(self, view: View) -> np.ndarray:
        amounts = self.amounts(view)
        if self.low is None or self.high is None:
            return (amounts == self.equals).astype(np.float32)
        degrees = np.clip((amounts - self.low) / (self.high - self.low), 0, 1)
        return np.nan_to_num(degrees, nan=0.0).astype(np.float32)

    def tail(self) -> str:
        if self.low is None or self.high is None:
            return f"where {self._what} is {self.equals:g}"
        if abs(self.high - self.low) <= 1:
            more = self.high > self.low
            bound = self.high if more else self.low
            return f"where {self._what} is {'at least' if more else 'below'} {bound:g}"
        way = "more the larger" if self.high > self.low else "more the smaller"
        low, high = sorted((self.low, self.high))
        return f"{way} {self._what} is (from {low:g} to {high:g})"


class Tally(Amount, frozen=True):
    """How many places hold `of`, less those that hold `minus`: up to here (it included), behind
    it, or in all; 1 where this equals `equals`, or 0 at `low` rising to 1 at `high`.
    """

    kind: Literal["tally"] = "tally"
    of: "AnyPredicate"
    minus: "AnyPredicate | None" = unsaid(None)
    side: Side = unsaid("before")

    def amounts(self, view: View) -> np.ndarray:
        each = self._held(view, self.of)
        if self.minus is not None:
            each = each - self._held(view, self.minus)
        before = each.cumsum(1)
        total = before[:, -1:] if before.shape[1] else before
        counts = {
            "before": before,
            "after": total - before,
            "both": np.broadcast_to(total, before.shape),
        }
        return counts[self.side].astype(np.float64)

    def _held(self, view: View, part: Predicate) -> np.ndarray:
        held = view.visible & (part.values(around(view)) >= HOLDS)
        return held.astype(np.int64)

    @property
    def _what(self) -> str:
        less = "" if self.minus is None else f" minus that of {self.minus.brief()}"
        return f"the count of {self.of.brief()}{less} {_SIDES[self.side]}"

    def parts(self) -> tuple[Predicate, ...]:
        return (self.of,) if self.minus is None else (self.of, self.minus)


class Extreme(Amount, frozen=True):
    """The largest (smallest) number so far, this one included, behind it, or in all. Without
    bounds: places whose own number is that.
    """

    kind: Literal["extreme"] = "extreme"
    which: Literal["largest", "smallest"] = "largest"
    side: Side = unsaid("before")

    free: ClassVar[bool] = True

    @property
    def _own(self) -> bool:
        return self.low is None and self.equals is None

    def amounts(self, view: View) -> np.ndarray:
        sign = 1 if self.which == "largest" else -1
        here = sign * np.where(
            view.visible, numbers_of(view.windows.vocabulary)[view.windows.ids], np.nan
        )
        here = np.where(np.isnan(here), -np.inf, here)
        if not here.shape[1]:
            return here
        if self.side == "before":
            out = np.maximum.accumulate(here, axis=1)
        elif self.side == "after":
            out = np.maximum.accumulate(here[:, ::-1], axis=1)[:, ::-1]
        else:
            out = np.broadcast_to(here.max(1, keepdims=True), here.shape)
        return sign * np.where(np.isneginf(out), np.nan, out)

    def values(self, view: View) -> np.ndarray:
        if not self._own:
            return super().values(view)
        here = numbers_of(view.windows.vocabulary)[view.windows.ids]
        return (here == self.amounts(view)).astype(np.float32)

    @property
    def _what(self) -> str:
        where = {"before": "so far", "after": "from here on", "both": "of the whole text"}
        return f"the {self.which} number {where[self.side]}"

    def tail(self) -> str:
        return f"when it is {self._what}" if self._own else super().tail()


class _Reading(Tailed, frozen=True):
    """A reading of one or two numbers: where they stand, and what is made of them."""

    at: tuple[int, ...] = Field(default=(0,), min_length=1, max_length=2)
    from_start: bool = unsaid(False)
    op: Operation = unsaid("sum")

    @model_validator(mode="after")
    def _some_place(self) -> "_Reading":
        if any(not 0 <= one <= MOST_STEPS for one in self.at):
            raise ValueError(f"'at' counts tokens: 0 to {MOST_STEPS:,}")
        return self

    def read(self, view: View) -> np.ndarray:
        """The number that is made, float64 `[window, place]`; NaN where one is missing."""
        w = view.windows
        here = np.where(view.visible, numbers_of(w.vocabulary)[w.ids], np.nan)
        each = [elsewhere(view, here, one, from_start=self.from_start) for one in self.at]
        if len(each) == 1:
            return each[0]
        make = {"sum": np.add, "difference": np.subtract, "product": np.multiply}[self.op]
        return make(*each)

    @property
    def _read(self) -> str:
        each = [stands(one, from_start=self.from_start) for one in self.at]
        if len(each) == 1:
            return f"the number {each[0]}"
        return f"the {self.op} of the numbers {each[0]} and {each[1]}"


class Arithmetic(Amount, _Reading, frozen=True):
    """The number `at` tokens back (0: here; `from_start`: at that place), or the sum, difference or
    product of two, modulo `mod`; bounds as in tally.
    """

    kind: Literal["arithmetic"] = "arithmetic"
    mod: int | None = unsaid(None, ge=2, le=MOST_STEPS)

    def amounts(self, view: View) -> np.ndarray:
        out = self.read(view)
        return out if self.mod is None else np.mod(out, self.mod)

    @property
    def _what(self) -> str:
        return self._read + ("" if self.mod is None else f", modulo {self.mod},")


class Wave(_Reading, frozen=True):
    """A cosine over such a number n, from 0 to 1: highest where `frequency` * n is `peak` modulo
    `mod`.
    """

    kind: Literal["wave"] = "wave"
    frequency: int = Field(ge=1, le=MOST_STEPS)
    mod: int = Field(ge=2, le=MOST_STEPS)
    peak: float = Field(default=0.0, allow_inf_nan=False)

    def values(self, view: View) -> np.ndarray:
        angle = 2 * np.pi / self.mod * (self.frequency * self.read(view) - self.peak)
        return np.nan_to_num((1 + np.cos(angle)) / 2, nan=0.0).astype(np.float32)

    def tail(self) -> str:
        times = "" if self.frequency == 1 else f"{self.frequency} times "
        return f"by a cosine of {times}{self._read} modulo {self.mod}, highest at {self.peak:g}"

    @cached_property
    def complexity(self) -> float:
        return 2.0


class Same(Predicate, frozen=True):
    """Places whose token is the one `at` tokens back (`from_start`: the one at that place)."""

    kind: Literal["same"] = "same"
    at: int = Field(default=1, ge=0, le=MOST_STEPS)
    from_start: bool = unsaid(False)

    def values(self, view: View) -> np.ndarray:
        ids = np.where(view.visible, view.windows.ids, np.nan)
        other = elsewhere(view, ids, self.at, from_start=self.from_start)
        return (ids == other).astype(np.float32)

    def noun(self) -> str:
        return f"tokens that repeat {self._other}"

    def brief(self) -> str:
        return f"a token that repeats {self._other}"

    def tail(self) -> str:
        return f"when it repeats {self._other}"

    @property
    def _other(self) -> str:
        return f"the token {stands(self.at, from_start=self.from_start)}"


class Predicted(Tailed, frozen=True):
    """An output feature: the probability that the model itself gives these tokens (or labels of its
    output) at the place; never what the text says next.
    """

    kind: Literal["predicted"] = "predicted"
    thing: ClassVar[str] = "place"
    tokens: tuple[str, ...] = Field(min_length=1)

    def values(self, view: View) -> np.ndarray:
        from .model_output import probability

        return probability(view.windows, self.tokens)

    def tail(self) -> str:
        return f"where the model predicts {either(self.tokens)} (an output feature)"


def elsewhere(view: View, values: np.ndarray, at: int, *, from_start: bool) -> np.ndarray:
    """The value that stands so many tokens back, or at that place of the text, for every place.

    NaN where there is none, or where it stands behind the place of a causal target.
    """
    out = np.full(values.shape, np.nan)
    if from_start:
        has = (view.total > at)[:, 0]  # [window]
        column = view.visible.argmax(1) + at
        rows = np.flatnonzero(has)
        out[rows] = values[rows, column[rows]][:, None]
        return np.where(view.rank >= at, out, np.nan) if view.causal else out
    if at < values.shape[1]:
        out[:, at:] = values[:, : values.shape[1] - at]
    return out


def stands(at: int, *, from_start: bool) -> str:
    """Where a token stands, in words."""
    if from_start:
        return f"at the {ordinal(at + 1)} place"
    return "here" if at == 0 else f"{number_of(at, 'token')} back"
