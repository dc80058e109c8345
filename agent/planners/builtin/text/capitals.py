"""Texts with found words written in other capitals, which many a tokenizer cuts in other places.

They tell whether a unit looks at words or at tokens, and whether capitals matter to it.
"""

from collections.abc import Sequence

import numpy as np

from .scan import ScanWords

_LEAST = 2  # letters
_LINE = 24  # words of a text
_MOST_BEFORE = 16  # words before heads


def in_capitals(
    words: ScanWords,
    results: Sequence[str],
    lead: str,
    neutral: Sequence[str],
    rng: np.random.Generator,
) -> list[str]:
    """Lists of the words' other forms, each followed by a word of no effect."""
    out: list[str] = []
    line: list[str] = []
    for form in (form for name in results for form in _forms(words, name)):
        line += [form, str(rng.choice(neutral))]
        if len(line) >= _LINE:
            out.append(" ".join([lead, *line]))
            line = []
    return [*out, " ".join([lead, *line])] if line else out


def before_in_capitals(
    words: ScanWords,
    before: Sequence[str],
    head: str,
    neutral: Sequence[str],
    rng: np.random.Generator,
) -> list[str]:
    """Short texts that end in a head, with a word in other capitals right before it."""
    out: list[str] = []
    for name in before[:_MOST_BEFORE]:
        first = " ".join(str(one) for one in rng.choice(neutral, 2))
        out += [f"{first} {form} {words.forms[head]}" for form in _forms(words, name)]
    return out


def _forms(words: ScanWords, name: str) -> list[str]:
    """Other ways to write a word than the one that is written as a rule."""
    if len(name) < _LEAST:
        return []
    ways = dict.fromkeys((name.lower(), name[:1].upper() + name[1:].lower(), name.upper()))
    return [way for way in ways if way != words.forms.get(name)]
