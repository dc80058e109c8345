"""Checks of an answer's text: what it is about, its numbers, choices, layers, its yes or no.

Each says what would be right (`truth`), and marks a text. Numbers must be stated in its first
sentences, and a yes or no must stand first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .question import Check, Mark, whole
from .reading import Stated, denied, layers, numbers, stated, verdict

_FALLS = re.compile(
    r"\b(?:f[ae]ll(?:s|en|ing)?|drop(?:s|ped)?|decreas\w+|lower\w*|less|loses?|lost|costs?|reduc\w+"
    r"|down|declin\w+|weaken\w*|smaller)\b",
    re.IGNORECASE,
)
_RISES = re.compile(
    r"\b(?:ris(?:es|en|e|ing)|rose|grow\w*|grew|gains?|increas\w+|higher|more|up|rais\w+|larger)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class All:
    """Several checks; the first decides between wrong and partly."""

    parts: Sequence[Check]
    gates: Sequence[Check] = ()
    """What the answer must be about: it earns nothing, and without it all is wrong."""

    @property
    def truth(self) -> str:
        """The truths of all."""
        return " ".join(one.truth for one in (*self.parts, *self.gates))

    def mark(self, text: str) -> Mark:
        """Right if all are."""
        for gate in self.gates:
            if (mark := gate.mark(text)).verdict != "right":
                return Mark("wrong", mark.reason)
        return whole([part.mark(text) for part in self.parts])


@dataclass(frozen=True)
class About:
    """The answer is about this: it names it."""

    what: Sequence[str]
    """Texts or units."""

    @property
    def truth(self) -> str:
        """Such a sentence."""
        return f"This is about {' and '.join(repr(one) for one in self.what)}."

    def mark(self, text: str) -> Mark:
        """Right if all of it is named."""
        said = " ".join(stated(text)).lower()
        for one in self.what:
            if not re.search(rf"(?<!\w){re.escape(one.strip().lower())}(?!\w)", said):
                return Mark("wrong", f"does not speak of {one.strip()!r}")
        return Mark("right", "on the subject")


@dataclass(frozen=True)
class Number:
    """The answer states a number."""

    value: float
    what: str
    """What it is, for the truth: `the correlation`."""
    within: float = 0.05
    """Share of the value that it may be off."""
    least: float = 0.005
    """That it may be off in any case."""
    others: Sequence[float] = ()
    """The same in other measures."""
    change: bool = False
    """Whether `value` is a change: "falls by 2" says -2."""
    sentences: int = 4

    @property
    def truth(self) -> str:
        """Such a sentence."""
        if not self.change:
            return f"{self.what[:1].upper()}{self.what[1:]} is {self.value:.6g}."
        way = "falls" if self.value < 0 else "rises"
        return f"{self.what[:1].upper()}{self.what[1:]} {way} by {abs(self.value):.6g}."

    def mark(self, text: str) -> Mark:
        """Right if it stands in one of the first sentences."""
        found = numbers(text, self.sentences)
        if any(self._fits(one) for one in found):
            return Mark("right", f"states {self.what}, {self.value:.4g}")
        said = ", ".join(f"{one.value:.4g}" for one in found[:6]) or "no number"
        return Mark("wrong", f"states {said}; {self.what} is {self.value:.4g}")

    def _fits(self, one: Stated) -> bool:
        for value in (self.value, *self.others):
            room = max(self.within * abs(value), self.least)
            falls = self.change and _falls(one.sentence)
            if abs(one.value - value) <= room and (value < 0 or not falls):
                return True
            if falls and value < 0 and abs(one.value + value) <= room:
                return True
        return False


def _falls(sentence: str) -> bool:
    """Whether a sentence speaks of a fall and of no rise."""
    return bool(_FALLS.search(sentence)) and not _RISES.search(sentence)


@dataclass(frozen=True)
class YesNo:
    """The answer begins with yes or no."""

    yes: bool

    @property
    def truth(self) -> str:
        """The word; what follows it belongs to other checks."""
        return "Yes." if self.yes else "No."

    def mark(self, text: str) -> Mark:
        """Right if it is the right one."""
        found = verdict(text)
        said = {True: "says yes", False: "says no", None: "begins with neither yes nor no"}[found]
        return Mark("right" if found is self.yes else "wrong", said)


@dataclass(frozen=True)
class Choice:
    """The answer names one of some options: words, labels, sites."""

    wanted: str
    options: Sequence[str]

    @property
    def truth(self) -> str:
        """Such a sentence."""
        return f"{self.wanted}."

    def mark(self, text: str) -> Mark:
        """Right if the first sentence that names an option names this alone."""
        longest = sorted(self.options, key=len, reverse=True)
        pattern = "|".join(re.escape(option) for option in longest)
        finder = re.compile(rf"(?<![\w.])(?:{pattern})(?![\w]|\.\d|/)", re.IGNORECASE)
        for sentence in stated(text, 4):
            named = {
                hit.group().lower()
                for hit in finder.finditer(sentence)
                if not denied(sentence, hit.start())
            }
            if named:
                right = named == {self.wanted.lower()}
                said = f"says {', '.join(sorted(named))}"
                return Mark("right" if right else "wrong", f"{said}; wanted {self.wanted}")
        return Mark("wrong", f"names none of {', '.join(self.options)}")


@dataclass(frozen=True)
class Layer:
    """The answer names the block where something happens."""

    block: int

    @property
    def truth(self) -> str:
        """Such a sentence."""
        return f"It is decided in block {self.block}."

    def mark(self, text: str) -> Mark:
        """Right if it names this block alone first; partly if it is one of two."""
        named = layers(text, 1) or layers(text, 2)
        said = f"names {', '.join(f'block {at}' for at in named) or 'no block'}"
        if named == [self.block]:
            return Mark("right", said)
        near = self.block in named and len(named) <= 2
        return Mark("partly" if near else "wrong", f"{said}; wanted block {self.block}")
