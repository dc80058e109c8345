"""Activation records: tokens with activations and no model, as windows that predicates read."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...tools.data.windows import WORD, TokenWindows, clean

ACTIVE = 0.3
"""Share of the largest activation from which on a token counts as active, as delphi marks them."""


class Record(NamedTuple):
    """One text with the unit's activations."""

    tokens: tuple[str, ...]
    activations: tuple[float, ...]


class Phrase(NamedTuple):
    """Active words that stand side by side."""

    text: str
    activation: float


class Words(NamedTuple):
    """The words of records in reading order, with what their tokens have at most."""

    activation: np.ndarray
    """float64 `[word]`, zero or more, at most 1 over all records."""
    text: list[str]
    """`[word]`: as written."""
    context: list[str]
    """`[word]`: the words around it."""
    place: np.ndarray
    """int64 `[word, 2]`: window and place of its first token."""

    def phrases(self) -> list[Phrase]:
        """The active phrases, each with its largest activation."""
        result: list[Phrase] = []
        last = (-1, -2)  # window and number of the last active word
        for number in np.flatnonzero(self.activation >= ACTIVE):
            here = (int(self.place[number, 0]), int(number))
            text, value = self.text[number], float(self.activation[number])
            if here == (last[0], last[1] + 1):
                text = f"{result[-1].text} {text}"
                value = max(result.pop().activation, value)
            result.append(Phrase(text, value))
            last = here
        return result


def surfaces(tokens: Sequence[str]) -> list[str]:
    """The text that tokens stand for, whichever tokenizer's marks they carry."""
    result = [
        clean(token).replace("Ġ", " ").replace("▁", " ").replace("Ċ", "\n") for token in tokens
    ]
    result = [re.sub(r"<0x0A>|<\|endoftext\|>|<bos>|<s>|\[CLS\]|\[SEP\]", "\n", t) for t in result]
    if any(" " in token or "\n" in token for token in result):
        return result
    glued = any(token.startswith("##") for token in result)
    return [
        token[2:] if glued and token.startswith("##") else f" {token}" if at else token
        for at, token in enumerate(result)
    ]


def windows_of(records: Sequence[Record]) -> TokenWindows:
    """One window a record; every token counts."""
    rows = [surfaces(record.tokens) for record in records]
    shape = (len(rows), max((len(row) for row in rows), default=0))
    vocabulary: dict[str, int] = {}
    interned: dict[str, int] = {}
    ids, start, end = np.zeros((3, *shape), np.int32)
    word, ordinal = np.full((2, *shape), -1, np.int32)
    attended = np.zeros(shape, bool)
    for at, row in enumerate(rows):
        text = "".join(row)
        matches = list(WORD.finditer(text))
        ends = np.array([match.end() for match in matches], np.int64)
        offset = 0
        for place, token in enumerate(row):
            attended[at, place] = True
            ids[at, place] = vocabulary.setdefault(token, len(vocabulary))
            start[at, place], end[at, place] = offset, offset + len(token)
            first = offset + len(token) - len(token.lstrip())
            number = int(np.searchsorted(ends, first, side="right"))
            if number < len(matches) and matches[number].start() < offset + len(token):
                ordinal[at, place] = number
                word[at, place] = interned.setdefault(matches[number].group(), len(interned))
            offset += len(token)
    return TokenWindows(
        ids=ids,
        attended=attended,
        counted=attended.copy(),
        word=word,
        ordinal=ordinal,
        start=start,
        end=end,
        document=np.arange(len(rows), dtype=np.int32),
        words=tuple(interned),
        vocabulary=tuple(vocabulary),
        texts=tuple("".join(row) for row in rows),
    )


def words_of(records: Sequence[Record], windows: TokenWindows, *, around: int = 6) -> Words:
    """The words with their activations, as shares of the largest."""
    activation: list[float] = []
    text: list[str] = []
    context: list[str] = []
    place: list[tuple[int, int]] = []
    for row, record in enumerate(records):
        values = np.maximum(np.nan_to_num(np.array(record.activations, np.float64)), 0)
        numbers = windows.ordinal[row, : len(values)]
        spelt = [match.group() for match in WORD.finditer(windows.texts[row])]
        for number in dict.fromkeys(int(n) for n in numbers if n >= 0):
            here = np.flatnonzero(numbers == number)
            activation.append(float(values[here].max()))
            text.append(spelt[number])
            place.append((row, int(here[0])))
            context.append(" ".join(spelt[max(0, number - around) : number + around + 1]))
    most = max(activation, default=0.0)
    share = np.array(activation) / most if most > 0 else np.zeros(len(activation))
    return Words(share, text, context, np.array(place, np.int64).reshape(-1, 2))
