"""Puts given words into natural sentences of fitting part of speech.

1. A word is read: which categories of the lexicon hold it and in which form (`cats`: animals,
   plural), else its likely part of speech by its shape and the lists of irregular words.
2. Half of the sentences, where possible, come from the grammar's templates: each word fills a slot
   of its category and form. The rest are clauses that carry any word of that part of speech;
   several words make several clauses of one sentence; an adjective before a noun stays with it.
   Clauses have no words of `ALWAYS_TOGETHER` categories: they part what the corpus never parts.
3. A function word is carried by a clause that has it anyway.
"""

import random
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..english import inflection
from ..english.inflection import ADJECTIVES, UNINFLECTED, VERBS
from ..english.lexicon import categories
from .grammar import (
    CLAUSES,
    JOINTS,
    Template,
    capital,
    fill,
    grammar,
    inflected,
    is_paired,
    template,
)

_FORMS = {"noun": "ns", "verb": "npgt", "name": "n"}
_COMPARATIVES = frozenset(more for more, _ in ADJECTIVES.values())
_DO = {"cooking verbs", "verbs of breaking", "verbs of cleaning", "verbs of seeing"}
_SUFFIXES = {
    "adjective": ("able", "ible", "ful", "less", "ous", "ive", "ish", "ical", "ary"),
    "verb:g": ("ing",),
    "verb:p": ("ed",),
    "adverb": ("ly",),
}


class Reading(NamedTuple):
    """One way to understand a word as it is written."""

    part: str
    """A part of speech; `any` for what fits nowhere."""
    form: str
    """Form of a slot, see `grammar`; `mass` and `person` name special clauses."""
    category: str | None = None
    base: str = ""


def sentences_with(words: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
    """Sentences that hold all the words, as written (but for a capital at the start).

    Args:
        words: Words in any form; an item may have a space (`New York`).
        n: How many sentences; they differ, unless the words allow too few.
        rng: Where the choices come from.

    Raises:
        ValueError: if there is no word.
    """
    words = [" ".join(word.split()) for word in words if word.strip()]
    if not words:
        raise ValueError("sentences_with needs at least one word")
    draw = random.Random(int(rng.integers(2**62)))
    fitting = _templates_for(tuple(words))
    out: dict[str, None] = {}
    for attempt in range(20 * n + 20):
        if len(out) == n:
            break
        if fitting and attempt % 2 == 0:
            one, given = draw.choice(fitting)
            out[fill(one, draw, given=dict(given))] = None
        else:
            out[_joined(words, draw)] = None
    result = list(out)
    return [result[i % len(result)] for i in range(n)]


@lru_cache(maxsize=4096)
def readings(word: str) -> tuple[Reading, ...]:
    """How a word may be understood: the lexicon's readings if it has any, else one guess."""
    known = _index().get(word.lower(), ())
    exact = tuple(r for r in known if r.part != "name" or word[:1].isupper())
    return exact or (_guess(word),)


@lru_cache(maxsize=1)
def _index() -> dict[str, tuple[Reading, ...]]:
    result: dict[str, list[Reading]] = {}
    for name, one in categories().items():
        for base in one.words:
            for form in _FORMS.get(one.part, "n"):
                if form == "s" and not one.countable:
                    continue
                spelled = inflected(base, form).lower()
                result.setdefault(spelled, []).append(Reading(one.part, form, name, base))
    return {word: tuple(ways) for word, ways in result.items()}


@lru_cache(maxsize=1)
def _verb_forms() -> dict[str, str]:
    out: dict[str, str] = {}
    for verb in VERBS:
        out.setdefault(inflection.third(verb), "t")
        out.setdefault(inflection.gerund(verb), "g")
        out[inflection.past(verb)] = "p"
    return {**out, **dict.fromkeys(VERBS, "n")}


def _guess(word: str) -> Reading:
    low = word.lower()
    letters = low.replace("'", "").replace(" ", "").replace("-", "")
    if not letters.isalpha() or low in UNINFLECTED or len(low) == 1:
        return Reading("any", "n")
    if word[:1].isupper():
        return Reading("name", "n")
    if low in _verb_forms():
        return Reading("verb", _verb_forms()[low])
    if low in ADJECTIVES:
        return Reading("adjective", "n")
    if low in _COMPARATIVES:
        return Reading("adjective", "c")
    for kind, ends in _SUFFIXES.items():
        if low.endswith(ends) and len(low) > 5:
            part, _, form = kind.partition(":")
            return Reading(part, form or "n")
    if low.endswith("s") and not low.endswith(("ss", "us", "is")) and len(low) > 3:
        return Reading("noun", "s")
    return Reading("noun", "n")


@lru_cache(maxsize=256)
def _templates_for(words: tuple[str, ...]) -> list[tuple[Template, tuple[tuple[int, str], ...]]]:
    """Templates of the grammar with a slot for every word: template, (slot number, base form)s."""
    ways = [[r for r in readings(word) if r.category] for word in words]
    if not all(ways):
        return []
    free = {*grammar().free, *(one for group in grammar().paired for one in group)}
    out = []
    for one in sorted(free):
        given: dict[int, str] = {}
        for options in ways:
            at = next(
                (
                    (i, r.base)
                    for r in options
                    for i, slot in enumerate(one.slots)
                    if i not in given
                    and slot.category == r.category
                    and (slot.form == r.form or (slot.form == "a" and r.form == "n"))
                ),
                None,
            )
            if at is None:
                break
            given[at[0]] = at[1]
        else:
            out.append((one, tuple(given.items())))
    return out


def _joined(words: Sequence[str], draw: random.Random) -> str:
    """One sentence of clauses that carry the words in their order."""
    carried = list(words)
    clauses: list[str] = []
    while carried:
        word = carried.pop(0)
        reading = draw.choice(readings(word))
        if reading.part == "adjective" and carried:
            after = draw.choice(readings(carried[0]))
            if after.part == "noun":
                word, reading = f"{word} {carried.pop(0)}", after
        clauses.append(_clause(word, reading, draw))
    text = clauses[0]
    for clause in clauses[1:]:
        text += draw.choice(JOINTS) + clause
    return capital(text) + "."


def _clause(word: str, reading: Reading, draw: random.Random) -> str:
    if reading.part == "any":
        with_it = _literal(word)
        if with_it and draw.random() < 0.8:
            one = draw.choice(with_it)
            text = fill(one, draw).rstrip(".")
            return text if one.text[:1] in "{" and text[:1] != '"' else text[:1].lower() + text[1:]
    name = f"{reading.part}:{_clause_form(reading, draw)}"
    one = template(draw.choice(CLAUSES[name]))
    object_ = " it" if reading.category in _DO else ""
    text = fill(one, draw)
    if one.text[:1] not in "{@":
        text = text[:1].lower() + text[1:]
    put = {"@@": inflection.with_article(word), "@": word, "%": object_}
    return re.sub("@@|@|%", lambda mark: put[mark[0]], text)


def _clause_form(reading: Reading, draw: random.Random) -> str:
    if reading.part == "name" and (reading.category or "").endswith("male names"):
        return "person"
    if reading.category in ("weekdays", "months"):
        return reading.category[:-1]
    if reading.part == "noun" and reading.form == "n" and reading.category:
        countable = categories()[reading.category].countable
        return draw.choice(("n", "a" if countable else "mass"))
    return reading.form


@lru_cache(maxsize=512)
def _literal(word: str) -> tuple[Template, ...]:
    """Templates without paired categories that hold the word in their own text."""
    seek = re.compile(rf"(?<![\w{{:]){re.escape(word)}(?![\w}}])")
    return tuple(
        one
        for one in grammar().free
        if not any(is_paired(slot.category) for slot in one.slots)
        and seek.search(re.sub(r"\{[^}]*\}", "{}", one.text))
        and not one.text.startswith('"')
        and '"' not in one.text
    )
