"""What planted units are about, as an answer may put it: a name of the thing, or its members."""

import re
from collections.abc import Iterable, Mapping

from .reading import denied

NAMES: Mapping[str, str] = {
    "animals": r"animals?|mammals?|beasts?",
    "months": r"months?(?: names?)?|month names?",
    "weekdays": r"week ?days?|days? of the week|day names?",
    "units of time": r"units? of time|time[- ]units?|durations?|time periods?|periods? of time"
    r"|time[- ]words?",
    "numbers": r"numbers?|numerals?|number[- ]words?",
    "money": r"money|currenc(?:y|ies)|coins",
    "colours": r"colou?rs?",
    "vehicles": r"vehicles?|transport",
    "drinks": r"drinks?|beverages?",
    "capitals": r"capital(?:s|i[sz]ed|i[sz]ation| letters?)?|upper[- ]?case",
    "diseases": r"diseases?|illness(?:es)?",
    "family": r"family|relatives|kinship",
    "fruits": r"fruits?",
    "weather": r"weather",
    "professions": r"professions?|occupations?|jobs?",
    "women": r"wom[ae]n(?:['’]s?)?|females?|girls?(?:['’]s?)?",
    "royalty": r"royal(?:ty|s)?|monarchs?|nobility|noble titles",
    "end of a sentence": r"ends? of (?:a |the )?sentences?|sentence[- ](?:end|final)\w*"
    r"|(?:close|final) of sentences?|full stops?|sentence-ending|'\.'|\"\.\"",
}
"""Concept to a pattern of its names."""
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
