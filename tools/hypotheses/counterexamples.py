"""Inputs on which two predictors disagree: where one holds and the other does not.

    explore   places of the explore windows, drawn at random among those that differ
    edit      the unit's own exemplars, changed a little: a word replaced by one of the predictors'
              words, or by another form of it, of the same part of speech where there is one; a word
              before it dropped; one put in where a predictor asks for context; its letters' case
              changed; its context cut off
    grammar   sentences around words where only one of the two holds

Nothing is chosen by the activation of the place: the unit is not looked at to pick among rivals.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ..data.carriers import readings, sentences_with
from ..data.windows import TokenWindows
from ..english.inflection import plural
from ..instruments.exemplars import top_places
from ..lab import Lab
from ..models import Unit
from ..predicates import Predicate
from ..predicates.context import Earlier, Later, Next, Previous
from .resolve import Hypothesis

_APART = 0.5
_EXEMPLARS = 8
_WORDS = 6
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class Candidate(NamedTuple):
    """One input and the place where the two differ."""

    source: str
    window: int | None
    """A row of explore, or"""
    text: str | None
    place: int


class Grid(NamedTuple):
    """Predictions of all hypotheses on windows: float32 `[hypothesis, window, place]`."""

    values: np.ndarray
    windows: TokenWindows


def grid(hypotheses: Sequence[Hypothesis], windows: TokenWindows) -> Grid:
    """Evaluates every hypothesis."""
    return Grid(np.stack([h.evaluate(windows) for h in hypotheses]), windows)


def in_explore(explore: Grid, one: int, other: int, rng: np.random.Generator) -> list[Candidate]:
    """Places of explore where `one` holds and `other` does not, in random order, one a window."""
    window, place = np.nonzero(explore.values[one] - explore.values[other] >= _APART)
    order = rng.permutation(window.size)
    _, first = np.unique(window[order], return_index=True)
    chosen = order[np.sort(first)]
    found = [Candidate("explore", int(window[at]), None, int(place[at])) for at in chosen]
    return _varied(found, explore, [int(row) for row in window[chosen]])


def in_texts(
    texts: Grid, source: str, one: int, other: int, rng: np.random.Generator
) -> list[Candidate]:
    """The same among written texts; where several places differ, the last one."""
    differ = texts.values[one] - texts.values[other] >= _APART
    rows = rng.permutation(np.flatnonzero(differ.any(1)))
    found = [
        Candidate(source, None, texts.windows.texts[row], int(np.flatnonzero(differ[row])[-1]))
        for row in rows
    ]
    return _varied(found, texts, [int(row) for row in rows])


def words_of(
    explore: Grid, hypotheses: Sequence[Hypothesis], one: int, other: int, *, most: int = _WORDS
) -> list[str]:
    """Words where `one` holds and `other` does not: from explore, then from its own lists."""
    differ = (explore.values[one] - explore.values[other] >= _APART) & (explore.windows.word >= 0)
    count = np.bincount(explore.windows.word[differ], minlength=len(explore.windows.words))
    order = np.argsort(-count, kind="stable")[:most]
    found = [explore.windows.words[at] for at in order if count[at] > 0]
    own = _listed(hypotheses[one]) - _listed(hypotheses[other])
    words = [word for word in (*found, *sorted(own)) if _WORD.fullmatch(word)]
    return list(dict.fromkeys(words))[: 2 * most]


def edited_exemplars(
    lab: Lab, unit: Unit, hypotheses: Sequence[Hypothesis], words: Sequence[str]
) -> list[str]:
    """Small edits of the unit's top exemplars; `words` are put in."""
    out: list[str] = []
    insert = any(_asks_for_context(one.predicate) for one in hypotheses)
    for window, place in top_places(lab, unit, _EXEMPLARS):
        explore = lab.explore
        text = explore.text(window)
        attended = explore.attended[window] & (explore.end[window] > explore.start[window])
        base = int(explore.start[window][attended].min())
        at = int(explore.start[window, place]) - base
        at += len(text[at:]) - len(text[at:].lstrip())
        out.extend(_edits(text, at, words, insert))
    return list(dict.fromkeys(text for text in out if text.strip()))


def sentences(words: Sequence[str], each: int, rng: np.random.Generator) -> list[str]:
    """Grammar sentences, so many around each word; none without words."""
    return [text for word in words for text in sentences_with([word], each, rng)]


def _asks_for_context(predicate: Predicate) -> bool:
    if isinstance(predicate, Previous | Next | Earlier | Later):
        return True
    return any(_asks_for_context(part) for part in predicate.parts())


def _edits(text: str, at: int, words: Sequence[str], insert: bool) -> Iterator[str]:
    """Variants of a text around the word that holds the character `at`."""
    spans = [(m.start(), m.end()) for m in _WORD.finditer(text)]
    here = next((k for k, (start, end) in enumerate(spans) if start <= at < end), None)
    if here is None:
        return
    start, end = spans[here]
    word = text[start:end]
    for back in range(here, max(-1, here - 5), -1):
        first, last = spans[back]
        old = text[first:last]
        same = _alike(old, words)
        for other in [*(same or (words if back == here else [])), *_other_forms(old)]:
            yield text[:first] + _cased(other, old) + text[last:]
        if back < here:
            yield text[:first] + text[last:].lstrip(" ")
    if insert:
        for other in words:
            if not {reading.part for reading in readings(other)} & {"noun", "verb", "name"}:
                yield f"{text[:start]}{other} {text[start:]}"
    for shape in (word.lower(), word.upper(), word.capitalize()):
        if shape != word:
            yield text[:start] + shape + text[end:]
    yield text[start:]
    yield f"{word} {text}"


def _alike(word: str, others: Sequence[str]) -> list[str]:
    """The others that may stand where the word stands: of its part of speech."""
    parts = {reading.part for reading in readings(word)}
    return [
        other
        for other in others
        if other.lower() != word.lower() and parts & {reading.part for reading in readings(other)}
    ]


def _other_forms(word: str) -> list[str]:
    """Its singular or plural, for a noun of the lexicon."""
    out = []
    for reading in readings(word):
        if reading.part == "noun" and reading.base:
            out += [form for form in (reading.base, plural(reading.base)) if form != word.lower()]
    return list(dict.fromkeys(out))


def _varied(found: Sequence[Candidate], grid: Grid, rows: Sequence[int]) -> list[Candidate]:
    """The same, in an order that repeats a word only after the others had their turn."""
    windows = grid.windows
    times: dict[tuple[int, int], int] = {}
    turns: list[int] = []
    for candidate, row in zip(found, rows, strict=True):
        word = int(windows.word[row, candidate.place])
        key = (word, -1 if word >= 0 else int(windows.ids[row, candidate.place]))
        times[key] = times.get(key, 0) + 1
        turns.append(times[key])
    return [found[at] for at in np.argsort(turns, kind="stable")]


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[:1].isupper() and not like.isupper() else word


def _listed(hypothesis: Hypothesis) -> set[str]:
    """The words that a predictor's atoms list."""
    out: set[str] = set()
    for atom in hypothesis.predicate.atoms():
        for name in ("words", "tokens"):
            out |= {str(word).strip() for word in getattr(atom, name, ())}
    return out
