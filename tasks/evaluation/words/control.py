"""Control questions about marked places: does a judge read them at all?

The answer stands in the question: whether the marked word is the one that the description names,
or whether the word that it names stands before the mark. Half of the places fit. A judge that
guesses, turns the scale round or looks at the word alone is known by the share that it gets right,
which stands beside every score of that judge.
"""

import re
from collections.abc import Sequence

import numpy as np

from ....tools.data.image_rows import ImageRows
from ....tools.data.windows import TokenWindows
from ..scorers.contract import Control
from ..scorers.judges import Judge
from . import control_pictures
from .judging import Asked, Sheet, degrees_of
from .views import shown

WORD = 'the word "{}"'
CONTEXT = 'any token, if the word "{}" stands anywhere before it in the text'
PLACES = 8
"""Of one question; half of them fit."""
QUESTIONS = 2
"""Of each kind."""
LEAST_BEFORE = 30
"""Characters of text before the mark of a question about what stands there."""
_WORD = re.compile(r"[^\W\d_]{3,12}")
_MARK = re.compile(r"«(.*?)»")


def control(
    judge: Judge, windows: TokenWindows | ImageRows, asked: Asked, rng: np.random.Generator
) -> Control | None:
    """What a judge does on control questions; None where the texts have too few words."""
    made = questions(windows, rng)
    if not made:
        return None
    sheets = [sheet for sheet, _ in made]
    right = failed = 0
    for (sheet, truth), read in zip(made, degrees_of(judge, sheets, asked), strict=True):
        right += sum((read[key] > 5) == truth[key] for key in read)
        failed += len(sheet.shown) - len(read)
    n = sum(len(truth) for _, truth in made)
    return Control(right / n, failed, n)


def questions(
    windows: TokenWindows | ImageRows, rng: np.random.Generator
) -> list[tuple[Sheet, dict[str, bool]]]:
    """Sheets of both kinds with what is true of each place."""
    if isinstance(windows, ImageRows):
        return control_pictures.questions(rng)
    places = _whole_words(windows, rng)
    texts = [shown(windows, row, at, causal=True) for row, at in places]
    words = [_MARK.search(text)[1].lower() for text in texts]  # type: ignore[index]
    before = [
        {word.lower() for word in re.findall(r"\w+", text[text.index(":") : text.index("«")])}
        if text.index("«") >= LEAST_BEFORE
        else None
        for text in texts
    ]
    used: set[str] = set()
    made = []
    for form, holds in (
        (WORD, [{word} for word in words]),
        (CONTEXT, before),
    ):
        for _ in range(QUESTIONS):
            one = _question(form, holds, texts, used, rng)
            made += [one] if one else []
    return made


def _question(
    form: str,
    holds: Sequence[set[str] | None],
    texts: list[str],
    used: set[str],
    rng: np.random.Generator,
) -> tuple[Sheet, dict[str, bool]] | None:
    """A question about a word that enough places have and lack."""
    half = PLACES // 2
    counts: dict[str, list[int]] = {}
    for i, known in enumerate(holds):
        for word in known or ():
            if _WORD.fullmatch(word):
                counts.setdefault(word, []).append(i)
    asked = [i for i, known in enumerate(holds) if known is not None]
    fit = sorted(
        word
        for word, inside in counts.items()
        if len(inside) >= half and len(asked) - len(inside) >= half and word not in used
    )
    if not fit:
        return None
    word = str(rng.choice(fit))
    used.add(word)
    outside = [i for i in asked if word not in (holds[i] or ())]
    chosen = [
        *rng.choice(counts[word], half, replace=False),
        *rng.choice(outside, half, replace=False),
    ]
    order = rng.permutation(PLACES)
    shown = {str(number): texts[chosen[i]] for number, i in enumerate(order, 1)}
    truth = {str(number): bool(i < half) for number, i in enumerate(order, 1)}
    return Sheet(form.format(word), shown), truth


def _whole_words(
    windows: TokenWindows, rng: np.random.Generator, n: int = 4000
) -> list[tuple[int, int]]:
    """Random places whose token is a whole word."""
    row, at = np.nonzero(windows.counted & (windows.word >= 0))
    found = []
    for i in rng.permutation(len(row))[:n]:
        surface = windows.vocabulary[int(windows.ids[row[i], at[i]])].strip()
        if _WORD.fullmatch(surface) and surface == windows.words[int(windows.word[row[i], at[i]])]:
            found.append((int(row[i]), int(at[i])))
    return found
