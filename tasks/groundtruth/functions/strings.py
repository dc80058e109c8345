"""Functions of words, with their truth in words and in code, drawn from a seed.

The families follow FIND (Schwettmann et al. 2023): rules about length, letters and affixes, edits,
edits on a condition, arithmetic on letters, relations of two words, and membership in categories.
Hidden inputs are half known words and half made-up ones; where the function has a condition, both
sides of it come equally often and are judged by themselves.
"""

import re
from collections.abc import Callable

import numpy as np

from .blackbox import Arguments, BlackBox, Case, made
from .forms import Draft, Rng, draft, families
from .words import CATEGORIES, made_up, members, real_words

HIDDEN = 60
"""Hidden inputs of each domain and cell."""
TAKES = {
    "word": "one word of 1 to 16 lower-case letters a to z, real or made up",
    "pair": "two words a and b, each of 1 to 16 lower-case letters a to z",
    "noun": "one English noun in lower case; null means that the word is not known to it",
}


_POOLS = {
    "letters": ["a", "e", "i", "o", "u", "r", "t", "n", "s", "l", "d", "c", "m", "p"],
    "suffixes": ["ing", "ed", "er", "ly", "ness", "ous", "al", "ion", "est", "y"],
    "prefixes": ["re", "un", "in", "de", "st", "con", "pr", "s"],
    "categories": sorted(CATEGORIES),
}
KINDS = families("strings.toml")
"""Families of functions by kind."""


def _draft(kind: str, rng: Rng) -> Draft:
    return draft(
        KINDS[kind],
        rng,
        pools=_POOLS,
        more=lambda values: {name.upper(): str(value).upper() for name, value in values.items()},
    )


def string_boxes(seed: int, *, many: int = 4) -> list[BlackBox]:
    """`many` functions of each kind, of different templates as far as there are."""
    boxes = []
    nonce = made_up(np.random.default_rng([seed, 99]), 1500)
    for at, kind in enumerate(KINDS):
        rng = np.random.default_rng([seed, 100 + at])
        drafts: dict[str, Draft] = {}
        for _ in range(200):
            drawn = _draft(kind, rng)
            drafts.setdefault(drawn.template, drawn)
        chosen = list(drafts.values())[:many]
        while len(chosen) < many:
            chosen.append(_draft(kind, rng))
        for number, drawn in enumerate(chosen):
            boxes.append(_box(f"{kind}/{number}", kind, drawn, nonce, rng))
    return boxes


def _box(name: str, kind: str, drawn: Draft, nonce: list[str], rng: Rng) -> BlackBox:
    form = {"relation": "pair", "category": "noun"}.get(kind, "word")
    names = "a, b" if form == "pair" else "s"
    lines = ["import re", ""]
    if form == "noun":
        used = [item for item in CATEGORIES if item.upper() in drawn.code]
        lines += [f"{item.upper()} = {{{str(sorted(members(item)))[1:-1]}}}" for item in used]
        known = sorted({word for item in CATEGORIES for word in members(item)})
        lines += [f"KNOWN = {known!r}"]
        body = ["    if s not in KNOWN:", "        return None", f"    return {drawn.code}"]
    else:
        body = [f"    return {drawn.code}"]
    head = "\n".join(lines)
    code = "\n".join([head, "", f"def f({names}):", *body, ""])
    cell = made("\n".join([head, "", f"def f({names}):", f"    return {drawn.cell}", ""]))
    return BlackBox(
        name=name,
        kind=kind,
        template=drawn.template,
        takes=TAKES[form],
        words=drawn.words,
        code=code,
        cases=_cases(form, drawn, cell, nonce, rng),
        refuses=_refuses,
        arity=2 if form == "pair" else 1,
    )


def _cases(
    form: str, drawn: Draft, cell: Callable[..., object], nonce: list[str], rng: Rng
) -> tuple[Case, ...]:
    """Hidden inputs, equally many from each cell of each domain."""
    pools: dict[str, list[str]] = {"words": real_words(), "made up": nonce}
    if form == "noun":
        pools = {"words": [word for item in CATEGORIES for word in members(item)]}
    cases: list[Case] = []
    for domain, pool in pools.items():
        if domain == "made up":
            for hint in drawn.hints:
                stems = [str(word) for word in rng.choice(pool, 120)]
                pool = [*pool, *(stem[:8] + hint for stem in stems)]
                pool += [hint + stem[:8] for stem in stems]
        inputs: list[Arguments] = [(word,) for word in pool]
        if form == "pair":
            inputs = _pairs(pool, rng)
        inputs = [inputs[int(at)] for at in rng.permutation(len(inputs))]
        cells: dict[str, list[Arguments]] = {}
        for item in dict.fromkeys(inputs):
            cells.setdefault(str(cell(*item)), []).append(item)
        for value, held in sorted(cells.items()):
            named = value if drawn.cell is not None else ""
            cases += [Case(item, domain, named) for item in held[:HIDDEN]]
    return tuple(cases)


def _pairs(pool: list[str], rng: Rng) -> list[Arguments]:
    """Pairs by chance, and pairs that share a beginning or an end."""
    first, second = (rng.choice(pool, 1500) for _ in range(2))
    pairs: list[Arguments] = [(str(a), str(b)) for a, b in zip(first, second, strict=True)]
    made_alike: list[Arguments] = []
    for a, b in pairs[:900]:
        a, b = str(a), str(b)
        made_alike += [(a, b[:-2] + a[-2:]), (a, a[0] + b[1:]), (a, a[-1] + b[1:])]
    return pairs + made_alike


def _refuses(arguments: Arguments) -> str | None:
    for word in arguments:
        if not isinstance(word, str) or not re.fullmatch(r"[a-z]{1,16}", word):
            return f"each argument is a word of 1 to 16 lower-case letters a to z, not {word!r}"
    return None
