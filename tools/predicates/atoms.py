"""Text atoms: what one place says by itself: its token, its word, its shape, where it stands.

Every atom decides on the unique token ids or on the interned words, then gathers.
"""

import re
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from typing import ClassVar, Literal

import numpy as np
import re2
from pydantic import Field, ValidationInfo, field_validator

from ..data.windows import WORD
from ..english.inflection import ALSO_WORDS, PartOfSpeech, forms
from ..english.word_classes import WordClass, of_pattern
from .core import Predicate
from .phrases import either, ordinal
from .view import View, kept, plain

MOST_PATTERN = 300
_MOST_MEMORY = 1 << 20
_BYTE = re.compile("<0x[0-9A-F]{2}>")  # how surfaces show a part of a character
Spell = Callable[[str], Iterable[str]]


class Tokens(Predicate, frozen=True):
    """Places whose token is exactly one of these texts, its leading space included (" the")."""

    kind: Literal["tokens"] = "tokens"
    listed: ClassVar[str] = "tokens"
    tokens: tuple[str, ...] = Field(min_length=1)

    def values(self, view: View) -> np.ndarray:
        chosen = np.zeros(len(view.windows.vocabulary), np.float32)
        for token in self.tokens:
            chosen[view.tokens.get(token, [])] = 1
        return view.by_token(chosen)

    def noun(self) -> str:
        return f"the token {either(self.tokens)}"


class Words(Predicate, frozen=True):
    """Every token of these words or phrases, in any case; `inflect` adds their forms (went).

    For a causal target a word, and a phrase, holds at the token at which it has been read to its
    end.
    """

    kind: Literal["words"] = "words"
    listed: ClassVar[str] = "words"
    words: tuple[str, ...] = Field(min_length=1)
    inflect: bool = False

    def values(self, view: View) -> np.ndarray:
        return match_words(view, self.words, lambda word: forms(word) if self.inflect else (word,))

    def noun(self) -> str:
        if self.inflect:
            return f"any form of {self.brief()}"
        return f"the word {self.brief()}"

    def brief(self) -> str:
        return either(self.words)


class Concept(Predicate, frozen=True):
    """Words of one meaning, in all their forms: a known name, or any name with your words.

    They are resolved once and stored: evaluating never looks anything up. Words are met in every
    form that `part` (a part of speech) has; null tries all. Names that are other words in lower
    case (`May`, `Turkey`) are met with a capital only.
    """

    kind: Literal["concept"] = "concept"
    weight: ClassVar[float] = 1.5
    name: str = Field(min_length=1)
    words: tuple[str, ...] = Field(min_length=1)
    part: PartOfSpeech | None = None

    def values(self, view: View) -> np.ndarray:
        named = self.part == "name"
        return match_words(view, self.words, lambda word: forms(word, self.part), named=named)

    def noun(self) -> str:
        return f"words for {self.name} ({either(self.words, joint='and', most=3)})"

    def brief(self) -> str:
        return f"a word for {self.name} ({either(self.words, joint='and', most=3)})"

    def tail(self) -> str:
        return f"when it is {self.brief()}"


class Regex(Predicate, frozen=True):
    """Places where the pattern (RE2) is found in the token, or in the word as written.

    RE2 runs in linear time and refuses patterns that grow too big.
    """

    kind: Literal["regex"] = "regex"
    pattern: str = Field(min_length=1, max_length=MOST_PATTERN)
    on: Literal["token", "word"] = "token"

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        compiled(pattern)
        return pattern

    def values(self, view: View) -> np.ndarray:
        w = view.windows
        strings = w.vocabulary if self.on == "token" else w.words
        chosen, known = kept(strings, ("regex", self.pattern), _fresh)
        seek = compiled(self.pattern).search
        wanted = view.present if self.on == "token" else view.present_words
        for at in wanted[~known[wanted]]:
            chosen[at] = seek(strings[at]) is not None
        known[wanted] = True
        return view.by_token(chosen) if self.on == "token" else view.by_word(chosen)

    def noun(self) -> str:
        named = self._named
        return named.plural if named else f"{self.on}s that match /{self.pattern}/"

    def tail(self) -> str:
        named = self._named
        return f"at {named.plural}" if named else f"when the {self.on} matches /{self.pattern}/"

    def brief(self) -> str:
        named = self._named
        return named.name if named else f"a {self.on} that matches /{self.pattern}/"

    @property
    def _named(self) -> WordClass | None:
        """The class of words whose pattern this is."""
        return of_pattern(self.pattern) if self.on == "word" else None

    @cached_property
    def complexity(self) -> float:
        return 1.5 + len(self.pattern) / 20


Shapes = Literal[
    "capitalised",
    "upper",
    "lower",
    "mixed",
    "digits",
    "punctuation",
    "non_ascii",
    "word_start",
    "word_inside",
]
_SHAPES = {  # several, one, what narrows
    "capitalised": ("capitalised words", "a capitalised word", "when capitalised"),
    "upper": ("words in capital letters", "a word in capital letters", "when in capital letters"),
    "lower": ("lower-case words", "a lower-case word", "when in lower case"),
    "mixed": ("mixed-case words", "a mixed-case word", "when in mixed case"),
    "digits": ("numbers in digits", "a number in digits", "when in digits"),
    "punctuation": ("punctuation", "punctuation", "when it is punctuation"),
    "non_ascii": (
        "words with non-ASCII characters",
        "a word with non-ASCII characters",
        "when it has non-ASCII characters",
    ),
    "word_start": ("tokens that start a word", "the start of a word", "at the start of a word"),
    "word_inside": ("tokens that go on a word", "the inside of a word", "inside a word"),
}


class Shape(Predicate, frozen=True):
    """How the word is written, for every token of it; outside words, the token.

    `upper` needs two letters; `I` and `A` are capitalised. `digits` and `punctuation` mean
    nothing else; `non_ascii` means at least one such character.
    """

    kind: Literal["shape"] = "shape"
    shape: Shapes

    def values(self, view: View) -> np.ndarray:
        if self.shape == "word_start":
            return view.begins.astype(np.float32)
        if self.shape == "word_inside":
            return (view.has_word & ~view.begins).astype(np.float32)
        by_word = kept(view.windows.words, ("shape", self.shape), self._of_all)
        by_token = kept(view.windows.vocabulary, ("shape", self.shape), self._of_all)
        return np.where(view.has_word, view.by_word(by_word), view.by_token(by_token))

    def _of_all(self, strings: tuple[str, ...]) -> np.ndarray:
        # parts of characters are one odd character, not letters and digits
        texts = (_BYTE.sub("\ufffd", text).strip() for text in (*strings, ""))
        return np.array([shape_holds(self.shape, text) for text in texts], "f4")

    def noun(self) -> str:
        return _SHAPES[self.shape][0]

    def brief(self) -> str:
        return _SHAPES[self.shape][1]

    def tail(self) -> str:
        return _SHAPES[self.shape][2]


class Position(Predicate, frozen=True):
    """Places `start` to before `stop`, from the first token or back from the last."""

    kind: Literal["position"] = "position"
    start: int = Field(default=0, ge=0)
    stop: int | None = Field(default=None, ge=1)
    from_end: bool = False

    @field_validator("stop")
    @classmethod
    def _some(cls, stop: int | None, info: ValidationInfo) -> int | None:
        start = info.data.get("start", 0)
        if stop is not None and stop <= start:
            raise ValueError(f"stop ({stop}) must be greater than start ({start})")
        return stop

    def values(self, view: View) -> np.ndarray:
        at = view.total - 1 - view.rank if self.from_end else view.rank
        held = view.windows.counted & (at >= self.start)
        if self.stop is not None:
            held &= at < self.stop
        return held.astype(np.float32)

    def noun(self) -> str:
        end = "last" if self.from_end else "first"
        if self.stop is None:
            skipped = end if self.start == 1 else f"{end} {self.start}"
            return f"every token but the {skipped}" if self.start else "every token"
        if self.start == 0:
            return f"the {end} token" if self.stop == 1 else f"the {end} {self.stop} tokens"
        where = " from the end" if self.from_end else ""
        if self.stop == self.start + 1:
            return f"the {ordinal(self.stop)} token{where}"
        return f"tokens {self.start + 1} to {self.stop}{where}"

    def tail(self) -> str:
        return f"{'as' if self.stop == self.start + 1 else 'in'} {self.noun()}"


def has_word(text: str) -> bool:
    """Whether the text holds anything that windows count as a word."""
    return WORD.search(text) is not None


def shape_holds(shape: str, text: str) -> bool:
    """Whether one word or token is written in this way."""
    if shape == "digits":
        return text.isdigit()
    if shape == "punctuation":
        return bool(text) and not any(letter.isalnum() for letter in text)
    if shape == "non_ascii":
        return not text.isascii()
    cased = [letter for letter in text if letter.isupper() or letter.islower()]
    upper = [letter.isupper() for letter in cased]
    if not upper:
        return False
    capitalised = text[:1].isupper() and not any(upper[1:])
    if shape == "capitalised":
        return capitalised
    if shape == "upper":
        return len(upper) > 1 and all(upper)
    if shape == "lower":
        return not any(upper)
    return any(upper) and not all(upper) and not capitalised


def match_words(
    view: View, items: tuple[str, ...], spell: Spell, *, named: bool = False
) -> np.ndarray:
    """1 at every token of the words, in any of the forms that `spell` gives; phrases too.

    With `named`, words that are a name only with a capital need one.
    """
    chosen = np.zeros(len(view.windows.words) + 1, np.float32)
    phrases: list[list[str]] = []
    for item in items:
        pieces = WORD.findall(item)
        if len(pieces) > 1 and plain(item) not in view.lower:  # `+=` may be one symbol
            phrases.append(pieces)
            continue
        capital = named and plain(item) in ALSO_WORDS
        for form in spell(plain(item)):
            result = view.lower.get(form, [])
            if capital:
                result = [at for at in result if view.windows.words[at][:1].isupper()]
            chosen[result] = 1
    out = view.by_word(chosen)
    for pieces in phrases:
        out = np.maximum(out, _match_phrase(view, pieces, spell))
    return out


def _match_phrase(view: View, pieces: list[str], spell: Spell) -> np.ndarray:
    runs = view.runs
    n, size = len(runs.starts), len(pieces)
    out = np.zeros(view.shape, np.float32)
    if n < size:
        return out
    first = np.ones(n - size + 1, bool)  # [run]: the phrase starts here
    for step, piece in enumerate(pieces):
        spelled = spell(plain(piece)) if step == size - 1 else (plain(piece),)
        wanted = [at for form in spelled for at in view.lower.get(form, [])]
        here = slice(step, n - size + 1 + step)
        first &= runs.row[here] == runs.row[: len(first)]
        if view.causal and step == size - 1:  # the last word counts from where it is known
            last = np.zeros(len(view.windows.words) + 1, np.float32)
            last[wanted] = 1
            held = np.zeros(n, bool)
            held[here] = first
            out.ravel()[runs.places] = held[runs.of_place] * view.by_word(last).ravel()[runs.places]
            return out
        first &= np.isin(runs.word[here], wanted)
    inside = np.zeros(n, bool)
    for step in range(size):
        inside[step : n - size + 1 + step] |= first
    out.ravel()[runs.places] = inside[runs.of_place]
    return out


@lru_cache(maxsize=512)
def compiled(pattern: str):
    """The RE2 program of a pattern, bounded in memory.

    Raises:
        ValueError: if RE2 does not take it, with RE2's reason.
    """
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        message = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"RE2 does not take the pattern /{pattern}/: {message}") from None


def _fresh(strings: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    size = len(strings) + 1
    return np.zeros(size, np.float32), np.zeros(size, bool)
