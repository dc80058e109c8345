"""The lexicon: everyday concepts with their words and part of speech, from `lexicon.json`."""

import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from .inflection import PartOfSpeech


class Category(NamedTuple):
    """One concept: base forms, single words, lower-case except proper names."""

    part: PartOfSpeech
    words: tuple[str, ...]
    countable: bool
    """Whether a word of it takes `a` and a plural."""


@lru_cache(maxsize=1)
def categories() -> dict[str, Category]:
    """Every category by name."""
    data = json.loads((Path(__file__).parent / "lexicon.json").read_text(encoding="utf-8"))
    return {
        name: Category(one["part"], tuple(one["words"]), one["count"]) for name, one in data.items()
    }


@lru_cache(maxsize=1)
def lexicon() -> dict[str, tuple[str, ...]]:
    """Category name to words."""
    return {name: category.words for name, category in categories().items()}
