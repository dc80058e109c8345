"""Named concepts: words of one meaning, from the lexicon, widened by embedding similarity.

Resolving happens once, when a predicate is made; the predicate keeps the words, so that
evaluating never embeds. Widening follows the mean embedding of the seed words: a vocabulary word
joins if it is nearer to that mean than the less typical of the seeds are.
"""

from collections.abc import Iterable, Sequence

from ..english.inflection import PartOfSpeech, plural
from ..english.lexicon import categories
from ..errors import UsageError, nearest
from .atoms import Concept


def concept(name: str) -> Concept:
    """The lexicon's concept of that name.

    Raises:
        UsageError: if the lexicon has none; names the nearest.
    """
    return resolve(name)


def resolve(
    name_or_words: str | Sequence[str],
    *,
    widen: bool = False,
    vocabulary_words: Iterable[str] | None = None,
) -> Concept:
    """A concept from a name in the lexicon, or from seed words.

    Args:
        name_or_words: A category's name (`animals`, also `animal`), or seed words.
        widen: Add words that an embedding model holds for alike; needs the offline extra.
        vocabulary_words: The words that may be added; without them, those of the lexicon.

    Raises:
        UsageError: if the name is unknown, or widening has no embedding model.
    """
    if isinstance(name_or_words, str):
        name, part, words = _named(name_or_words)
    else:
        words = tuple(dict.fromkeys(word.strip() for word in name_or_words if word.strip()))
        if not words:
            raise UsageError("a concept needs at least one seed word")
        name, part = _common_name(words)
    if widen:
        from .embedding import similar_words

        if vocabulary_words is None:
            vocabulary_words = [word for one in categories().values() for word in one.words]
        words = (*words, *similar_words(words, vocabulary_words))
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
