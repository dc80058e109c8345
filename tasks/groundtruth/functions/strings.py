"""Functions of words, with their truth in words and in code, drawn from a seed.

The families follow FIND (Schwettmann et al. 2023): rules about length, letters and affixes, edits,
edits on a condition, arithmetic on letters, relations of two words, and membership in categories.
Hidden inputs are half known words and half made-up ones; where the function has a condition, both
sides of it come equally often and are judged by themselves.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .blackbox import Arguments, BlackBox, Case, made
from .words import CATEGORIES, made_up, members, real_words

HIDDEN = 60
"""Hidden inputs of each domain and cell."""
LETTERS = "aeiourtnsldcmp"
SUFFIXES = ("ing", "ed", "er", "ly", "ness", "ous", "al", "ion", "est", "y")
PREFIXES = ("re", "un", "in", "de", "st", "con", "pr", "s")
TAKES = {
    "word": "one word of 1 to 16 lower-case letters a to z, real or made up",
    "pair": "two words a and b, each of 1 to 16 lower-case letters a to z",
    "noun": "one English noun in lower case; null means that the word is not known to it",
}


class Draft(NamedTuple):
    """A function before it has inputs."""

    template: str
    words: str
    expression: str
    """Of `s`, or of `a` and `b`."""
    cell: str | None = None
    """An expression whose values are the cells; None: one cell."""
    hints: tuple[str, ...] = ()
    """Endings and beginnings that matter, so that some inputs have them."""


Rng = np.random.Generator
VOWELS = "sum(c in 'aeiou' for c in s)"
PLACES = "sum(ord(c) - 96 for c in s)"


def _letters(rng: Rng, count: int) -> list[str]:
    return [str(letter) for letter in rng.choice(list(LETTERS), count, replace=False)]


def _one(rng: Rng, choices: list[Draft]) -> Draft:
    return choices[int(rng.integers(len(choices)))]


def _rule(template: str, words: str, expression: str, *hints: str) -> Draft:
    return Draft(template, f"true if {words}, else false", expression, expression, hints)


def length(rng: Rng) -> Draft:
    """How long it is."""
    k, m = int(rng.integers(4, 8)), int(rng.integers(2, 5))
    return _one(
        rng,
        [
            Draft("length", "the number of letters", "len(s)"),
            _rule("longer", f"it has more than {k} letters", f"len(s) > {k}"),
            _rule("even length", "its number of letters is even", "len(s) % 2 == 0"),
            Draft("remainder of length", f"its length modulo {m}", f"len(s) % {m}"),
            Draft("length times", f"{m} times its length plus {k}", f"{m} * len(s) + {k}"),
        ],
    )


def letters(rng: Rng) -> Draft:
    """Which letters it has."""
    c, d = _letters(rng, 2)
    return _one(
        rng,
        [
            _rule("contains", f"it contains the letter {c}", f"'{c}' in s"),
            _rule("one but not another", f"it has {c} and no {d}",
                  f"'{c}' in s and '{d}' not in s"),
            _rule("either letter", f"it has {c} or {d}", f"'{c}' in s or '{d}' in s"),
            _rule("same ends", "it starts and ends with the same letter", "s[0] == s[-1]"),
            _rule("starts with a vowel", "its first letter is a, e, i, o or u", "s[0] in 'aeiou'"),
            _rule("repeated letter", "a letter occurs twice in it", "len(set(s)) < len(s)"),
            _rule("double letter", "two equal letters follow each other",
                  "any(x == y for x, y in zip(s, s[1:]))"),
            _rule("early letter first", f"its first letter comes before {c} in the alphabet",
                  f"s[0] < '{c}'"),
            _rule("rising letters", "its first three letters are in alphabetical order",
                  "list(s[:3]) == sorted(s[:3])"),
        ],
    )  # fmt: skip


def affixes(rng: Rng) -> Draft:
    """How it begins or ends."""
    x, y = (str(item) for item in rng.choice(SUFFIXES, 2, replace=False))
    p, k = str(rng.choice(PREFIXES)), int(rng.integers(4, 7))
    return _one(
        rng,
        [
            _rule("ends with", f"it ends with '{x}'", f"s.endswith('{x}')", x),
            _rule("starts with", f"it starts with '{p}'", f"s.startswith('{p}')", p),
            _rule("either ending", f"it ends with '{x}' or '{y}'",
                  f"s.endswith('{x}') or s.endswith('{y}')", x, y),
            _rule("ending of long words", f"it ends with '{x}' and has more than {k} letters",
                  f"s.endswith('{x}') and len(s) > {k}", x),
            _rule("beginning and end", f"it starts with '{p}' or ends with '{x}'",
                  f"s.startswith('{p}') or s.endswith('{x}')", p, x),
        ],
    )  # fmt: skip


def edits(rng: Rng) -> Draft:
    """The word, changed; one or two edits in a row."""
    c, d = _letters(rng, 2)
    x, p, k = str(rng.choice(SUFFIXES)), str(rng.choice(PREFIXES)), int(rng.integers(1, 6))
    shifted = f"''.join(chr((ord(c) - 97 + {k}) % 26 + 97) for c in s)"
    return _one(
        rng,
        [
            Draft("reverse", "the word backwards", "s[::-1]"),
            Draft("append", f"the word with '{x}' at its end", f"s + '{x}'"),
            Draft("drop and append", f"the word without its last letter, plus '{x}'",
                  f"s[:-1] + '{x}'"),
            Draft("replace", f"the word with each {c} made {d}", f"s.replace('{c}', '{d}')"),
            Draft("no vowels", "the word without a, e, i, o and u",
                  "''.join(c for c in s if c not in 'aeiou')"),
            Draft("swap ends", "the word with first and last letter swapped",
                  "s if len(s) < 2 else s[-1] + s[1:-1] + s[0]"),
            Draft("shift", f"each letter moved {k} on in the alphabet", shifted),
            Draft("sort", "its letters in alphabetical order", "''.join(sorted(s))"),
            Draft("prefix and reverse", f"'{p}' and then the word backwards", f"'{p}' + s[::-1]"),
            Draft("capital", "the word with a capital first letter", "s.capitalize()"),
            Draft("once each", "its letters, each only where it first occurs",
                  "''.join(dict.fromkeys(s))"),
            Draft("every second", "its first, third, fifth letter and so on", "s[::2]"),
            Draft("halves swapped", "its second half, then its first half",
                  "s[len(s) // 2:] + s[:len(s) // 2]"),
        ],
    )  # fmt: skip


def conditional(rng: Rng) -> Draft:
    """One change or another, by a condition."""
    c = _letters(rng, 1)[0]
    x, y = (str(item) for item in rng.choice(SUFFIXES, 2, replace=False))
    conditions = [
        (f"'{c}' in s", f"it contains {c}"),
        ("len(s) > 5", "it has more than 5 letters"),
        ("s[0] in 'aeiou'", "it starts with a vowel"),
        ("s[-1] in 'aeiou'", "it ends in a vowel"),
    ]
    test, said = conditions[int(rng.integers(len(conditions)))]
    return _one(
        rng,
        [
            Draft("two endings", f"'{x}' is added if {said}, else '{y}'",
                  f"s + '{x}' if {test} else s + '{y}'", test),
            Draft("backwards if", f"the word backwards if {said}, else the word",
                  f"s[::-1] if {test} else s", test),
            Draft("capitals if", f"all capitals if {said}, else without the last letter",
                  f"s.upper() if {test} else s[:-1]", test),
            Draft("plural", "the plural: y becomes ies; es after s, x, z; else s",
                  "s[:-1] + 'ies' if s[-1] == 'y' else s + ('es' if s[-1] in 'sxz' else 's')",
                  "s[-1] if s[-1] in 'yx' else ('s' if s[-1] in 'sz' else '')",
                  ("y", "x", "s")),
            Draft("game latin",
                  "'way' is added after a first vowel; else the first letter goes to the end, "
                  "plus 'ay'",
                  "s + 'way' if s[0] in 'aeiou' else s[1:] + s[0] + 'ay'", "s[0] in 'aeiou'"),
            Draft("length if", f"its length if {said}, else 0", f"len(s) if {test} else 0", test),
        ],
    )  # fmt: skip


def arithmetic(rng: Rng) -> Draft:
    """A number made of counts."""
    c, d = _letters(rng, 2)
    a, b, m = int(rng.integers(2, 5)), int(rng.integers(1, 4)), int(rng.integers(3, 8))
    return _one(
        rng,
        [
            Draft("count", f"how often {c} occurs", f"s.count('{c}')", f"'{c}' in s"),
            Draft("count and length", f"{a} times the count of {c} plus the length",
                  f"{a} * s.count('{c}') + len(s)", f"'{c}' in s"),
            Draft("vowels times", f"{a} times its number of vowels minus {b}",
                  f"{a} * {VOWELS} - {b}"),
            Draft("vowels against consonants", "its vowels minus its consonants",
                  f"2 * {VOWELS} - len(s)"),
            Draft("sum of places", "the sum of its letters' places in the alphabet", PLACES),
            Draft("remainder of places", f"the sum of its letters' places modulo {m}",
                  f"{PLACES} % {m}"),
            Draft("different letters", "its number of different letters", "len(set(s))"),
            Draft("product of counts", f"the count of {c} plus 1, times the count of {d} plus 1",
                  f"(s.count('{c}') + 1) * (s.count('{d}') + 1)", f"('{c}' in s, '{d}' in s)"),
            Draft("longest run", "its longest run of consonants",
                  "max(len(part) for part in re.split('[aeiou]', s))"),
            Draft("square of length", "the square of its length, minus its vowels",
                  f"len(s) ** 2 - {VOWELS}"),
        ],
    )  # fmt: skip


def relation(rng: Rng) -> Draft:
    """What holds between two words."""
    return _one(
        rng,
        [
            _rule("same length", "both are equally long", "len(a) == len(b)"),
            _rule("longer than", "a is longer than b", "len(a) > len(b)"),
            _rule("same start", "both start with the same letter", "a[0] == b[0]"),
            _rule("rhyme", "both end in the same two letters", "a[-2:] == b[-2:]"),
            _rule("chain", "b starts with the letter that a ends with", "a[-1] == b[0]"),
            _rule("before", "a comes before b in the dictionary", "a < b"),
            Draft("shared letters", "how many different letters both have",
                  "len(set(a) & set(b))"),
            Draft("join", "b, then a", "b + a"),
            Draft("total", "their letters together, counted", "len(a) + len(b)"),
            _rule("as many vowels", "both have as many vowels",
                  "sum(c in 'aeiou' for c in a) == sum(c in 'aeiou' for c in b)"),
            Draft("blend", "the first half of a and the second half of b",
                  "a[:len(a) // 2] + b[len(b) // 2:]"),
        ],
    )  # fmt: skip


def category(rng: Rng) -> Draft:
    """What the word means."""
    x, y = (str(item) for item in rng.choice(sorted(CATEGORIES), 2, replace=False))
    return _one(
        rng,
        [
            _rule("member", f"it is a kind of {x}", f"s in {x.upper()}"),
            _rule("either category", f"it is a kind of {x} or of {y}",
                  f"s in {x.upper()} or s in {y.upper()}"),
            _rule("member and letter", f"it is a kind of {x} and contains an e",
                  f"s in {x.upper()} and 'e' in s"),
            Draft("which", f"'{x}' or '{y}' if it is a kind of that, else 'other'",
                  f"'{x}' if s in {x.upper()} else '{y}' if s in {y.upper()} else 'other'",
                  f"'{x}' if s in {x.upper()} else '{y}' if s in {y.upper()} else 'other'"),
        ],
    )  # fmt: skip


KINDS: dict[str, Callable[[Rng], Draft]] = {
    "length": length,
    "letters": letters,
    "affixes": affixes,
    "edits": edits,
    "conditional": conditional,
    "arithmetic": arithmetic,
    "relation": relation,
    "category": category,
}
"""Makers by kind."""


def string_boxes(seed: int, *, many: int = 4) -> list[BlackBox]:
    """`many` functions of each kind, of different templates as far as there are."""
    boxes = []
    nonce = made_up(np.random.default_rng([seed, 99]), 1500)
    for at, (kind, maker) in enumerate(KINDS.items()):
        rng = np.random.default_rng([seed, 100 + at])
        drafts: dict[str, Draft] = {}
        for _ in range(200):
            draft = maker(rng)
            drafts.setdefault(draft.template, draft)
        chosen = list(drafts.values())[:many]
        while len(chosen) < many:
            chosen.append(maker(rng))
        for number, draft in enumerate(chosen):
            boxes.append(_box(f"{kind}/{number}", kind, draft, nonce, rng))
    return boxes


def _box(name: str, kind: str, draft: Draft, nonce: list[str], rng: Rng) -> BlackBox:
    form = {"relation": "pair", "category": "noun"}.get(kind, "word")
    names = "a, b" if form == "pair" else "s"
    lines = ["import re", ""]
    if form == "noun":
        used = [item for item in CATEGORIES if item.upper() in draft.expression]
        lines += [f"{item.upper()} = {set(members(item))!r}" for item in used]
        known = sorted({word for item in CATEGORIES for word in members(item)})
        lines += [f"KNOWN = {known!r}"]
        body = ["    if s not in KNOWN:", "        return None", f"    return {draft.expression}"]
    else:
        body = [f"    return {draft.expression}"]
    head = "\n".join(lines)
    code = "\n".join([head, "", f"def f({names}):", *body, ""])
    cell = made("\n".join([head, "", f"def f({names}):", f"    return {draft.cell}", ""]))
    return BlackBox(
        name=name,
        kind=kind,
        template=draft.template,
        takes=TAKES[form],
        words=draft.words,
        code=code,
        cases=_cases(form, draft, cell, nonce, rng),
        refuses=_refuses,
        arity=2 if form == "pair" else 1,
    )


def _cases(
    form: str, draft: Draft, cell: Callable[..., object], nonce: list[str], rng: Rng
) -> tuple[Case, ...]:
    """Hidden inputs, equally many from each cell of each domain."""
    pools: dict[str, list[str]] = {"words": real_words(), "made up": nonce}
    if form == "noun":
        pools = {"words": [word for item in CATEGORIES for word in members(item)]}
    cases: list[Case] = []
    for domain, pool in pools.items():
        if domain == "made up":
            for hint in draft.hints:
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
            named = value if draft.cell is not None else ""
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
