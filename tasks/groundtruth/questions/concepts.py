"""What planted units are about, as an answer may put it: a name of the thing, or its members."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from .reading import denied

_TABLES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
NAMES: Mapping[str, str] = _TABLES["names"]
"""Concept to a pattern of its names."""
ABOUT: Mapping[str, frozenset[str]] = {
    unit: frozenset(names) for unit, names in _TABLES["about"].items()
}
"""What each planted unit is about, in the concepts that an answer is read for."""
WORDS: Mapping[str, list[str]] = {name: text.split() for name, text in _TABLES["words"].items()}
"""Members of concepts that share a unit with another, or that no unit lists."""
_MEMBERS = 2  # different words of a concept that stand for it


class Reader:
    """Finds concepts in sentences.

    Args:
        members: The words of each concept; a word of several stands for none of them.
    """

    def __init__(self, members: Mapping[str, Iterable[str]]) -> None:
        low = {name: {word.lower() for word in words} for name, words in members.items()}
        self._members = {
            name: words - {w for other, more in low.items() if other != name for w in more}
            for name, words in low.items()
        }
        self._names = {
            name: re.compile(rf"(?<![\w-])(?:{pattern})(?!\w)", re.IGNORECASE)
            for name, pattern in NAMES.items()
        }

    def concepts(self, sentences: Iterable[str]) -> set[str]:
        """The concepts that sentences state."""
        found: set[str] = set()
        listed: dict[str, set[str]] = {}
        for sentence in sentences:
            for name, pattern in self._names.items():
                if any(not denied(sentence, hit.start()) for hit in pattern.finditer(sentence)):
                    found.add(name)
            for hit in re.finditer(r"[^\W\d_]+", sentence):
                word = hit.group().lower()
                for name, words in self._members.items():
                    if word in words and not denied(sentence, hit.start()):
                        listed.setdefault(name, set()).add(word)
        return found | {name for name, words in listed.items() if len(words) >= _MEMBERS}
