"""Brackets: how many are open, and the partner of one, which it closes or which closes it.

Brackets are matched by a stack, whatever their kind: a closing bracket takes the last opening one
that nothing has closed yet. A partner may be of another kind, as in `(]`; a bracket may have none.
"""

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from .algorithms import Amount
from .view import View, kept

OPENING, CLOSING = "([{<⟨«", ")]}>⟩»"
Match = Literal["any", "same", "other", "none"]
_SAID = {"any": "", "same": " of their own kind", "other": " of another kind", "none": ""}


class Depth(Amount, frozen=True):
    """How many brackets are open, of any kind: `))` closes two; bounds as in tally."""

    kind: Literal["depth"] = "depth"

    def amounts(self, view: View) -> np.ndarray:
        def read(vocabulary: tuple[str, ...]) -> np.ndarray:
            return np.array(
                [sum((c in OPENING) - (c in CLOSING) for c in text) for text in vocabulary],
                np.float64,
            )

        windows = view.windows
        opened = kept(windows.vocabulary, "open brackets", read)[windows.ids]
        return np.where(view.visible, opened, 0.0).cumsum(1)

    @property
    def _what(self) -> str:
        return "the number of open brackets"


class Partner(Amount, frozen=True):
    """Closing brackets that close an opening one (with side `after`: opening ones that are closed);
    `match`: of the same kind, of another, or that have none. With bounds, as in tally: how many
    tokens away it is.
    """

    kind: Literal["partner"] = "partner"
    match: Match = Field(default="any", exclude_if=lambda value: value == "any")
    side: Literal["before", "after"] = Field(
        default="before", exclude_if=lambda value: value == "before"
    )
    free = True

    @model_validator(mode="after")
    def _has_distance(self) -> "Partner":
        if self.match == "none" and not self._own:
            raise ValueError("a bracket without a partner has no distance to it: drop the bounds")
        return self

    @property
    def _own(self) -> bool:
        return self.low is None and self.equals is None

    def amounts(self, view: View) -> np.ndarray:
        codes, partner = matched(view)
        rows, places = np.nonzero(self._here(codes) & (partner >= 0))
        there = partner[rows, places]
        same = codes[rows, places] == -codes[rows, there]
        none, every = np.zeros_like(same), np.ones_like(same)
        keep = {"any": every, "same": same, "other": ~same, "none": none}[self.match]
        out = np.full(codes.shape, np.nan)
        out[rows[keep], places[keep]] = np.abs(places - there)[keep]
        return out

    def values(self, view: View) -> np.ndarray:
        if not self._own:
            return super().values(view)
        if self.match == "none":
            codes, partner = matched(view)
            return (self._here(codes) & (partner < 0)).astype(np.float32)
        return np.isfinite(self.amounts(view)).astype(np.float32)

    def _here(self, codes: np.ndarray) -> np.ndarray:
        return codes < 0 if self.side == "before" else codes > 0

    @property
    def _which(self) -> str:
        return "closing" if self.side == "before" else "opening"

    @property
    def _that(self) -> str:
        if self.match == "none":
            return "close nothing" if self.side == "before" else "nothing closes"
        does = "close one" if self.side == "before" else "are closed by one"
        return f"{does}{_SAID[self.match]}"

    @property
    def _what(self) -> str:
        return "the distance to it"

    def noun(self) -> str:
        brackets = f"{self._which} brackets that {self._that}"
        return brackets if self._own else f"{brackets}, {super().tail()}"

    def brief(self) -> str:
        return f"one of the {self.noun()}"

    def tail(self) -> str:
        return f"among {self.noun()}"


def matched(view: View) -> tuple[np.ndarray, np.ndarray]:
    """The kind of each bracket, int64 `[window, place]` (positive: opening, negative: closing, 0:
    none), and the place of its partner, -1 for none."""

    def read(vocabulary: tuple[str, ...]) -> np.ndarray:
        kinds = {sign: n + 1 for n, sign in enumerate(OPENING)}
        kinds |= {sign: -n - 1 for n, sign in enumerate(CLOSING)}
        return np.array([kinds.get(text.strip(), 0) for text in vocabulary], np.int64)

    windows = view.windows
    codes = np.where(view.visible, kept(windows.vocabulary, "brackets", read)[windows.ids], 0)
    partner = np.full(codes.shape, -1, np.int64)
    for row in np.flatnonzero(codes.any(1)).tolist():
        left: list[int] = []
        for place in np.flatnonzero(codes[row]).tolist():
            if codes[row, place] > 0:
                left.append(place)
            elif left:
                other = left.pop()
                partner[row, place], partner[row, other] = other, place
    return codes, partner
