"""Chooses between explanations of a unit without a model: by their words, and by their meaning.

Each explanation gets evidence for it or against it, in four parts whose sum decides:

1. Exact: what it says of quoted words, grammar, spelling and neighbours is read as predicates
   (`wording.py`) and correlated with the activations over the words of the records. What can be
   decided so counts against an explanation that fits badly. A list of words that says nothing else
   must fit almost perfectly, for the true one of its kind does: near misses are told by that.
2. Words: the words that it names, and those of its concepts, correlated likewise; their absence
   counts nothing.
3. Meaning: the cosine of its embedding with each word's, correlated likewise.
4. Context: its cosine with the active phrases and with what stands around them, weighted by
   activation, above its mean over the words of all items: a generic explanation is near to
   everything.

A list of words is judged by 1 alone: its embedding is near to its own words whatever is true. The
order of the explanations is drawn, and so are ties.

Our formulation; 3 and 4 need the offline extra. The weights were set on other items than those that
accuracies are reported on.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...tools.data.windows import TokenWindows
from ...tools.statistics.association import correlation
from . import meaning
from .items import Item, Question
from .records import Words, windows_of, words_of
from .wording import read

CLOSED = ((4.0, 0.7), (10.0, 0.85))
"""Weight, and the correlation from which on a list of words speaks for itself; then more so."""
EXACT = (1.5, 0.35)
"""The same for other predicates that can be decided."""
AROUND, PHRASE = 2.0, 2.0
"""Weights of the context and of the active phrases."""


class Choice(NamedTuple):
    """What a chooser made of a question."""

    option: int | None
    """None: it gave no readable answer."""
    scores: tuple[dict[str, float], ...] = ()
    """Of each option, by kind."""
    tied: bool = False
    reason: str | None = None


def choose_offline(
    questions: Sequence[Question], *, seed: int = 0, with_meaning: bool = True
) -> list[Choice]:
    """Chooses in every question."""
    read_ = [_words(question) for question in questions]
    found = [_lexical(q, r) for q, r in zip(questions, read_, strict=True)]
    if with_meaning and questions:
        for row, extra in zip(found, _meanings(questions, read_), strict=True):
            for scores, more in zip(row, extra, strict=True):
                scores.update(more)
    choices = []
    for number, row in enumerate(found):
        for scores in row:
            scores["total"] = sum(scores.values())
        total = np.array([scores["total"] for scores in row])
        best = np.flatnonzero(total >= total.max() - 1e-9)
        option = int(np.random.default_rng([seed, 1, number]).choice(best))
        choices.append(Choice(option, tuple(row), tied=len(best) > 1))
    return choices


def summary(items: Sequence[Item], choices: Sequence[Choice]) -> dict[str, Any]:
    """Accuracy with its interval; an unreadable answer is no right one."""
    right = sum(c.option == item.true for item, c in zip(items, choices, strict=True))
    failed = sum(choice.option is None for choice in choices)
    many, answered = len(items), len(items) - failed
    low, high = wilson(right, many)
    return {
        "accuracy": right / many if many else None,
        "low": low,
        "high": high,
        "n": many,
        "chance": float(np.mean([1 / len(i.question.options) for i in items])) if many else None,
        "failed": failed,
        "accuracy_of_answered": right / answered if answered else None,
        "tied": sum(choice.tied for choice in choices),
    }


def wilson(right: int, many: int) -> tuple[float | None, float | None]:
    """The 95% interval of a share (Wilson 1927)."""
    if not many:
        return None, None
    z = 1.959964
    share, spread = right / many, z * z / many
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / many + spread / (4 * many)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


class _Read(NamedTuple):
    words: Words
    windows: TokenWindows


def _words(question: Question) -> _Read:
    windows = windows_of(question.records)
    return _Read(words_of(question.records, windows), windows)


def _lexical(question: Question, read_: _Read) -> list[dict[str, float]]:
    """`exact` and `words` of every option."""
    words, windows = read_
    found = []
    for option in question.options:
        reading = read(option)
        fits: dict[str, float] = {}
        for name, predicate in reading.parts().items():
            held = predicate.evaluate(windows)  # [window, place]
            said = held[words.place[:, 0], words.place[:, 1]]
            fits[name] = correlation(said, words.activation)
        if reading.closed:
            found.append({"exact": _listed(fits["quoted"]), "words": 0.0})
            continue
        soft = [fit for name, fit in fits.items() if name.endswith(("words", "concept"))]
        found.append({"exact": _exact(fits), "words": max(0.0, *soft, 0.0)})
    return found


def _listed(fit: float) -> float:
    """Evidence of a list that says nothing else."""
    (weight, least), (more, almost) = CLOSED
    return weight * (fit - least) + more * max(0.0, fit - almost)


def _exact(fits: Mapping[str, float]) -> float:
    """Evidence of what can be decided; quoted words of an open text are but examples."""
    weight, least = EXACT
    decided = [fit for name, fit in fits.items() if name.endswith(("grammar", "quoted"))]
    if not decided:
        return 0.0
    evidence = weight * (max(decided) - least)
    strict = any(name.endswith("grammar") or name.startswith("beside") for name in fits)
    return evidence if strict else max(0.0, evidence)


def _meanings(
    questions: Sequence[Question], read_: Sequence[_Read]
) -> list[list[dict[str, float]]]:
    """`meaning` and `context` of every option of every question."""
    contexts = [meaning.of_words(item.words.context) for item in read_]  # each [word, dimension]
    singles = [meaning.of_words(item.words.text) for item in read_]
    usual_context = np.mean([part.mean(0) for part in contexts], axis=0)
    usual_word = np.mean([part.mean(0) for part in singles], axis=0)
    found = []
    for question, (words, _), context, single in zip(
        questions, read_, contexts, singles, strict=True
    ):
        readings = [read(option) for option in question.options]
        said = meaning.of_descriptions([reading.core for reading in readings])
        near = said @ single.T  # [option, word]
        weight = words.activation / words.activation.sum()
        phrases = words.phrases()
        strength = np.array([phrase.activation for phrase in phrases])
        spoken = meaning.of_words([phrase.text for phrase in phrases])  # [phrase, dimension]
        around = said @ (weight @ context - usual_context)  # [option]
        inside = said @ (strength / strength.sum() @ spoken - usual_word)
        found.append(
            [
                {"meaning": 0.0, "context": 0.0}
                if reading.closed
                else {
                    "meaning": correlation(near[number], words.activation),
                    "context": float(AROUND * around[number] + PHRASE * inside[number]),
                }
                for number, reading in enumerate(readings)
            ]
        )
    return found
