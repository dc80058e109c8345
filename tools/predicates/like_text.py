"""`like` for text: a place is like these examples and unlike those, by a second network's states.

1. An example is a text and a place in it. Its states in the reader (`models/text_reader.py`: the
   state there and the mean near by) are standardised by constants of the reader, measured on
   stories that ship, `z` `[feature]`.
2. A place with states `x` gets `level + sum of weight * (z . x) / features` over the examples,
   cut to 0..1. Examples weigh 0 or more, those that it is unlike 0 or less.

So a predictor is whole by itself: texts, places and weights, and which reader and layer they were
fitted with. Without weights it is a request, which `hypotheses/like_fitting.py` fits. A linear
read-out that is spanned by examples; our formulation.
"""

from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, Field, model_validator

from ..data.stories import stories
from ..data.windows import TokenWindows, cut
from ..errors import UsageError
from ..io.home import kept
from ..memo import Memo
from ..models.target import Target
from ..models.text_reader import layers, reader_named, reader_states
from .core import Predicate, listed
from .phrases import quoted
from .view import View

LEAST = 2
"""Examples, and places that it is unlike: fewer say nothing of what they have in common."""
MOST = 256
MOST_LETTERS = 4000
"""Characters of an example's text."""
_STORIES = 24
"""Stories on which the reader's constants are measured: about 3,000 tokens."""
_SHOWN = 24  # characters of an example
_memo = Memo()


class Standard(NamedTuple):
    """Constants of a reader, float32 `[layer, feature]`."""

    mean: np.ndarray
    scale: np.ndarray


class Place(BaseModel, frozen=True, extra="forbid"):
    """A place in a text."""

    text: str = Field(min_length=1, max_length=MOST_LETTERS)
    place: int = Field(ge=1)
    """Characters of the text up to the end of the place."""
    weight: float = Field(ge=-1e6, le=1e6, allow_inf_nan=False)

    @model_validator(mode="after")
    def _inside(self) -> "Place":
        if self.place > len(self.text):
            raise ValueError(f"place {self.place} is behind the text of {len(self.text)} letters")
        return self

    def shown(self) -> str:
        """The text before the place, and the place."""
        before = " ".join(self.text[: self.place].split())
        return quoted(before if len(before) <= _SHOWN else f"…{before[-_SHOWN:]}")


class LikeText(Predicate, frozen=True):
    """Places that a second network, the reader, finds like the examples and unlike the others, by
    their context: 2 or more of each. `place` is the word that is meant, else the text's end.
    Without examples, n are chosen by the unit's activation beyond its tokens, or with a statement
    by a judge who reads random places (20 requests).
    """

    kind: Literal["like"] = "like"
    reader: str
    fingerprint: str
    """Of the reader's weights."""
    layer: int = Field(ge=0)
    """Of the reader."""
    ahead: bool
    """Whether the reader sees what follows a place."""
    examples: tuple[Place, ...] = Field(min_length=LEAST, max_length=MOST)
    unlike: tuple[Place, ...] = Field(min_length=LEAST, max_length=MOST)
    level: float = Field(ge=-1e6, le=1e6, allow_inf_nan=False)
    chosen: Literal["given", "statement", "activation"] = "given"
    """What the examples were chosen by; by activation their weights were fitted to it too."""
    statement: str | None = Field(default=None, max_length=300)
    """That the examples were chosen by."""

    @model_validator(mode="after")
    def _consistent(self) -> "LikeText":
        refuse_contradiction(
            [(one.text, one.place) for one in self.examples],
            [(one.text, one.place) for one in self.unlike],
        )
        if min(one.weight for one in self.examples) < 0 or any(w.weight > 0 for w in self.unlike):
            raise ValueError("examples weigh 0 or more, what a place is unlike 0 or less")
        return self

    def values(self, view: View) -> np.ndarray:
        windows = getattr(view, "windows", None)
        if not isinstance(windows, TokenWindows):
            raise UsageError("a 'like' with a reader reads text, and these are pictures")
        if self.ahead and view.causal:
            raise UsageError(
                "this 'like' was made for a target that reads both ways: it looks at text behind "
                "the place, which a causal model cannot have read there"
            )
        reader = reader_named(self.reader, self.fingerprint)
        at, weights, level = _memo.once(("read-out", self.key), self._read_out, most=64)
        states = reader_states(reader, windows, ahead=self.ahead)
        scores = level + states.values[:, at].astype(np.float32) @ weights
        out = np.zeros(view.shape, np.float32)
        out[states.known] = np.clip(scores, 0, 1)
        return out

    def _read_out(self) -> tuple[int, np.ndarray, float]:
        """The layer's number, weights `[feature]` and the level for states as they are read."""
        reader = reader_named(self.reader, self.fingerprint)
        names = layers(reader)
        if f"resid.{self.layer}" not in names:
            known = ", ".join(name.removeprefix("resid.") for name in names)
            raise UsageError(f"like: layer {self.layer} of {self.reader} is not read, but {known}")
        at = names.index(f"resid.{self.layer}")
        places = [*self.examples, *self.unlike]
        z = example_states(reader, [(p.text, p.place) for p in places], ahead=self.ahead)[:, at]
        direction = np.array([p.weight for p in places], np.float32) @ z / z.shape[1]
        mean, scale = (one[at] for one in standard(reader, ahead=self.ahead))
        weights = direction / scale
        return at, weights, float(self.level - weights @ mean)

    @cached_property
    def complexity(self) -> float:
        return 1 + listed(len(self.examples) + len(self.unlike))

    def noun(self) -> str:
        return f"places {self._like()}"

    def tail(self) -> str:
        return f"when it is {self._like()}"

    def brief(self) -> str:
        return f"a place {self._like()}"

    def _like(self) -> str:
        likes, unlikes = (_listed(some) for some in (self.examples, self.unlike))
        about = f"about {quoted(self.statement)}, " if self.statement else ""
        return f"{about}like {likes} and unlike {unlikes} (as {self.reader} reads them)"


def _listed(places: tuple[Place, ...]) -> str:
    """The places that weigh most."""
    strong = sorted(places, key=lambda one: -abs(one.weight))[:2]
    more = f" and {len(places) - len(strong)} more" if len(places) > len(strong) else ""
    return ", ".join(one.shown() for one in strong) + more


def refuse_own_reader(predicate: Predicate, fingerprint: str) -> None:
    """Checks that no part of a predictor reads with the network under study.

    Raises:
        UsageError: if one does.
    """
    for one in predicate.walk():
        if isinstance(one, LikeText) and one.fingerprint == fingerprint:
            raise UsageError(
                f"'like' reads with {one.reader}, the target itself: its own states would describe "
                "it; use another network as reader"
            )


def refuse_contradiction(examples: list[tuple[str, int]], unlike: list[tuple[str, int]]) -> None:
    """Checks that no place is both.

    Raises:
        ValueError: names it.
    """
    both = next((one for one in examples if one in unlike), None)
    if both is not None:
        raise ValueError(
            f"the place {quoted(both[0][: both[1]][-_SHOWN:])} stands among the examples and among "
            "what is unlike them: take it out of one"
        )


def example_states(reader: Target, places: list[tuple[str, int]], *, ahead: bool) -> np.ndarray:
    """Standardised states of places in texts, float32 `[example, layer, feature]`.

    Raises:
        UsageError: if the reader has no state there, because the text is too long for it.
    """
    windows = _as_windows(places, ahead=ahead)
    states = reader_states(reader, windows, ahead=ahead)
    if not states.known[:, 0].all():
        lost = int(np.flatnonzero(~states.known[:, 0])[0])
        raise UsageError(f"the reader {reader.name} cannot read example {lost + 1}: it is too long")
    mean, scale = standard(reader, ahead=ahead)
    return (states.values.astype(np.float32) - mean) / scale


def _as_windows(places: list[tuple[str, int]], *, ahead: bool) -> TokenWindows:
    """Texts as windows in which one place counts; the rest of a text stands behind it."""
    shape = (len(places), 2)
    ends = np.array([[place, len(text)] for text, place in places], np.int32)
    starts = np.array([[0, place] for _, place in places], np.int32)
    counted = np.zeros(shape, bool)
    counted[:, 0] = True
    none = np.full(shape, -1, np.int32)
    return TokenWindows(
        ids=np.zeros(shape, np.int32),
        attended=np.ones(shape, bool) if ahead else counted,
        counted=counted,
        word=none,
        ordinal=none,
        start=starts,
        end=ends,
        document=np.arange(len(places), dtype=np.int32),
        words=(),
        vocabulary=(),
        texts=tuple(text for text, _ in places),
    )


def standard(reader: Target, *, ahead: bool) -> Standard:
    """Mean and spread of a reader's states over stories that ship."""

    def measured() -> dict[str, np.ndarray]:
        windows = cut(reader, list(stories(_STORIES)), length=64)
        x = reader_states(reader, windows, ahead=ahead).values.astype(np.float64)
        return {"mean": x.mean(0), "scale": x.std(0) + 1e-3}

    def made() -> Standard:
        decides = f"standard {_STORIES} {layers(reader)} {ahead} {reader.fingerprint}"
        arrays = kept("readers", decides, measured)
        return Standard(*(arrays[name].astype(np.float32) for name in Standard._fields))

    return _memo.once(("standard", reader.fingerprint, ahead), made, most=8 + 64)
