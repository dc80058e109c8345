"""Classes of words that grammar tells apart: closed classes, marks, endings."""

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple


class WordClass(NamedTuple):
    """One class; it has words, or marks, or a pattern that its words have."""

    name: str
    """With its article, as it stands behind `after`."""
    plural: str
    """Such as `determiners`."""
    words: tuple[str, ...] = ()
    """Lower-case."""
    marks: tuple[str, ...] = ()
    """Single characters."""
    pattern: str = ""
    """A regular expression for whole words."""

    def has(self, text: str) -> bool:
        """Whether a lower-case word or mark is of this class."""
        if self.pattern:
            return re.search(self.pattern, text) is not None
        return text in self.words or (bool(text) and all(mark in self.marks for mark in text))


@lru_cache(maxsize=1)
def word_classes() -> tuple[WordClass, ...]:
    """Every class, from `word_classes.json`."""
    path = Path(__file__).with_suffix(".json")
    data = json.loads(path.read_text(encoding="utf-8"))
    return tuple(
        WordClass(
            name,
            one["plural"],
            tuple(one.get("words", ())),
            tuple(one.get("marks", ())),
            one.get("pattern", ""),
        )
        for name, one in data.items()
    )
