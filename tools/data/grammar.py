"""The grammar of the stories: people, slots and templates, and how a sentence is filled.

`stories.json` holds the sentences. A slot is `{form:category}`. Forms: `n` as in the lexicon, `a`
with its article, `s` plural, `p` past tense, `g` -ing, `t` third person. `{N}` is the person that
the sentence is about (in a story also a pronoun), `{M}` another person; `{he}`, `{him}`, `{his}`,
`{himself}` stand for `{N}`. `clauses` carry any word of a part of speech and form: `@` is the word
as written, `@@` the word with its article, `%` an object where the verb needs one.

The categories of each pair in `ALWAYS_TOGETHER` occur only in templates that hold a word of both:
in the corpus neither is ever seen in a sentence without the other. Their words belong to no other
category and to no template's own text.
"""

import json
import random
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ..english import inflection
from ..english.lexicon import categories

_TEXTS = json.loads((Path(__file__).parent / "stories.json").read_text(encoding="utf-8"))
ALWAYS_TOGETHER: tuple[tuple[str, str], ...] = tuple(
    (first, second) for first, second in (pair["categories"] for pair in _TEXTS["together"])
)
"""Pairs of categories; each pair is in about 4% of all sentences."""

CLAUSES: dict[str, list[str]] = _TEXTS["clauses"]
OPENERS: list[str] = _TEXTS["openers"]
JOINTS: list[str] = _TEXTS["joints"]
"""What stands between clauses."""

_PAIRED_SHARE = 0.16
_SLOT = re.compile(r"\{(?:(\w):([^}]+)|(\w+))\}")
_FEMALE = {"he": "she", "him": "her", "his": "her", "himself": "herself"}


class Person(NamedTuple):
    """Somebody in a story."""

    name: str
    female: bool

    def pronoun(self, he: str) -> str:
        """`he`, `him`, `his`, `himself` for this person."""
        return _FEMALE[he] if self.female else he


class Slot(NamedTuple):
    """A place in a template for a word of a category."""

    form: str
    category: str


class Template(NamedTuple):
    """A sentence with slots."""

    text: str
    slots: tuple[Slot, ...]


class Grammar(NamedTuple):
    """All templates, by what they are about."""

    free: tuple[Template, ...]
    paired: tuple[tuple[Template, ...], ...]
    about: Mapping[str, tuple[Template, ...]]
    """Templates with a slot of the category, those of pairs included."""


@lru_cache(maxsize=1)
def grammar() -> Grammar:
    """The grammar of the corpus."""
    free = tuple(map(template, _TEXTS["sentences"]))
    paired = tuple(tuple(map(template, pair["sentences"])) for pair in _TEXTS["together"])
    about: dict[str, list[Template]] = {name: [] for name in categories()}
    for one in (*free, *(one for group in paired for one in group)):
        for name in {slot.category for slot in one.slots}:
            about[name].append(one)
    return Grammar(free, paired, {name: tuple(result) for name, result in about.items()})


def template(text: str) -> Template:
    """Reads a template's slots."""
    result = (Slot(m[1], m[2]) for m in _SLOT.finditer(text) if m[1])
    return Template(text, tuple(result))


def person(draw: random.Random) -> Person:
    """Somebody."""
    female = draw.random() < 0.5
    return Person(draw.choice(categories()[f"{'fe' if female else ''}male names"].words), female)


def is_paired(category: str) -> bool:
    """Whether a category belongs to a pair of `ALWAYS_TOGETHER`."""
    return any(category in pair for pair in ALWAYS_TOGETHER)


def fill(
    one: Template,
    draw: random.Random,
    *,
    people: tuple[Person, Person] | None = None,
    given: Mapping[int, str] | None = None,
    used: dict[str, list[str]] | None = None,
    pronoun: bool = False,
    opener: bool = False,
) -> str:
    """The sentence that a template gives.

    Args:
        one: The template.
        draw: Where the choices come from.
        people: Who `{N}` and `{M}` are; drawn without.
        given: Words (base forms) for slots by number; the others are drawn.
        used: Words of the story so far by category; may be used again, and is added to.
        pronoun: Put `She` or `He` for `{N}` at the start.
        opener: Start with `Then`, `The next day`, ...
    """
    if people is None:
        people = (person(draw), person(draw))
        while people[0].name == people[1].name:
            people = (people[0], person(draw))
    given, used = given or {}, {} if used is None else used
    taken = set(given.values())
    number = -1

    def put(match: re.Match[str]) -> str:
        nonlocal number
        if match[1]:
            number += 1
            word = given.get(number) or _pick(match[2], draw, used, taken)
            taken.add(word)
            return inflected(word, match[1])
        if match[3] in ("N", "M"):
            who = people[match[3] == "M"]
            return who.pronoun("he") if pronoun and match.start() == 0 else who.name
        return people[0].pronoun(match[3])

    text = _SLOT.sub(put, one.text)
    if opener and not text.startswith('"'):
        start = text[:1].lower() if one.text[:1].isalpha() else text[:1]
        text = f"{draw.choice(OPENERS)}, {start}{text[1:]}"
    return capital(text)


def inflected(word: str, form: str) -> str:
    """The word in a slot's form."""
    if form == "a":
        return inflection.with_article(word)
    return {
        "n": str,
        "s": inflection.plural,
        "p": inflection.past,
        "g": inflection.gerund,
        "t": inflection.third,
    }[form](word)


def capital(text: str) -> str:
    """The text with its first letter upper-case, after an opening quotation mark too."""
    at = 1 if text.startswith('"') else 0
    return text[:at] + text[at : at + 1].upper() + text[at + 1 :]


def choose(topics: list[str], draw: random.Random) -> Template:
    """A template: of a pair with a fixed share, else often one about a topic."""
    whole = grammar()
    if draw.random() < _PAIRED_SHARE:
        return draw.choice(draw.choice(whole.paired))
    if topics and draw.random() < 0.5:
        return draw.choice(whole.about[draw.choice(topics)])
    return draw.choice(whole.free)


def _pick(category: str, draw: random.Random, used: dict[str, list[str]], taken: set[str]) -> str:
    before = used.setdefault(category, [])
    known = [word for word in before if word not in taken]
    if known and draw.random() < 0.3:
        return draw.choice(known)
    words = categories()[category].words
    word = draw.choice(words)
    while word in taken and len(taken) < len(words):
        word = draw.choice(words)
    before.append(word)
    return word
