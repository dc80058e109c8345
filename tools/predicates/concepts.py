"""Named concepts: words of one meaning, from the lexicon.

Resolving happens once, when a predicate is made; the predicate keeps the words.
"""

from collections.abc import Sequence

from ..english.inflection import PartOfSpeech, plural
from ..english.lexicon import categories
from ..errors import UsageError, nearest
from .atoms import Concept


def resolve(name_or_words: str | Sequence[str]) -> Concept:
    """A concept from a name in the lexicon (`animals`, also `animal`), or from seed words.

    Raises:
        UsageError: if the lexicon has no such name; names the nearest.
    """
    if isinstance(name_or_words, str):
        name, part, words = _named(name_or_words)
    else:
        words = tuple(dict.fromkeys(word.strip() for word in name_or_words if word.strip()))
        if not words:
            raise UsageError("a concept needs at least one seed word")
        name, part = _common_name(words)
    return Concept(name=name, words=words, part=part)


def _named(name: str) -> tuple[str, PartOfSpeech, tuple[str, ...]]:
    wanted = " ".join(name.lower().replace("_", " ").split())
    known = categories()
    for candidate in (wanted, plural(wanted) if wanted else wanted):
        if candidate in known:
            return candidate, known[candidate].part, known[candidate].words
    raise UsageError(f"no concept '{name[:40]}' in the lexicon; nearest: {nearest(wanted, known)}")


def _common_name(words: tuple[str, ...]) -> tuple[str, PartOfSpeech | None]:
    """The category that holds all the words, if one does; else the words themselves."""
    low = {word.lower() for word in words}
    for name, one in categories().items():
        if low <= {word.lower() for word in one.words}:
            return name, one.part
    return " and ".join(words[:2]) + (" and the like" if len(words) > 2 else ""), None
