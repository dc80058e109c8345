"""Text in which two readings of a confounded unit agree at every place of every window.

Words that are written together fall apart where a window begins between them, and a token of one
may stand inside another word. Such words are replaced by ordinary ones, until no place is left at
which the readings differ: only an experiment can part them then.
"""

from collections.abc import Sequence

import numpy as np

from ....tools.data.windows import TokenWindows, cut
from ....tools.models.planted import Vocabulary
from ....tools.models.target import Target
from .functions import TextFunction

LENGTH = 64
"""Tokens of a window, as units are labelled by default."""
_ROUNDS = 12
_ORDINARY = 200  # words to choose from
_FREQUENT = 20  # of the most frequent words, that are left alone


def agreeing(
    documents: Sequence[str],
    target: Target,
    vocabulary: Vocabulary,
    functions: Sequence[TextFunction],
    rng: np.random.Generator,
) -> list[str]:
    """The documents with words replaced where confounded readings differ.

    Args:
        documents: The corpus.
        target: Whose tokens and windows count.
        vocabulary: Of the target.
        functions: All that is planted; words of none of them are put in.
        rng: Draws the words that are put in.

    Raises:
        ValueError: if places at which they differ are left.
    """
    apart = [function for function in functions if function.variant in ("complete", "outside")]
    out = list(documents)
    if not apart:
        return out
    named = {word.lower() for function in functions for group in function.words for word in group}
    ordinary: list[str] = []
    left = list(range(len(out)))
    for _ in range(_ROUNDS):
        windows = cut(target, [out[at] for at in left], length=LENGTH)
        ordinary = ordinary or _ordinary(windows, named)
        edits = _edits(windows, vocabulary, apart)
        if not edits:
            return out
        changed = sorted({document for document, _ in edits})
        for document in changed:
            spans = sorted(span for at, span in edits if at == document)
            out[left[document]] = _replaced(windows.texts[document], spans, ordinary, rng)
        left = [left[document] for document in changed]
    raise ValueError(f"confounded readings still differ in {len(left)} documents")


def _edits(
    windows: TokenWindows, vocabulary: Vocabulary, functions: Sequence[TextFunction]
) -> set[tuple[int, tuple[int, int]]]:
    """The words to replace, each as a document and its first and last character."""
    result: set[tuple[int, tuple[int, int]]] = set()
    for function in functions:
        atoms = function.evaluate(windows.ids, vocabulary)
        s, t = atoms["s"] & windows.counted, atoms["t"] & windows.counted
        differ = s & ~t if function.variant == "outside" else s ^ t
        before = {word.lower() for word in function.words[function.variant == "outside"]}
        for window, place in np.argwhere(differ):
            at = place if s[window, place] else place - 1
            document = int(windows.document[window])
            span = _word(windows, document, int(windows.ordinal[window, at]))
            if span is None:
                continue
            result.add((document, span))
            earlier = _word(windows, document, int(windows.ordinal[window, at]) - 1)
            text = windows.texts[document]
            if earlier and text[slice(*earlier)].lower() in before:
                result.add((document, earlier))
    return result


def _word(windows: TokenWindows, document: int, ordinal: int) -> tuple[int, int] | None:
    """First and last character of a word of a document."""
    rows = np.flatnonzero(windows.document == document)
    own = (windows.ordinal[rows] == ordinal) & (windows.word[rows] >= 0)
    if not own.any() or ordinal < 0:
        return None
    text = windows.texts[document]
    start, end = int(windows.start[rows][own].min()), int(windows.end[rows][own].max())
    while start < end and text[start].isspace():
        start += 1
    return start, end


def _replaced(
    text: str,
    spans: Sequence[tuple[int, int]],
    ordinary: Sequence[str],
    rng: np.random.Generator,
) -> str:
    for start, end in sorted(set(spans), reverse=True):
        word = str(rng.choice(ordinary))
        text = text[:start] + (word.capitalize() if text[start].isupper() else word) + text[end:]
    return text


def _ordinary(windows: TokenWindows, named: set[str]) -> list[str]:
    """Frequent words that are one token and that no function speaks of."""
    names = windows.vocabulary
    counts = np.bincount(windows.ids[windows.counted], minlength=len(names))
    order = np.argsort(-counts, kind="stable")
    spaced = any(name[:1].isspace() for name in names)
    fit = [names[at] for at in order if counts[at]]
    fit = [name.strip() for name in fit if name[:1].isspace() or not spaced]
    fit = [word for word in fit if word.isalpha() and word.islower() and len(word) > 2]
    fit = [word for word in fit if word not in named]
    return (fit[_FREQUENT:] or fit)[:_ORDINARY]
