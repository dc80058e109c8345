"""Checks of the units that an answer names, and of what it says of them.

Extra units, concepts and windows count against an answer.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .concepts import Reader
from .question import Mark, whole
from .reading import denied, segments, stated, supporters, units

_PRECISE = 0.6  # share of what is named that must be right


@dataclass(frozen=True)
class Names:
    """The answer names units, of either sign: those that belong, and few others."""

    wanted: Sequence[str]
    """Of these at least `least` must be named."""
    allowed: Sequence[str] = ()
    """Further ones that do not count against the answer."""
    least: int | None = None
    """None: all that are wanted."""
    sentences: int = 6
    """That are read."""
    leads: bool = False
    """As many as are wanted must come first; what is compared with them may follow."""

    @property
    def truth(self) -> str:
        """Such a sentence."""
        return f"{', '.join(self.wanted)}."

    def mark(self, text: str) -> Mark:
        """By how many are named and how many of those belong."""
        named = list(dict.fromkeys(unit.rstrip("-") for unit in units(text, self.sentences)))
        named = named[: len(self.wanted)] if self.leads else named
        if not named:
            return Mark("wrong", "names no unit")
        wanted = {unit.rstrip("-") for unit in self.wanted}
        known = wanted | {unit.rstrip("-") for unit in self.allowed}
        least = len(wanted) if self.least is None else self.least
        hit = sum(unit in wanted for unit in named)
        fit = sum(unit in known for unit in named) / len(named)
        said = f"names {', '.join(named[:6])}; wanted {', '.join(self.wanted[:6])}"
        if hit >= least and fit >= _PRECISE:
            return Mark("right", said)
        return Mark("partly" if hit and fit >= _PRECISE / 2 else "wrong", said)


@dataclass(frozen=True)
class Drives:
    """The answer names units that cost a prediction more, zeroed together, than random sets do."""

    known: Sequence[str]
    """For the truth: units that do."""
    beats: Callable[[Sequence[str]], float]
    """Units to the share of random sets that cost less."""
    most: int = 16

    @property
    def truth(self) -> str:
        """Such a sentence."""
        return f"{', '.join(self.known)}."

    def mark(self, text: str) -> Mark:
        """By what the named units cost, beside random sets of the same sites."""
        named = [unit.rstrip("-") for unit in supporters(text)]
        said = ", ".join(named[:8])
        if not named or len(named) > self.most:
            return Mark("wrong", f"names {len(named)} units")
        try:
            share = self.beats(named)
        except (KeyError, IndexError, AssertionError):
            return Mark("wrong", f"names units that cannot be zeroed: {said}")
        found = f"{said}: zeroed together they cost it more than {share:.0%} of random sets"
        return Mark("right" if share >= 0.95 else "partly" if share >= 0.8 else "wrong", found)


@dataclass(frozen=True)
class Concepts:
    """The answer says what units are about."""

    wanted: Mapping[str, frozenset[str]]
    """Concepts of each unit that must be named."""
    reader: Reader
    allowed: frozenset[str] = frozenset()
    """Concepts that do not count against the answer."""

    @property
    def truth(self) -> str:
        """Such sentences."""
        return " ".join(
            f"{unit} responds to {' and '.join(sorted(names))}."
            for unit, names in self.wanted.items()
        )

    def mark(self, text: str) -> Mark:
        """By the concepts that are named for each unit, and those that do not belong."""
        return whole([self._one(unit, names, text) for unit, names in self.wanted.items()])

    def _one(self, unit: str, wanted: frozenset[str], text: str) -> Mark:
        about = segments(text).get(unit, "")
        if len(self.wanted) == 1:
            lead = stated(text, 2)
            about = " ; ".join(lead) if any(unit in one for one in lead) else ""
        if not about:
            return Mark("wrong", f"does not speak of {unit}")
        named = self.reader.concepts([about])
        hit, extra = named & wanted, named - wanted - self.allowed
        fit = len(hit) / max(1, len(hit) + len(extra))
        said = f"{unit}: says {', '.join(sorted(named)) or 'no concept'}"
        if hit == wanted and fit >= _PRECISE:
            return Mark("right", said)
        said += f"; wanted {', '.join(sorted(wanted))}"
        return Mark("partly" if hit and fit >= _PRECISE / 2 else "wrong", said)


@dataclass(frozen=True)
class Shown:
    """The answer quotes windows of the corpus in which a unit is strong."""

    unit: str
    strong: Sequence[str]
    """Around the peaks of strong windows: a few words, in small letters."""
    weak: Sequence[frozenset[str]]
    """The runs of words of other windows, `runs`, without those of strong ones."""
    least: int = 3

    @property
    def truth(self) -> str:
        """The strongest, quoted."""
        quoted = " ".join(f"“… {piece} …”." for piece in self.strong[: self.least + 1])
        return f"The strongest windows of {self.unit}: {quoted}"

    def mark(self, text: str) -> Mark:
        """By how many strong windows are shown, and how many others."""
        if not any(self.unit in sentence for sentence in stated(text, 2)):
            return Mark("wrong", f"does not speak of {self.unit}")
        read = [one for one in stated(text, 30, words=1500) if not denied(one, len(one))]
        said = " ".join(read)
        flat = " ".join(_words(said))
        strong = sum(piece in flat for piece in self.strong)
        grams = runs(said)
        weak = sum(bool(grams & window) for window in self.weak)
        found = f"shows {strong} strong windows and {weak} others"
        fit = strong / max(1, strong + weak)
        if strong >= self.least and fit >= _PRECISE:
            return Mark("right", found)
        return Mark("partly" if strong and fit >= _PRECISE else "wrong", found)


def around(text: str, at: int, words: int = 2) -> str:
    """A few words around a place of a text, in small letters."""
    before, behind = _words(text[:at]), _words(text[at:])
    return " ".join([*before[-words:], *behind[: words + 1]])


def runs(text: str, length: int = 6) -> frozenset[str]:
    """All runs of so many words."""
    words = _words(text)
    return frozenset(" ".join(words[at : at + length]) for at in range(len(words) - length + 1))


def _words(text: str) -> list[str]:
    plain = re.sub(r"\{\d\}|[«»]", "", text)
    return re.findall(r"[^\W_]+", plain.lower())
