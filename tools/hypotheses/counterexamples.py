"""Places of texts on which predictors disagree: where one holds and another does not.

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
from itertools import permutations
from typing import NamedTuple

import numpy as np

from ..activations.examples import top
from ..data.carriers import readings, sentences_with
from ..data.windows import TokenWindows
from ..english.inflection import plural
from ..lab import Lab
from ..models import Unit
from ..predicates.context import Earlier, Later, Next, Previous
from .resolve import Hypothesis
from .rivals import DIFFERS, Candidate, shared_out

_EXEMPLARS = 8
_WORDS = 6
_INSERTED = 24
"""Words that are put into exemplars."""
_SENTENCES = 2
"""Of each word."""
_WRITTEN = 8
"""Words of each pair that sentences are written around."""
_TEXTS = 400
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class Grid(NamedTuple):
    """Predictions of all hypotheses on windows: float32 `[hypothesis, window, place]`."""

    values: np.ndarray
    windows: TokenWindows


def candidates(
    lab: Lab, unit: Unit, rivals: Sequence[Hypothesis], explore: np.ndarray, n: int
) -> list[Candidate]:
    """Places where rivals differ, shared out over who holds and who does not, and over sources.

    Sentences are written where texts hold words, and rows of numbers are not edited.

    Args:
        lab: The lab.
        unit: Whose exemplars are edited.
        rivals: The hypotheses.
        explore: `[rival, window, place]` what they predict on explore.
        n: How many.
    """
    sentence_rng, pair_rng = lab.rng("sentences"), lab.rng("pairs")
    grids = {"explore": Grid(explore, lab.explore)}
    pairs = list(permutations(range(len(rivals)), 2))
    words = {pair: _words_of(grids["explore"], rivals, *pair) for pair in pairs}
    every = list(dict.fromkeys(word for pair in pairs for word in words[pair]))
    numbers = lab.explore.numbers is not None
    edits = [] if numbers else _edited_exemplars(lab, unit, rivals, every[:_INSERTED])
    edits = [edits[at] for at in lab.rng("edits").permutation(len(edits))[:_TEXTS]]
    written = [
        text
        for pair in pairs
        for word in words[pair][:_WRITTEN]
        for text in sentences_with([word], _SENTENCES, sentence_rng)
        if lab.explore.piece != "token"
    ]
    for source, texts in (("edit", edits), ("grammar", list(dict.fromkeys(written)))):
        if texts:
            windows = lab.tokenize(texts)
            grids[source] = Grid(np.stack([one.evaluate(windows) for one in rivals]), windows)
    differing = [
        one
        for pair in pairs
        for source, grid in grids.items()
        for one in _differing(grid, source, *pair, pair_rng)
    ]
    return shared_out(differing, n, lambda one: one.input)


def _differing(
    grid: Grid, source: str, one: int, other: int, rng: np.random.Generator
) -> list[Candidate]:
    """Places where `one` holds and `other` does not, in random order, one a window: any of explore,
    of written texts the last."""
    windows = grid.windows
    differ = grid.values[one] - grid.values[other] >= DIFFERS
    if source == "explore":
        window, place = np.nonzero(differ)
        order = rng.permutation(window.size)
        _, first = np.unique(window[order], return_index=True)
        chosen = order[np.sort(first)]
        spots = list(zip(window[chosen].tolist(), place[chosen].tolist(), strict=True))
    else:
        rows = rng.permutation(np.flatnonzero(differ.any(1))).tolist()
        spots = [(row, int(np.flatnonzero(differ[row])[-1])) for row in rows]
    return [
        Candidate(
            source,
            row if source == "explore" else windows.texts[row],
            place,
            grid.values[:, row, place],
        )
        for row, place in _varied(spots, windows)
    ]


def _words_of(explore: Grid, hypotheses: Sequence[Hypothesis], one: int, other: int) -> list[str]:
    """Words where `one` holds and `other` does not: from explore, then from its own lists."""
    differ = (explore.values[one] - explore.values[other] >= DIFFERS) & (explore.windows.word >= 0)
    count = np.bincount(explore.windows.word[differ], minlength=len(explore.windows.words))
    order = np.argsort(-count, kind="stable")[:_WORDS]
    frequent = [explore.windows.words[at] for at in order if count[at] > 0]
    own = _listed(hypotheses[one]) - _listed(hypotheses[other])
    words = [word for word in (*frequent, *sorted(own)) if _WORD.fullmatch(word)]
    return list(dict.fromkeys(words))[: 2 * _WORDS]


def _edited_exemplars(
    lab: Lab, unit: Unit, hypotheses: Sequence[Hypothesis], words: Sequence[str]
) -> list[str]:
    """Small edits of the unit's top exemplars; `words` are put in."""
    out: list[str] = []
    parts = (part for one in hypotheses for part in one.predicate.walk())
    insert = any(isinstance(part, Previous | Next | Earlier | Later) for part in parts)
    for window, place in top(lab, unit, _EXEMPLARS):
        explore = lab.explore
        text = explore.text(window)
        at = int(explore.start[window, place]) - explore.span(window)[0]
        at += len(text[at:]) - len(text[at:].lstrip())
        out.extend(_edits(text, at, words, insert))
    return list(dict.fromkeys(text for text in out if text.strip()))


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
        same = _same_part(old, words)
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


def _same_part(word: str, others: Sequence[str]) -> list[str]:
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


def _varied(spots: Sequence[tuple[int, int]], windows: TokenWindows) -> list[tuple[int, int]]:
    """The same, in an order that repeats a word only after the others had their turn."""
    times: dict[tuple[int, int], int] = {}
    turns: list[int] = []
    for row, place in spots:
        word = int(windows.word[row, place])
        key = (word, -1 if word >= 0 else int(windows.ids[row, place]))
        times[key] = times.get(key, 0) + 1
        turns.append(times[key])
    return [spots[at] for at in np.argsort(turns, kind="stable")]


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[:1].isupper() and not like.isupper() else word


def _listed(hypothesis: Hypothesis) -> set[str]:
    """The words that a predictor's atoms list."""
    out: set[str] = set()
    for atom in hypothesis.predicate.atoms():
        for name in ("words", "tokens"):
            out |= {str(word).strip() for word in getattr(atom, name, ())}
    return out
