"""Predicates of the context: what stands before or after a place, near, anywhere, how often.

They see all visible text of the window, also a first token that is not counted itself.
"""

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from .core import HOLDS, Predicate
from .phrases import number_of, ordinal
from .view import View

if TYPE_CHECKING:
    from .parsing import AnyPredicate

MOST_STEPS = 100_000


class _OfOne(Predicate, frozen=True):
    """A predicate about where another one holds."""

    of: "AnyPredicate"
    weight: ClassVar[float] = 0.5

    def parts(self) -> tuple[Predicate, ...]:
        return (self.of,)

    def _seen(self, view: View) -> np.ndarray:
        return np.where(view.visible, self.of.values(view), np.float32(0))


class _Beside(_OfOne, frozen=True):
    distance: int = Field(default=1, ge=1, le=MOST_STEPS)
    by: Literal["token", "word"] = "token"
    before: ClassVar[bool]
    side: ClassVar[str]

    def values(self, view: View) -> np.ndarray:
        step = self.distance if self.before else -self.distance
        if self.by == "word":  # every earlier word has been read to its end
            return _shift_words(view, self._seen(view.settled), step)
        return _shift(self._seen(view), step)

    def noun(self) -> str:
        stand = "" if self.distance == 1 else "that stand "
        return f"{self.by}s {stand}{self.tail()}"

    def brief(self) -> str:
        return f"a {self.by} {self.tail()}"

    def tail(self) -> str:
        if self.distance == 1:
            return f"right {self.side} {self.of.brief()}"
        return f"{self.distance} {self.by}s {self.side} {self.of.brief()}"

    @cached_property
    def complexity(self) -> float:
        return self.weight + (0.0 if self.distance == 1 else 0.25) + self.of.complexity


class Previous(_Beside, frozen=True):
    """Places where `of` holds `distance` tokens (or words) before."""

    kind: Literal["previous"] = "previous"
    before: ClassVar[bool] = True
    side: ClassVar[str] = "after"


class Next(_Beside, frozen=True):
    """Places where `of` holds `distance` tokens (or words) after."""

    kind: Literal["next"] = "next"
    before: ClassVar[bool] = False
    side: ClassVar[str] = "before"


class _Somewhere(_OfOne, frozen=True):
    within: int | None = Field(default=None, ge=1, le=MOST_STEPS)
    since: "AnyPredicate | None" = Field(default=None, exclude_if=lambda value: value is None)
    side: ClassVar[str]

    def parts(self) -> tuple[Predicate, ...]:
        return (self.of,) if self.since is None else (self.of, self.since)

    def noun(self) -> str:
        return f"tokens {'' if self.within is None else 'that stand '}{self.tail()}"

    def brief(self) -> str:
        return f"a token {self.tail()}"

    def tail(self) -> str:
        far = "anywhere" if self.within is None else f"within {number_of(self.within, 'token')}"
        border = "" if self.since is None else f", not parted by {self.since.brief()}"
        return f"{far} {self.side} {self.of.brief()}{border}"

    def _borders(self, view: View) -> np.ndarray | None:
        """bool `[window, place]`: where `since` holds; None without one."""
        if self.since is None:
            return None
        return view.visible & (self.since.values(view) >= HOLDS)


class Earlier(_Somewhere, frozen=True):
    """Places with a strictly earlier place where `of` holds: at most `within` tokens back, and no
    place where `since` holds between the two (with the full stop: in this sentence).
    """

    kind: Literal["earlier"] = "earlier"
    side: ClassVar[str] = "after"

    def values(self, view: View) -> np.ndarray:
        return _largest_before(self._seen(view), self.within, self._borders(view))


class Later(_Somewhere, frozen=True):
    """The same behind the place: at most `within` tokens on, no `since` between the two."""

    kind: Literal["later"] = "later"
    side: ClassVar[str] = "before"

    def values(self, view: View) -> np.ndarray:
        borders = self._borders(view)
        turned = None if borders is None else borders[:, ::-1]
        return _largest_before(self._seen(view)[:, ::-1], self.within, turned)[:, ::-1]


class Count(_OfOne, frozen=True):
    """Places up to which, themselves included, `of` held at so many places."""

    kind: Literal["count"] = "count"
    at_least: int = Field(default=1, ge=0, le=MOST_STEPS)
    at_most: int | None = Field(default=None, ge=0, le=MOST_STEPS)

    @model_validator(mode="after")
    def _ordered(self) -> "Count":
        if self.at_most is not None and self.at_most < self.at_least:
            raise ValueError(f"at_most ({self.at_most}) is below at_least ({self.at_least})")
        return self

    def values(self, view: View) -> np.ndarray:
        so_far = np.cumsum(self._seen(view) >= HOLDS, axis=1, dtype=np.int32)
        held = so_far >= self.at_least
        if self.at_most is not None:
            held &= so_far <= self.at_most
        return held.astype(np.float32)

    def noun(self) -> str:
        return f"tokens {self.tail()}"

    def brief(self) -> str:
        return f"a token {self.tail()}"

    def tail(self) -> str:
        what = self.of.brief()
        if self.at_most is None:
            if self.at_least == 0:
                return f"whether or not {what} has occurred"
            return f"from the {ordinal(self.at_least)} {what} on"
        if self.at_most == 0:
            return f"before the first {what}"
        if self.at_least == 0:
            return f"until the {ordinal(self.at_most + 1)} {what}"
        return f"from the {ordinal(self.at_least)} {what} until the {ordinal(self.at_most + 1)}"


def _shift(values: np.ndarray, step: int) -> np.ndarray:
    """The value `step` places before (after, if negative); 0 outside the window."""
    out = np.zeros_like(values)
    if 0 < step < values.shape[1]:
        out[:, step:] = values[:, :-step]
    elif 0 < -step < values.shape[1]:
        out[:, :step] = values[:, -step:]
    return out


def _shift_words(view: View, values: np.ndarray, step: int) -> np.ndarray:
    """The largest value within the word `step` words before (after, if negative).

    A place between words steps from there: one step reaches the nearest word.
    """
    runs = view.runs
    n = len(runs.starts)
    out = np.zeros(view.shape, np.float32)
    if not n:
        return out
    largest = np.maximum.reduceat(values.ravel()[runs.places], runs.starts)  # [run]
    before, after = view.near
    at = before if step > 0 else after
    inside = before == after
    goal = at - step + np.where(inside, 0, 1 if step > 0 else -1)
    known = (at >= 0) & (at < n) & (goal >= 0) & (goal < n)
    goal = np.where(known, goal, 0)
    row = np.arange(view.shape[0])[:, None]
    known &= runs.row[goal] == row
    return np.where(known & view.visible & ~view.bare, largest[goal], np.float32(0))


def _largest_before(
    values: np.ndarray, within: int | None, borders: np.ndarray | None = None
) -> np.ndarray:
    """The largest value (0 to 1) strictly before a place, at most `within` places back.

    With a limit: windows of doubling width (`O(log within)` passes). With borders, a value counts
    up to the next border only: twice the number of borders so far is added to every value, so
    that the newest stretch is always the largest, and taken off again.
    """
    if borders is not None:
        stretch = 2 * np.cumsum(borders, axis=1).astype(np.float32)
        return _largest_before(values + stretch, within) - _shift(stretch, 1)
    seen = _shift(values, 1)
    if within is None or within >= values.shape[1]:
        return np.maximum.accumulate(seen, axis=1)
    width = 1
    while width < within:
        step = min(width, within - width)
        seen = np.maximum(seen, _shift(seen, step))
        width += step
    return seen
