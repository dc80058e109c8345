"""Control questions: can a judge be believed at all?

A judge that answers at random half of the time gives readable answers, and nothing in a score tells
it from a poor description. So it is asked questions whose answers are plain: which of these texts
contain the word "river"? The share that it gets right stands beside every score of that judge.
"""

import re

import numpy as np

from ....tools.data.image_rows import ImageRows
from ....tools.data.windows import TokenWindows
from .contract import Control
from .detection import ShownText, answers_of
from .judges import Judge

WORDS = 16
TEXTS = 5
DESCRIPTION = 'the word "{}"'
_WORD = re.compile(r"[^\W\d_]{4,}")


def control(judge: Judge, windows: TokenWindows, rng: np.random.Generator) -> Control | None:
    """Asks about `WORDS` words, `TEXTS` texts each; None where the windows have too few words."""
    if isinstance(windows, ImageRows):
        return None
    texts = [windows.text(row) for row in range(len(windows))]
    there: dict[str, set[int]] = {}
    for row, text in enumerate(texts):
        for word in set(_WORD.findall(text.lower())):
            there.setdefault(word, set()).add(row)
    fit = sorted(word for word, rows in there.items() if 3 <= len(rows) <= len(texts) // 2)
    if len(fit) < WORDS:
        return None
    right, failed = [], 0
    for word in rng.choice(fit, WORDS, replace=False):
        inside = np.array(sorted(there[word]))
        outside = np.setdiff1d(np.arange(len(texts)), inside)
        n = int(rng.integers(1, min(TEXTS, len(inside) + 1)))
        rows = [*rng.choice(inside, n, replace=False)]
        rows += [*rng.choice(outside, TEXTS - n, replace=False)]
        shown = [ShownText(texts[row], at < n, int(row), "control") for at, row in enumerate(rows)]
        answers = answers_of(judge, "detection", DESCRIPTION.format(word), shown, rng)
        truth = np.array([item.truth for item in shown])
        right.append(float((answers.yes == truth).mean()))
        failed += int(answers.failed.sum())
    return Control(float(np.mean(right)), failed, WORDS * TEXTS)
