"""The word sets of tier A: everyday categories, written for this suite and used nowhere else.

No word is in two categories. The pools hold words that are in no category and in no sentence frame,
for pairings whose words must occur nowhere else.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Category:
    """A named set of words."""

    name: str
    """What it is called; no tool shows it."""
    words: tuple[str, ...]
    """Each as it is written inside a sentence."""
    part: str
    """`noun`, `verb` (past tense), `adjective`, `adverb` or `name`."""
    sisters: tuple[str, ...] = ()
    """Names of the categories that are nearest to it: its near misses."""


@dataclass(frozen=True)
class Pairing:
    """Two word sets that come together more often than chance has it."""

    before: tuple[str, ...]
    """Adjectives."""
    after: tuple[str, ...]
    """Nouns, right after an adjective of `before`."""
    overlap: float
    """The share of occurrences written together; at 1 none is ever apart."""


def categories() -> dict[str, Category]:
    """The categories by name."""
    return {
        name: Category(name, tuple(item["words"]), item["part"], tuple(item["sisters"]))
        for name, item in _read()["categories"].items()
    }


def pools() -> dict[str, tuple[str, ...]]:
    """`adjectives` and `nouns` for pairings, in no category."""
    return {name: tuple(words) for name, words in _read()["pools"].items()}


@cache
def _read() -> dict:
    return json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))
