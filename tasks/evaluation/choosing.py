"""Chooses between explanations of a unit by sentence embeddings: the baseline without a judge.

Each explanation gets a score of two parts (our formulation):

1. Meaning: the correlation, over the words of the records, of the unit's activation with the cosine
   between the word's embedding and the explanation's.
2. Context: the explanation's similarity with the active phrases and with what stands around active
   words, weighted by activation, above its mean over the words of all items: a generic explanation
   is near to everything.

The order of the explanations is drawn, and so are ties. What an embedding cannot tell (a list of
words from a longer one, grammar, spelling, neighbours) is left to a judge.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...tools.statistics.association import correlation
from ...tools.statistics.intervals import share
from . import embeddings
from .items import Item, Question
from .records import Words, windows_of, words_of


class Choice(NamedTuple):
    """The explanation that was chosen for a question."""

    option: int | None
    """None: there was no readable answer."""
    scores: tuple[dict[str, float], ...] = ()
    """Of each option, by kind."""
    tied: bool = False
    reason: str | None = None


def choose_by_embeddings(questions: Sequence[Question], *, seed: int = 0) -> list[Choice]:
    """Chooses in every question.

    Raises:
        UsageError: if the offline extra is not installed.
    """
    if not questions:
        return []
    items = [words_of(q.records, windows_of(q.records)) for q in questions]
    contexts = [embeddings.of_words(words.context) for words in items]  # each [word, dimension]
    singles = [embeddings.of_words(words.text) for words in items]
    usual_context = np.mean([part.mean(0) for part in contexts], axis=0)
    usual_word = np.mean([part.mean(0) for part in singles], axis=0)
    choices = []
    for number, question in enumerate(questions):
        words = items[number]
        options = embeddings.of_descriptions(question.options)  # [option, dimension]
        near = options @ singles[number].T  # [option, word]
        around = options @ (_weighted(words.activation, contexts[number]) - usual_context)
        inside = options @ (_active_phrases(words) - usual_word)
        meaning = [correlation(row, words.activation) for row in near]
        context = 2 * (around + inside)  # [option]
        total = np.array(meaning) + context
        best = np.flatnonzero(total >= total.max() - 1e-9)
        option = int(np.random.default_rng([seed, 1, number]).choice(best))
        scores = tuple(
            {"meaning": float(m), "context": float(c), "total": float(t)}
            for m, c, t in zip(meaning, context, total, strict=True)
        )
        choices.append(Choice(option, scores, tied=len(best) > 1))
    return choices


def summary(items: Sequence[Item], choices: Sequence[Choice]) -> dict[str, Any]:
    """Accuracy with its interval; an unreadable answer is no right one."""
    right = [choice.option == item.true for item, choice in zip(items, choices, strict=True)]
    accuracy = share(right)
    failed = sum(choice.option is None for choice in choices)
    answered = len(items) - failed
    chance = [1 / len(item.question.options) for item in items]
    return {
        "accuracy": accuracy["value"],
        "low": accuracy["low"],
        "high": accuracy["high"],
        "n": len(items),
        "chance": float(np.mean(chance)) if items else None,
        "failed": failed,
        "accuracy_of_answered": sum(right) / answered if answered else None,
        "tied": sum(choice.tied for choice in choices),
    }


def _active_phrases(words: Words) -> np.ndarray:
    """The mean embedding of the active phrases, weighted by activation, `[dimension]`."""
    phrases = words.phrases()
    vectors = embeddings.of_words([phrase.text for phrase in phrases])
    return _weighted(np.array([phrase.activation for phrase in phrases]), vectors)


def _weighted(weight: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    return weight / weight.sum() @ vectors
