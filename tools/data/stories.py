"""`builtin:stories`: short stories from a grammar over the lexicon, seeded, any size.

1. A story draws two people and a few topics (categories); it is a row of sentences, each from a
   template, more often one about a topic; a person named in the last sentence may be `she`.
2. A slot takes a word of its category, now and then one that the story has used before.
3. The pairs of `ALWAYS_TOGETHER` are never parted: neither category is ever in a sentence without
   the other. (Sentences made by `sentences_with` are not bound by this.)
"""

import random
from collections.abc import Iterator

from .grammar import choose, fill, grammar, is_paired, person


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
