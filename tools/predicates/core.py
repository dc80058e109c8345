"""The base of all predicates: evaluation, identity, size, English; and the boolean core.

Values are degrees in 0..1. `and` is the smallest, `or` the largest, `not` is one minus, `P except
Q` is P and not Q, `graded` the largest value whose condition holds, `scaled` P times a factor where
another part holds; for yes-or-no parts these are the usual truth tables. A part holds where its
degree is at least one half.
"""

import json
import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, Field

from ..data.image_rows import ImageRows
from ..data.windows import TokenWindows
from .view import View, asked_of, asking, view_of

if TYPE_CHECKING:
    from .parsing import AnyPredicate

HOLDS = 0.5


class Predicate(BaseModel, frozen=True, extra="forbid"):
    """The executable half of a description; see `docs/architecture.md` for the JSON forms."""

    kind: str
    weight: ClassVar[float] = 1.0
    """What the node itself adds to `complexity`."""
    listed: ClassVar[str] = ""
    """The field whose length counts for `complexity`, of an atom that is a list."""

    def evaluate(
        self, windows: TokenWindows | ImageRows, places: np.ndarray | None = None
    ) -> np.ndarray:
        """Degrees: float32 `[window, place]` in 0..1, zero where not counted.

        Args:
            windows: Token windows, or pictures.
            places: bool `[window, place]`: where they are wanted, if a language model is asked for
                them (`sampled`); elsewhere they mean nothing then. None: everywhere.
        """
        view = view_of(windows)
        if places is not None and self.sampled:
            view = asking(view, places & windows.counted)
        return np.where(windows.counted, self.values(view), np.float32(0))

    @property
    def sampled(self) -> bool:
        """Whether it is evaluated on samples of places: a part asks a language model."""
        return any(part.sampled for part in self.parts())

    def values(self, view: View) -> np.ndarray:
        """Degrees before places that are not counted are blanked; float32 `[window, place]`."""
        raise NotImplementedError(self.kind)

    def english(self) -> str:
        """A short phrase that names the places: `the word 'cat' or 'dog'`."""
        return self.noun()

    def noun(self) -> str:
        """The phrase that stands by itself."""
        raise NotImplementedError(self.kind)

    def tail(self) -> str:
        """The phrase that narrows another one: `after 'hot'`, `when capitalised`."""
        return f"when it is {self.noun()}"

    def brief(self) -> str:
        """The phrase inside another one, where it is plain what is meant: `'hot'`."""
        return self.noun()

    def parts(self) -> "tuple[Predicate, ...]":
        """The predicates that this one is made of."""
        return ()

    def walk(self) -> "Iterator[Predicate]":
        """The predicate, its parts and theirs, in order."""
        yield self
        for part in self.parts():
            yield from part.walk()

    def atoms(self) -> "Iterator[Predicate]":
        """The parts that have no parts, in order."""
        return (part for part in self.walk() if not part.parts())

    @cached_property
    def complexity(self) -> float:
        """For Occam: one an atom, half the logarithm of a list's length, half a point a joint."""
        if self.listed:
            return listed(len(getattr(self, self.listed)))
        return self.weight + sum(part.complexity for part in self.parts())

    def model_dump(self, *, mode: Any = "json", **options: Any) -> dict[str, Any]:
        """The JSON form: `parse` gives the predicate back."""
        return super().model_dump(mode=mode, **options)

    @cached_property
    def key(self) -> str:
        """Canonical JSON: the same for predicates that differ only in the order of their lists."""
        return json.dumps(_canonical(self.model_dump()), sort_keys=True, ensure_ascii=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Predicate) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.english()


class Tailed(Predicate, frozen=True):
    """A predicate that is named after what it narrows: `tokens after 'hot'`."""

    thing: ClassVar[str] = "token"

    def noun(self) -> str:
        return f"{self.thing}s {self.tail()}"

    def brief(self) -> str:
        return f"a {self.thing} {self.tail()}"


class OfOne(Predicate, frozen=True):
    """A predicate that is made of another one."""

    of: "AnyPredicate"
    weight: ClassVar[float] = 0.5

    def parts(self) -> tuple[Predicate, ...]:
        return (self.of,)


class _Joint(Predicate, frozen=True):
    of: "tuple[AnyPredicate, ...]" = Field(min_length=1)

    def parts(self) -> tuple[Predicate, ...]:
        return self.of

    @cached_property
    def complexity(self) -> float:
        return joined(self.of)


class And(_Joint, frozen=True):
    """Places where every part holds."""

    kind: Literal["and"] = "and"

    def values(self, view: View) -> np.ndarray:
        free = [part.values(view) for part in self.of if not part.sampled]
        if len(free) == len(self.of):
            return np.minimum.reduce(free)
        if free and (asked := asked_of(view)) is not None:  # elsewhere it is 0 already
            view = asking(view, asked & (np.minimum.reduce(free) > 0))
        return np.minimum.reduce([*free, *(p.values(view) for p in self.of if p.sampled)])

    def noun(self) -> str:
        first, rest = split_head(self.of)
        return ", ".join([first.noun(), *(part.tail() for part in rest)])

    def tail(self) -> str:
        return " and ".join(part.tail() for part in self.of)

    def brief(self) -> str:
        first, rest = split_head(self.of)
        return " ".join([first.brief(), *(part.tail() for part in rest)])


class Or(_Joint, frozen=True):
    """Places where some part holds."""

    kind: Literal["or"] = "or"

    def values(self, view: View) -> np.ndarray:
        return np.maximum.reduce([part.values(view) for part in self.of])

    def noun(self) -> str:
        joint = "; or " if any("," in part.noun() for part in self.of) else " or "
        return joint.join(part.noun() for part in self.of)

    def tail(self) -> str:
        return " or ".join(part.tail() for part in self.of)

    def brief(self) -> str:
        return " or ".join(part.brief() for part in self.of)


class Not(OfOne, frozen=True):
    """Places where the part does not hold."""

    kind: Literal["not"] = "not"

    def values(self, view: View) -> np.ndarray:
        return np.float32(1) - self.of.values(view)

    def noun(self) -> str:
        return f"anything but {self.of.noun()}"

    def tail(self) -> str:
        return f"but not {self.of.tail().removeprefix('when it is ')}"

    def brief(self) -> str:
        return f"anything but {self.of.brief()}"


class Except(OfOne, frozen=True):
    """Places where one part holds and the other does not."""

    kind: Literal["except"] = "except"
    but: "AnyPredicate"

    def values(self, view: View) -> np.ndarray:
        return np.minimum(self.of.values(view), np.float32(1) - self.but.values(view))

    def noun(self) -> str:
        return f"{self.of.noun()}, except {self._but()}"

    def tail(self) -> str:
        return f"{self.of.tail()}, except {self._but()}"

    def _but(self) -> str:
        return self.but.tail().removeprefix("when it is ")

    def parts(self) -> tuple[Predicate, ...]:
        return (self.of, self.but)


class Level(BaseModel, frozen=True, extra="forbid"):
    """One step of a graded predicate."""

    of: "AnyPredicate"
    value: float = Field(ge=0, le=1, allow_inf_nan=False)


class Graded(Predicate, frozen=True):
    """The largest value (not the first) whose condition holds, else 0."""

    kind: Literal["graded"] = "graded"
    levels: tuple[Level, ...] = Field(min_length=1)
    weight: ClassVar[float] = 0.0

    def values(self, view: View) -> np.ndarray:
        out = np.zeros(view.shape, np.float32)
        for level in self.levels:
            held = level.of.values(view) >= HOLDS
            np.maximum(out, np.where(held, np.float32(level.value), 0), out=out)
        return out

    def noun(self) -> str:
        steps = sorted(self.levels, key=lambda level: -level.value)
        return "; ".join(f"{step.of.noun()} (strength {step.value:g})" for step in steps)

    def parts(self) -> tuple[Predicate, ...]:
        return tuple(level.of for level in self.levels)

    @cached_property
    def complexity(self) -> float:
        return sum(part.complexity + 0.5 for part in self.parts())


class Scaled(OfOne, frozen=True):
    """The part, times `by` where another holds."""

    kind: Literal["scaled"] = "scaled"
    by: float = Field(ge=0, le=1, allow_inf_nan=False)
    where: "AnyPredicate"

    def values(self, view: View) -> np.ndarray:
        held = self.where.values(view) >= HOLDS
        return np.where(held, np.float32(self.by), np.float32(1)) * self.of.values(view)

    def noun(self) -> str:
        return f"{self.of.noun()}, {self._times()}"

    def tail(self) -> str:
        return f"{self.of.tail()}, {self._times()}"

    def brief(self) -> str:
        return f"{self.of.brief()} ({self._times()})"

    def _times(self) -> str:
        return f"times {self.by:g} {self.where.tail()}"

    def parts(self) -> tuple[Predicate, ...]:
        return (self.of, self.where)


def unsaid(default: Any, **limits: Any) -> Any:
    """A field that is left out of the JSON where it has its default."""
    return Field(default=default, exclude_if=lambda value: value == default, **limits)


def listed(size: int) -> float:
    """What a list of `size` items costs as one atom."""
    return 1 + 0.5 * math.log2(max(1, size))


def joined(parts: "Sequence[Predicate]") -> float:
    """What several predicates cost as one."""
    return 0.5 * (len(parts) - 1) + sum(part.complexity for part in parts)


def split_head(parts: "tuple[Predicate, ...]") -> "tuple[Predicate, list[Predicate]]":
    """The part that a conjunction is best named after, and the others in order."""
    order = ("words", "tokens", "concept", "or", "regex", "shape", "except", "repeated")
    rank = [order.index(part.kind) if part.kind in order else len(order) for part in parts]
    at = rank.index(min(rank))
    return parts[at], [part for i, part in enumerate(parts) if i != at]


def _canonical(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _canonical(value) for key, value in data.items()}
    if isinstance(data, list):
        return sorted((_canonical(item) for item in data), key=lambda item: json.dumps(item))
    return data
