"""Choices between explanations by a judge, who sees active texts, the strongest tokens, and others.

What the judge is shown is data in JSON. An answer that is not exactly one of the letters is no
answer: it is counted, and no right one.
"""

from collections.abc import Sequence
from typing import Any

from .choosing import Choice
from .items import LETTERS, Question
from .records import ACTIVE, Phrase, Record, surfaces, windows_of, words_of
from .scorers.judges import Judge, ask
from .scorers.judges import Question as Asked
from .scorers.replies import one_of

TEXTS = 12
"""Active texts that are shown, and inactive ones."""
_AROUND = 40
"""Tokens shown on each side of a text's strongest one."""
_TOKENS = 20


def choose_by_judge(questions: Sequence[Question], judge: Judge) -> list[Choice]:
    """Asks once a question.

    Raises:
        UsageError: if the judge cannot be used at all.
    """
    asked = [Asked("choose", shown(question)) for question in questions]
    choices = []
    for question, answer in zip(questions, ask(judge, asked), strict=True):
        letters = LETTERS[: len(question.options)]
        letter = one_of(answer, letters)
        if letter is None:
            said = " ".join(answer.text.split())[:80]
            choices.append(Choice(None, reason=f"no readable answer: {said!r}"))
        else:
            choices.append(Choice(letters.index(letter)))
    return choices


def shown(question: Question) -> dict[str, Any]:
    """What the judge is shown of a question."""
    peak = max(value for record in question.records for value in record.activations)
    least = ACTIVE * peak
    ordered = sorted(question.records, key=lambda record: -max(record.activations))
    active = [record for record in ordered if max(record.activations) >= least]
    inactive = [record for record in ordered if max(record.activations) < least]
    words = words_of(question.records, windows_of(question.records))
    phrases = sorted(words.phrases(), key=lambda phrase: -phrase.activation)
    return {
        "explanations": dict(zip(LETTERS, question.options, strict=False)),
        "strongest": [phrase.text[:100] for phrase in _different(phrases)[:_TOKENS]],
        "active": [_marked(record, least) for record in active[:TEXTS]],
        "inactive": [_marked(record, float("inf")) for record in inactive[:TEXTS]],
    }


def _different(phrases: Sequence[Phrase]) -> list[Phrase]:
    return list({phrase.text: phrase for phrase in reversed(phrases)}.values())[::-1]


def _marked(record: Record, least: float) -> str:
    """The text around the strongest token, tokens from `least` on between « and »."""
    tokens = surfaces(record.tokens)
    top = max(range(len(tokens)), key=lambda at: record.activations[at])
    pieces = []
    for at in range(max(0, top - _AROUND), min(len(tokens), top + _AROUND + 1)):
        token = tokens[at].replace("«", "<").replace("»", ">")
        bare = token.strip()
        if record.activations[at] >= least and bare:
            token = token.replace(bare, f"«{bare}»", 1)
        pieces.append(token)
    return "".join(pieces).replace("»«", "").strip()
