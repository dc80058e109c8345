"""Texts that a predictor calls fitting, near-misses and unrelated, without a language model.

1. Fitting: windows of validation in which the predictor holds.
2. Near-misses: other such windows, with every word that carries the predictor exchanged for one of
   the same category of the lexicon and the same form (any word of the text where there is none),
   until the predictor holds nowhere. One that cannot be mended so is left out.
3. Unrelated: windows of validation in which it never holds.
"""

from collections.abc import Sequence

import numpy as np

from ....tools.data.windows import WORD, TokenWindows, cut
from ....tools.english.inflection import plural
from ....tools.english.lexicon import categories
from ....tools.predicates import Predicate, parse
from .contract import Case

HOLDS = 0.5
TRIES = 12
"""Exchanges tried for one near-miss."""


def write(case: Case, rng: np.random.Generator, n: int) -> dict[str, list[str]] | None:
    """Texts by kind, `many` of each at most; None where some kind has none."""
    parts = [parse(predictor) for predictor in case.predictors]
    windows = case.splits.validation.windows
    holds = _degrees(parts, windows).max(1) >= HOLDS
    inside, outside = (rng.permutation(np.flatnonzero(rows)) for rows in (holds, ~holds))
    half = len(inside) // 2
    spare, unrelated = inside[half:], outside[:n]
    missed: list[str] = []
    for row in spare:
        if len(missed) == n:
            break
        near = _near_miss(case, parts, windows.text(int(row)), rng)
        if near is not None:
            missed.append(near)
    result = {
        "fit": [windows.text(int(row)) for row in inside[:half][:n]],
        "near_miss": missed,
        "unrelated": [windows.text(int(row)) for row in unrelated],
    }
    return result if all(result.values()) else None


def exchanged(word: str, rng: np.random.Generator, others: Sequence[str]) -> str:
    """Another word of the same category, form and case; without a category one of `others`."""
    low = word.lower()
    options = []
    for category in categories().values():
        base = [item for item in category.words if item.lower() != low]
        if len(base) < len(category.words):
            options += base
        elif category.countable and any(plural(item).lower() == low for item in category.words):
            options += [plural(item) for item in base if plural(item).lower() != low]
    pool = options or [item for item in others if item.isalpha() == word.isalpha()]
    if not pool:
        return word
    chosen = str(pool[int(rng.integers(len(pool)))])
    return chosen[:1].upper() + chosen[1:] if word[:1].isupper() else chosen


def _near_miss(
    case: Case, parts: Sequence[Predicate], text: str, rng: np.random.Generator
) -> str | None:
    """The text with its carrying words exchanged so that the predictor holds nowhere."""
    alone = _rows(case, [text])
    places = np.flatnonzero(_degrees(parts, alone)[0] >= HOLDS)
    starts, ends = alone.start[0][places], alone.end[0][places]
    spans = [
        match.span()
        for match in WORD.finditer(text)
        if ((starts < match.end()) & (ends > match.start())).any()
    ]
    if not spans:
        return None
    others = [word for word in WORD.findall(text) if len(word) > 3]
    tried = []
    for _ in range(TRIES):
        new = text
        for start, end in reversed(spans):
            new = new[:start] + exchanged(new[start:end], rng, others) + new[end:]
        tried.append(new)
    rest = _degrees(parts, _rows(case, tried)).max(1)
    good = [new for new, degree in zip(tried, rest, strict=True) if degree < HOLDS]
    return good[0] if good else None


def _rows(case: Case, texts: Sequence[str]) -> TokenWindows:
    length = case.splits.validation.windows.ids.shape[1]
    return cut(case.target, texts, length=max(length, 64), document_per_row=True)


def _degrees(parts: Sequence[Predicate], windows: TokenWindows) -> np.ndarray:
    """`[window, place]`, the largest of the parts'."""
    return np.max([part.evaluate(windows) for part in parts], axis=0)
