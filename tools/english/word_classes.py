"""Classes of words that grammar tells apart: closed classes, marks, endings."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple


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

    function: bool = False
    """Whether its words are function words."""

    @property
    def numeric(self) -> bool:
        """Whether it speaks of numbers."""
        return self.name.startswith("a number")

    def among(self, names: Sequence[str]) -> list[bool]:
        """Which lower-case words and marks are of this class."""
        if self.pattern:
            return [re.search(self.pattern, name) is not None for name in names]
        words, marks = frozenset(self.words), frozenset(self.marks)
        return [name in words or (bool(name) and marks.issuperset(name)) for name in names]


@lru_cache(maxsize=1)
def word_classes() -> tuple[WordClass, ...]:
    """Every class, from `word_classes.json`."""
    data = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))

    def given(one: dict[str, Any]) -> dict[str, Any]:
        return {key: tuple(it) if isinstance(it, list) else it for key, it in one.items()}

    return tuple(WordClass(name, **given(one)) for name, one in data.items())


def of_pattern(pattern: str) -> WordClass | None:
    """The class whose words have this pattern, if it is one's."""
    return next((one for one in word_classes() if one.pattern == pattern and pattern), None)
