"""Predicates of the context: what stands before or after a place, near, anywhere, how often.

They see all visible text of the window, also a first token that is not counted itself.
"""

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from .core import HOLDS, OfOne, Predicate, Tailed, unsaid
from .distances import By, Distances, again, largest_before, largest_words_before, shift
from .phrases import number_of, ordinal
from .view import View, around

if TYPE_CHECKING:
    from .parsing import AnyPredicate

MOST_STEPS = 100_000
MOST_LENGTH = 16
"""Of a run of tokens or words that comes again."""


class _Elsewhere(OfOne, Tailed, frozen=True):
    """A predicate about where another one holds."""

    def _seen(self, view: View) -> np.ndarray:
        return np.where(view.visible, self.of.values(around(view)), np.float32(0))


class _Beside(_Elsewhere, frozen=True):
    distance: int = Field(default=1, ge=1, le=MOST_STEPS)
    by: By = "token"
    before: ClassVar[bool]
    side: ClassVar[str]

    def values(self, view: View) -> np.ndarray:
        step = self.distance if self.before else -self.distance
        if self.by == "word":  # every earlier word has been read to its end
            return _shift_words(view, self._seen(view.settled), step)
        return shift(self._seen(view), step)

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


class _Somewhere(_Elsewhere, frozen=True):
    within: int | None = Field(default=None, ge=1, le=MOST_STEPS)
    since: "AnyPredicate | None" = unsaid(None)
    at_least: int = unsaid(1, ge=1, le=MOST_STEPS)
    by: By = unsaid("token")
    side: ClassVar[str]
    ahead: ClassVar[bool] = False

    @model_validator(mode="after")
    def _ordered(self) -> "_Somewhere":
        check_distances(self.at_least, self.within)
        return self

    def values(self, view: View) -> np.ndarray:
        distances = Distances(self.at_least, self.within)
        if self.by == "word":  # every word at a distance has been read to its end
            view = view.settled
            return largest_words_before(
                view, self._seen(view), distances, self._borders(view), ahead=self.ahead
            )
        turn = slice(None, None, -1 if self.ahead else None)
        borders = self._borders(view)
        borders = None if borders is None else borders[:, turn]
        return largest_before(self._seen(view)[:, turn], distances, borders)[:, turn]

    def parts(self) -> tuple[Predicate, ...]:
        return (self.of,) if self.since is None else (self.of, self.since)

    @property
    def _far(self) -> str:
        return far(self.at_least, self.within, self.by)

    def noun(self) -> str:
        return f"tokens {'that stand ' if self._far else ''}{self.tail()}"

    def tail(self) -> str:
        border = "" if self.since is None else f", not parted by {self.since.brief()}"
        return f"{self._far or 'anywhere'} {self.side} {self.of.brief()}{border}"

    def _borders(self, view: View) -> np.ndarray | None:
        """bool `[window, place]`: where `since` holds; None without one."""
        if self.since is None:
            return None
        return view.visible & (self.since.values(around(view)) >= HOLDS)


class Earlier(_Somewhere, frozen=True):
    """Places with an earlier one where `of` holds, `at_least` to `within` tokens or words back, and
    no `since` between (full stop: in this sentence).
    """

    kind: Literal["earlier"] = "earlier"
    side: ClassVar[str] = "after"


class Later(_Somewhere, frozen=True):
    """The same behind the place."""

    kind: Literal["later"] = "later"
    side: ClassVar[str] = "before"
    ahead: ClassVar[bool] = True


class Repeated(Predicate, frozen=True):
    """Places whose token (by word: its word, in any case) occurs so far away on that side too, as
    the end of the same `length` ones.
    """

    kind: Literal["repeated"] = "repeated"
    length: int = unsaid(1, ge=1, le=MOST_LENGTH)
    within: int | None = unsaid(None, ge=1, le=MOST_STEPS)
    at_least: int = unsaid(1, ge=1, le=MOST_STEPS)
    by: By = unsaid("token")
    side: Literal["before", "after", "either"] = unsaid("before")

    @model_validator(mode="after")
    def _ordered(self) -> "Repeated":
        check_distances(self.at_least, self.within)
        return self

    def values(self, view: View) -> np.ndarray:
        distances = Distances(self.at_least, self.within)
        sides = {"before": (False,), "after": (True,), "either": (False, True)}[self.side]
        result = [
            again(view, distances, self.by, length=self.length, ahead=ahead) for ahead in sides
        ]
        return np.logical_or.reduce(result).astype(np.float32)

    @property
    def _occurs(self) -> str:
        verb = {"before": "occurred", "after": "occurs again", "either": "occurs elsewhere"}
        distance = far(self.at_least, self.within, self.by)
        if self.side == "before":
            distance = f"{distance} before" if distance else "before in the text"
        same = self.length - 1
        behind = f" behind the same {number_of(same, self.by)}" if same > 1 else ""
        behind = f" behind the same {self.by}" if same == 1 else behind
        return f"{verb[self.side]} {distance or 'in the text'}{behind}"

    def noun(self) -> str:
        return f"{self.by}s that {self._occurs.replace('occurs', 'occur')}"

    def tail(self) -> str:
        return f"when {'it' if self.by == 'token' else 'the word'} {self._occurs}"

    def brief(self) -> str:
        return f"a {self.by} that {self._occurs}"


class Count(_Elsewhere, frozen=True):
    """Places up to which, these included, `of` held so often."""

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


def check_distances(at_least: int, within: int | None) -> None:
    """Refuses distances that nothing can have.

    Raises:
        ValueError: if the largest is below the smallest.
    """
    if within is not None and within < at_least:
        raise ValueError(f"within ({within}) is below at_least ({at_least})")


def far(at_least: int, within: int | None, by: By) -> str:
    """Distances in words: `within 5 tokens`, `3 to 5 words`; empty for any."""
    if within is None:
        return "" if at_least == 1 else f"at least {number_of(at_least, by)}"
    if at_least == 1:
        return f"within {number_of(within, by)}"
    if at_least == within:
        return number_of(within, by)
    return f"{at_least} to {number_of(within, by)}"
