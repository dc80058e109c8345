"""A change of the output in words: tokens of the vocabulary, or words near a moved embedding."""

from typing import Any, NamedTuple

import numpy as np

from ..data.windows import surfaces
from ..lab import Lab
from ..lens.lexicon_words import neighbours
from ..render.text import number, quoted
from .output_change import Effects


class Word(NamedTuple):
    """A token or word with its number."""

    name: str
    value: float
    """Change of probability, or cosine with the change of the embedding."""
    before: float | None = None
    """Probability before."""


class Change(NamedTuple):
    """What goes up and what goes down."""

    up: list[Word]
    down: list[Word]
    kind: str
    """`probability`, `embedding` or `none`."""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "kind": self.kind,
            "up": [word._asdict() for word in self.up],
            "down": [word._asdict() for word in self.down],
        }


def change_of(lab: Lab, effects: Effects, many: int) -> Change:
    """The words of the mean change."""
    if not effects.shift.size:
        return Change([], [], "none")
    if lab.target.kind == "causal":
        names = surfaces(lab.target)
        order = np.argsort(-effects.shift, kind="stable")
        order = order[order < len(names)]

        def word(at: int) -> Word:
            return Word(names[at], float(effects.shift[at]), float(effects.before[at]))

        up = [word(int(at)) for at in order[:many] if effects.shift[at] > 0]
        down = [word(int(at)) for at in order[::-1][:many] if effects.shift[at] < 0]
        return Change(up, down, "probability")
    if lab.target.kind == "encoder":
        found = neighbours(lab, effects.shift, many)
        return Change(
            [Word(near.word, near.cosine) for near in found.toward],
            [Word(near.word, near.cosine) for near in found.away],
            "embedding",
        )
    return Change([], [], "none")


def words_line(change: Change, what: str) -> str:
    """One or two lines for the planner."""
    if change.kind == "probability":
        up = ", ".join(f"{quoted(w.name)} {w.value:+.2g}" for w in change.up)
        down = ", ".join(f"{quoted(w.name)} {w.value:+.2g}" for w in change.down)
        return f"{what} raises next-token probability of: {up}\nand lowers: {down}"
    if change.kind == "embedding":
        up = ", ".join(f"{w.name} {number(w.value)}" for w in change.up)
        down = ", ".join(f"{w.name} {number(w.value)}" for w in change.down)
        return f"{what} moves the embedding toward (cosine): {up}\nand away from: {down}"
    return ""
