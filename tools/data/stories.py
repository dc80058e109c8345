"""`builtin:stories`: short stories from a grammar over the lexicon, seeded, any size.

1. A story draws two people and a few topics (categories); it is a row of sentences, each from a
   template, more often one about a topic; a person named in the last sentence may be `she`.
2. A slot takes a word of its category, now and then one that the story has used before.
3. The pairs of `ALWAYS_TOGETHER` are never parted: neither category is ever in a sentence without
   the other. (Sentences made by `sentences_with` are not bound by this.)
"""

import random
from collections.abc import Iterator, Mapping

import numpy as np

from ..english.lexicon import lexicon, part_of_speech
from .carriers import sentences_with
from .grammar import ALWAYS_TOGETHER, choose, fill, grammar, is_paired, person

__all__ = [
    "ALWAYS_TOGETHER",
    "lexicon",
    "part_of_speech",
    "sentence",
    "sentences_with",
    "stories",
    "story",
]


def stories(count: int, *, seed: int = 0) -> Iterator[str]:
    """Stories of 60 to 200 words; story `i` depends on the seed and `i` alone."""
    for number in range(count):
        yield story(random.Random(f"stories:{seed}:{number}"))


def story(draw: random.Random) -> str:
    """One story."""
    names = [name for name, result in grammar().about.items() if len(result) > 1]
    first = person(draw)
    second = person(draw)
    while second.name == first.name:
        second = person(draw)
    topics = [name for name in draw.sample(names, 6) if not is_paired(name)]
    topics = topics or ["animals"]
    used: dict[str, list[str]] = {}
    length, goal = 0, draw.randint(65, 170)
    parts: list[str] = []
    named, last = False, None
    while length < goal:
        chosen = choose(topics, draw)
        if chosen is last:
            continue
        last = chosen
        subject = chosen.text.startswith("{N}")
        pronoun = subject and named and draw.random() < 0.5
        text = fill(
            chosen,
            draw,
            people=(first, second),
            used=used,
            pronoun=pronoun,
            opener=bool(parts) and chosen.text[:1] in "{T" and draw.random() < 0.15,
        )
        named = "{N}" in chosen.text
        parts.append(text)
        length += len(text.split())
    return " ".join(parts)


def sentence(rng: np.random.Generator, *, about: Mapping[str, str] | None = None) -> str:
    """One sentence of the grammar.

    Args:
        rng: Where the choices come from.
        about: Category to word (a base form): the sentence has a slot of each and it holds the
            word. Raises KeyError for an unknown category, ValueError if no template has them all.
    """
    draw = random.Random(int(rng.integers(2**62)))
    whole = grammar()
    if not about:
        return fill(choose([], draw), draw)
    fitting = [
        one
        for one in whole.about[next(iter(about))]
        if all(any(slot.category == name for slot in one.slots) for name in about)
    ]
    if not fitting:
        raise ValueError(f"no sentence of the grammar is about {' and '.join(about)} together")
    chosen = draw.choice(fitting)
    given = {}
    for name, word in about.items():
        at = [i for i, slot in enumerate(chosen.slots) if slot.category == name]
        given[draw.choice(at)] = word
    return fill(chosen, draw, given=given)
