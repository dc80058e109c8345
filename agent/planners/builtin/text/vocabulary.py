"""The words of explore that scans ask of, each with the form to write it in."""

from collections.abc import Sequence

import numpy as np

from .....tools.data.windows import TokenWindows
from .....tools.predicates.view import view_of

_SMALL = 0.25  # share of a word's occurrences with a small first letter, to be written so
_OFTEN = 5  # occurrences of the beginning of longer words, to be asked as a word


def vocabulary(windows: TokenWindows, *, most: int) -> dict[str, str]:
    """Words of letters, the most frequent first; by lower-case name, the form to write.

    A form that is one token goes before those that are cut. Tokens that begin longer words are
    among them: a unit may look at tokens. Where explore has fewer words than `most`, the words
    that are one token of the target fill up.
    """
    inside = windows.word[windows.counted & (windows.word >= 0)]
    counts: dict[str, dict[str, int]] = {}
    _count(counts, windows.words, np.bincount(inside, minlength=len(windows.words)), 1)
    begins = view_of(windows).begins & windows.counted
    totals = np.bincount(windows.ids[begins], minlength=len(windows.vocabulary))
    known = set(counts)
    parts: dict[str, dict[str, int]] = {}
    _count(parts, [text.strip() for text in windows.vocabulary], totals, _OFTEN)
    counts |= {name: cased for name, cased in parts.items() if name not in known and len(name) > 1}
    order = sorted(counts, key=lambda name: (-sum(counts[name].values()), name))
    whole = {text.strip() for text in windows.vocabulary if text[:1].isspace()}
    forms = {}
    for name in order[:most]:
        cased = {way: totals for way, totals in counts[name].items() if way in whole} or counts[
            name
        ]
        small = cased.get(name, 0) >= _SMALL * sum(cased.values())
        forms[name] = name if small else max(cased, key=lambda one: cased[one])
    for text in windows.vocabulary:
        if len(forms) >= most:
            break
        word = text.strip()
        if text[:1].isspace() and word.isalpha() and len(word) > 2:
            forms.setdefault(word.lower(), word)
    return forms


def _count(
    counts: dict[str, dict[str, int]], words: Sequence[str], totals: np.ndarray, least: int
) -> None:
    for word, count in zip(words, totals.tolist(), strict=True):
        if count >= least and word.isalpha():
            cased = counts.setdefault(word.lower(), {})
            cased[word] = cased.get(word, 0) + count
