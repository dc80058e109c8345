"""Scans: texts that hold as many words as fit, to ask of each word what the unit does at it.

A **list** is words one after another: it tells at which words a unit is on, and behind which. A
**pair** text is `w head w head ...`: each head tells what the word before it does to the unit. Two
orders of the same words tell a word's own effect from its neighbours'.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from .....tools.data.windows import TokenWindows
from .....tools.lab import Lab
from .texts import MeasuredTexts

_LONGEST = 120  # tokens of a text
FARTHEST = 32
"""Tokens behind a word at which its effect is looked for."""


class ScanWords(NamedTuple):
    """Words to be scanned, lower case, with the form to write and the tokens that it takes."""

    forms: Mapping[str, str]
    sizes: Mapping[str, int]
    pieces: Mapping[str, tuple[str, ...]]
    """The tokens of words of several, lower case, without spaces."""

    def single(self, word: str) -> bool:
        """Whether the word is one token."""
        return self.sizes.get(word) == 1


def words_of(lab: Lab, forms: Mapping[str, str]) -> ScanWords:
    """Words as texts will hold them."""
    names = list(forms)
    given = lab.tokenize([f"a {forms[name]}" for name in names]) if names else None
    alone = lab.tokenize(["a"])
    base = int(alone.attended[0].sum())
    if given is None:
        return ScanWords({}, {}, {})
    sizes = given.attended.sum(axis=1) - base
    pieces = {}
    for row, name in enumerate(names):
        own = given.ordinal[row] == given.ordinal[row].max()
        if sizes[row] > 1:
            pieces[name] = tuple(given.vocabulary[at].strip().lower() for at in given.ids[row, own])
    return ScanWords(forms, dict(zip(names, sizes.tolist(), strict=True)), pieces)


def lists(
    lab: Lab, words: ScanWords, names: Sequence[str], lead: str, rng: np.random.Generator
) -> list[str]:
    """The words in a random order, as many to a text as fit, each text begun with `lead`."""
    return _filled(lab, words, names, [lead], [], rng)


def pairs(
    lab: Lab, words: ScanWords, names: Sequence[str], head: str, rng: np.random.Generator
) -> list[str]:
    """`w head w head ...` over the words in a random order."""
    return _filled(lab, words, [n for n in names if n != head], [], [head], rng)


def behind(
    lab: Lab, words: ScanWords, names: Sequence[str], before: str, rng: np.random.Generator
) -> list[str]:
    """`before w before w ...` over the words in a random order."""
    return _filled(lab, words, [n for n in names if n != before], [before], [before], rng)


def _filled(
    lab: Lab,
    words: ScanWords,
    names: Sequence[str],
    first: list[str],
    after: list[str],
    rng: np.random.Generator,
) -> list[str]:
    room = min(_LONGEST, lab.target.context_length) - 6
    out: list[str] = []
    line: list[str] = []
    used = 0
    for name in rng.permutation(list(names)).tolist():
        cost = words.sizes[name] + sum(words.sizes.get(word, 1) for word in after)
        if line and used + cost > room:
            out.append(" ".join(line))
            line = []
        if not line:
            line, used = [words.forms.get(word, word) for word in first], len(first)
        line += [words.forms[name], *(words.forms.get(word, word) for word in after)]
        used += cost
    return [*out, " ".join(line)] if line else out


class ScannedWord(NamedTuple):
    """One word of a scanned text."""

    row: int
    number: int
    """Of the word in its text."""
    name: str
    last: int
    """Its last place."""
    on: bool | None
    """Whether the unit is on at it; None where it was not measured."""
    first: bool = False
    """Whether it is on at its first token."""


class Scan:
    """Scanned texts as measured."""

    def __init__(self, texts: MeasuredTexts, threshold: float) -> None:
        windows = texts.windows
        self.known = texts.known
        self.on = self.known & texts.on(threshold)
        self.rows: list[list[ScannedWord]] = []
        for row in range(len(windows)):
            self.rows.append(self._read(windows, row))
        self.heard = [one for row in self.rows for one in row]

    def _read(self, windows: TokenWindows, row: int) -> list[ScannedWord]:
        places = np.flatnonzero(windows.attended[row] & (windows.word[row] >= 0))
        ordinal = windows.ordinal[row, places]
        bounds = np.flatnonzero(np.diff(ordinal, prepend=-1, append=-1))
        out: list[ScannedWord] = []
        for number, (start, stop) in enumerate(itertools.pairwise(bounds)):
            own = places[start:stop]
            name = windows.words[windows.word[row, own[0]]].lower()
            on = bool(self.on[row, own].any()) if self.known[row, own].any() else None
            first = bool(self.on[row, own[0]])
            out.append(ScannedWord(row, number, name, int(own[-1]), on, first))
        return out

    def following(self, one: ScannedWord) -> ScannedWord | None:
        """The next word of the text."""
        row = self.rows[one.row]
        return row[one.number + 1] if one.number + 1 < len(row) else None


class Answer(NamedTuple):
    """What lists say: words at which a unit is on, words behind which it is, and how far."""

    at: frozenset[str]
    unsure: frozenset[str]
    """On at some occurrences and off at others."""
    behind: frozenset[str]
    reach: int
    """Tokens behind a word of `behind` at which the unit is on."""
    inside: bool = False
    """Whether it is on inside longer words too, behind a beginning that is in `behind`."""


def answer(scans: Sequence[Scan]) -> Answer:
    """Reads all lists together; a word has to have been met twice to be sure."""
    outcomes: dict[str, list[bool]] = {}
    later: set[str] = set()
    for scan in scans:
        for one in scan.heard:
            if one.on is not None:
                outcomes.setdefault(one.name, []).append(one.on)
                if one.on and not one.first:
                    later.add(one.name)
    at, unsure = _sorted_out(outcomes)
    after: dict[str, list[bool]] = {}
    for scan in scans:
        for one in scan.heard:
            follower = scan.following(one)
            if follower is not None and follower.on is not None and follower.name not in at:
                after.setdefault(one.name, []).append(bool(scan.on[one.row, one.last + 1]))
    behind_, maybe = _sorted_out(after)
    inside = {n for n in at & later if any(n.startswith(one) for one in behind_ if one != n)}
    at -= inside
    return Answer(
        frozenset(at),
        frozenset(unsure | maybe),
        frozenset(behind_),
        _reach(scans, at, behind_),
        bool(inside),
    )


def _sorted_out(outcomes: Mapping[str, Sequence[bool]]) -> tuple[set[str], set[str]]:
    """Words that are on, and words that may be and have to be asked again."""
    sure = {name for name, on in outcomes.items() if len(on) > 1 and sum(on) > 0.7 * len(on)}
    return sure, {n for n, on in outcomes.items() if any(on) and n not in sure and len(on) < 4}


def _reach(scans: Sequence[Scan], at: set[str], names: set[str]) -> int:
    """The last of the places behind the words, counted in tokens, at which the unit is on."""
    on, count = np.zeros(FARTHEST + 1), np.zeros(FARTHEST + 1)
    for scan in scans:
        for one in scan.heard:
            if one.name not in names:
                continue
            row = scan.rows[one.row]
            skip = {p.last for p in row if p.name in at}
            for far in range(1, FARTHEST + 1):
                place = one.last + far
                if place >= scan.on.shape[1] or not scan.known[one.row, place]:
                    break
                if place not in skip:
                    on[far] += scan.on[one.row, place]
                    count[far] += 1
    return reach_of(on, count)


def reach_of(on: np.ndarray, count: np.ndarray) -> int:
    """The distance up to which an effect was seen at most places, from one on."""
    far = 0
    while far + 1 < len(on) and count[far + 1] > 0 and on[far + 1] > 0.5 * count[far + 1]:
        far += 1
    return far
