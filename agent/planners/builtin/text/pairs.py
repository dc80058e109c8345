"""What stands before a word: reads pair texts, and tests one by one what they point to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from .scan import Scan, ScanWords, reach_of

_TOO_MANY = 0.3  # share of heads that differ, from which pairs say nothing of words
_MOST = 32  # words that are tested one by one
_DISTANCES = (*range(1, 17), 20, 24, 32)
_MEASURED = 3  # words whose reach is measured


class Pointed(NamedTuple):
    """Words that may change what the unit does behind them."""

    words: tuple[str, ...]
    heads: tuple[str, ...]
    """Heads that something changed."""


def pointed(scans: Sequence[tuple[str, Scan]], *, normal: bool) -> Pointed:
    """Words before which every head was as usual are ruled out; the others stay.

    Args:
        scans: Pair texts, each with its head.
        normal: Whether the unit is on at heads as a rule.
    """
    onset: dict[str, int] = {}
    usual: set[str] = set()
    unknown: set[str] = set()
    heads: list[str] = []
    for head, scan in scans:
        changed: dict[str, bool] = {}  # whether the change began at the word
        calm: set[str] = set()
        for row in scan.rows:
            before = normal
            for one, after in zip(row[::2], row[1::2], strict=False):
                if after.on is None:
                    continue
                if after.on != normal:
                    changed[one.name] = before == normal
                else:
                    calm.add(one.name)
                before = after.on
        if not changed or len(changed) > _TOO_MANY * (len(changed) + len(calm)):
            if normal or changed:
                usual |= calm
            continue
        heads.append(head)
        usual |= calm
        unknown |= changed.keys()
        for name, began in changed.items():
            onset[name] = onset.get(name, 0) + began
    left = sorted(unknown - usual, key=lambda name: (-onset.get(name, 0), name))
    return Pointed(tuple(left), tuple(heads))


def likely(names: Sequence[str], words: ScanWords) -> tuple[str, ...]:
    """The words to test: single tokens first, and no word that merely holds one of them."""
    single = [name for name in names if words.single(name)]
    known = set(single)
    others = [n for n in names if n not in known and known.isdisjoint(words.pieces.get(n, ()))]
    return tuple([*single, *others][:_MOST])


@dataclass
class Tests:
    """Short texts that end in a head: one for each word, and for each distance."""

    words: ScanWords
    heads: Sequence[str]
    neutral: Sequence[str]
    rng: np.random.Generator
    texts: list[str] = field(default_factory=list)
    asked: list[tuple[str, int]] = field(default_factory=list)
    """The word and its distance from the head, by text; no word for controls."""

    def write(self, candidates: Sequence[str]) -> list[str]:
        """The texts."""
        for head in self.heads[:2]:
            self._add("", 1, head)
            for word in candidates:
                self._add(word, 1, head)
        for word in candidates[:_MEASURED]:
            for distance in _DISTANCES[1:]:
                self._add(word, distance, self.heads[0])
        return self.texts

    def _add(self, word: str, distance: int, head: str) -> None:
        count = 3 + (distance - 1) + (not word)
        others = [str(one) for one in self.rng.choice(self.neutral, count)]
        line = [*others[:3], *([word] if word else []), *others[3:], head]
        self.texts.append(" ".join(self.words.forms.get(name, name) for name in line))
        self.asked.append((word, distance))

    def read(self, scan: Scan, *, normal: bool) -> tuple[list[str], int]:
        """The words that change heads right behind them, and how far the change goes."""
        right: dict[str, list[bool]] = {}
        on, count = np.zeros(max(_DISTANCES) + 1), np.zeros(max(_DISTANCES) + 1)
        for row, (word, distance) in zip(scan.rows, self.asked, strict=True):
            if not row or row[-1].on is None or not word:
                continue
            differs = row[-1].on != normal
            if distance == 1:
                right.setdefault(word, []).append(differs)
        results = [word for word, outcomes in right.items() if all(outcomes)]
        for row, (word, distance) in zip(scan.rows, self.asked, strict=True):
            if word in results and row and row[-1].on is not None:
                on[distance] += row[-1].on != normal
                count[distance] += 1
        for far in range(1, len(count)):  # between the distances that were tested
            if not count[far]:
                nearer = max(d for d in _DISTANCES if d <= far)
                further = min(d for d in _DISTANCES if d >= far)
                both = on[nearer] > 0.5 * count[nearer] and on[further] > 0.5 * count[further]
                on[far], count[far] = float(both), 1.0
        return results, reach_of(on, count)
