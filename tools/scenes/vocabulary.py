"""The English words that prompts are made of, each with what it means in a scene.

They are in `vocabulary.json`, by what they stand for; of two meanings of a word the first counts.
"""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from ..english.inflection import plural
from .palette import COLOURS
from .things import GROUPS, NAMES

Sort = Literal[
    "number", "size", "colour", "texture", "pattern", "name", "setting", "ground", "relation",
    "place", "before", "link", "skip"
]  # fmt: skip


class Word(NamedTuple):
    """One word or fixed phrase."""

    sort: Sort
    value: str = ""
    """What it stands for; names of things are separated by blanks."""
    plural: bool = False


_VALUES: tuple[Sort, ...] = (
    *("number", "size", "texture", "pattern", "setting", "relation", "place"),
)
"""Sorts whose words stand for a value."""
_PLAIN: tuple[Sort, ...] = ("ground", "before", "link", "skip")


@lru_cache(maxsize=1)
def vocabulary() -> dict[tuple[str, ...], Word]:
    """Every word and phrase of prompts."""
    words = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    result: dict[tuple[str, ...], Word] = {}

    def add(text: str, word: Word) -> None:
        result.setdefault(tuple(text.split()), word)

    def noun(text: str, value: str) -> None:
        head, _, last = text.rpartition(" ")
        add(text, Word("name", value))
        several = f"{head} {plural(last)}".strip()
        if not last.endswith("thing") or last == "thing":
            add(several, Word("name", value, several != text))

    for name in NAMES:
        for text in (name, *words["names"].get(name, ())):
            noun(text, name)
    for group, texts in words["groups"].items():
        for text in texts:
            noun(text, " ".join(GROUPS[group]))
    for text in words["any"]:
        noun(text, "")
    for colour in COLOURS:
        for text in (colour, *words["colour"].get(colour, ())):
            add(text, Word("colour", colour))
    for sort in _VALUES:
        for value, texts in words[sort].items():
            for text in texts:
                add(text, Word(sort, value))
    for sort in _PLAIN:
        for text in words[sort]:
            add(text, Word(sort, text))
    return result


@lru_cache(maxsize=1)
def _longest() -> int:
    """Words in the longest phrase."""
    return max(map(len, vocabulary()))


def phrases(words: Sequence[str]) -> Iterator[tuple[str, Word | None]]:
    """The longest known phrases, from left to right, and what each means; None: unknown."""
    at = 0
    while at < len(words):
        sizes = range(min(_longest(), len(words) - at), 0, -1)
        size = next((n for n in sizes if tuple(words[at : at + n]) in vocabulary()), 1)
        spoken = tuple(words[at : at + size])
        yield " ".join(spoken), vocabulary().get(spoken)
        at += size


@lru_cache(maxsize=1)
def single_words() -> tuple[str, ...]:
    """Every word that means something by itself, for suggestions."""
    return tuple(k[0] for k, word in vocabulary().items() if len(k) == 1 and word.sort != "skip")
