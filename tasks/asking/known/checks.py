"""Checks of an answer's text against what was computed.

Each says what would be right (`truth`), and marks a text. Extra units, layers or concepts count
against an answer, numbers must be stated in its first sentences, and a yes or no must stand first.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .concepts import Reader
from .question import Check, Mark, whole
from .reading import Stated, denied, layers, numbers, segments, stated, units, verdict

_FALLS = re.compile(
    r"\b(?:f[ae]ll(?:s|en|ing)?|drop(?:s|ped)?|decreas\w+|lower\w*|less|loses?|lost|costs?|reduc\w+"
    r"|down|declin\w+|weaken\w*|smaller)\b",
    re.IGNORECASE,
)
_RISES = re.compile(
    r"\b(?:ris(?:es|en|e|ing)|rose|grow\w*|grew|gains?|increas\w+|higher|more|up|rais\w+|larger)\b",
    re.IGNORECASE,
)
_PRECISE = 0.6  # share of what is named that must be right


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

    @property
    def truth(self) -> str:
        """Such a sentence."""
        return f"{', '.join(self.wanted)}."

    def mark(self, text: str) -> Mark:
        """By how many are named and how many of those belong."""
        named = list(dict.fromkeys(unit.rstrip("-") for unit in units(text, self.sentences)))
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
            if abs(one.value - value) <= room:
                signed = not self.change or value < 0 or not _falls(one.sentence)
                if signed:
                    return True
            if (
                self.change
                and value < 0
                and abs(one.value + value) <= room
                and _falls(one.sentence)
            ):
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
    plain = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹«»]", "", text)
    return re.findall(r"[^\W_]+", plain.lower())
