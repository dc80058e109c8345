"""Organisms (`tasks/organisms`) as networks whose units a program knows: their texts, what is right
of each, and what a unit may compute there.

Sums and brackets are read at the last token alone, where the network gives its answer; facts at
all. Descriptions, and the first look for known units, are given prompts that the network was
trained on; the second look and what decides are prompts that it never saw. Of the network of
attention alone the heads are known by what they attend to, as measured when it was trained.
"""

import re
from collections.abc import Sequence
from functools import partial

import numpy as np

from ....tools.models import Target
from ....tools.models.organisms import card
from ...organisms import organism, prompts
from ...organisms.facts import BRIDGES, PEOPLE, world
from ...organisms.modular import MODULUS

PREFIX = "organism:"
NAMES = tuple(f"{PREFIX}{name}" for name in ("adder", "modular", "brackets", "facts", "induction"))
_HEADS = {"previous-place heads": "previous", "induction heads": "induction"}
_PHASES = 12
_PERIODS = ((2, 1), (5, 1), (10, 1), (10, 3), (20, 1), (25, 1), (50, 1), (100, 1), (200, 1))
"""Periods and frequencies of waves of the adder's numbers; 200 is one hump over all sums."""

Quantities = dict[str, tuple[str, np.ndarray]]
"""Kind and values `[place]`, by name; of the kind `wave` from -1 to 1, or -2 to 2."""


def opened(name: str) -> Target:
    """The organism, read where it gives its answer."""
    target = Target.load(name)
    if name not in (f"{PREFIX}facts", f"{PREFIX}induction"):
        target.special = "last"
    return target


def texts(name: str, n: int, seed: int, *, held_out: bool) -> list[str]:
    """Up to `n` different prompts, of those trained on or of those held out.

    Facts have too few held-out prompts for either use; theirs are all of the training.
    """
    split = "test" if held_out and name != f"{PREFIX}facts" else "train"
    pool = organism(name).pool
    most = n if pool is None else min(n, len(pool(split, None)))
    return [one.prompt for one in prompts(name.removeprefix(PREFIX), split, most, seed)]


def answers(name: str, given: Sequence[str]) -> list[np.ndarray]:
    """The token that follows each prompt, at its last place; -1 elsewhere: int64 `[place]`, of
    which the first is the token that a text begins with."""
    ids = organism(name).ids
    found = []
    for text in given:
        tokens = _tokens(name, text)
        asked = np.full(1 + len(tokens), -1)
        asked[-1] = ids[_answer(name, tokens)]
        found.append(asked)
    return found


def quantities(name: str, text: str) -> Quantities:
    """What a unit may compute, at every place that is read."""
    return _MAKE[name](_tokens(name, text))


def attending(name: str) -> dict[str, str]:
    """What heads attend to (`previous`, `induction`), by unit; empty for all but one organism."""
    if name != f"{PREFIX}induction":
        return {}
    groups = card(name)["figures"]["groups"]
    return {head: to for group, to in _HEADS.items() for head in groups[group]}


def _tokens(name: str, text: str) -> list[str]:
    if name in (f"{PREFIX}facts", f"{PREFIX}induction"):
        return text.split()
    return re.findall(r"\d+|[a-z]+|\)+|[+=(,]", text)


def _answer(name: str, tokens: list[str]) -> str:
    if name == f"{PREFIX}brackets":
        return ")" * _open(tokens)
    if name == f"{PREFIX}facts":
        return f" {_fact(tokens)}"
    a, b = int(tokens[0]), int(tokens[2])
    return str((a + b) % MODULUS if name == f"{PREFIX}modular" else a + b)


def _open(tokens: Sequence[str]) -> int:
    text = "".join(tokens)
    return text.count("(") - text.count(")")


def _brackets(tokens: list[str]) -> Quantities:
    every = np.array([_open(tokens[: i + 1]) for i in range(len(tokens))])
    counts = {
        "position": ("position", len(tokens) - 1),
        "open brackets": ("algorithm", every[-1]),
        "most open brackets so far": ("algorithm", every.max()),
        "open brackets by place": ("algorithm", every[-1] / len(tokens)),
        "functions so far": ("algorithm", sum(len(one) > 1 and one.isalpha() for one in tokens)),
        "names so far": ("algorithm", sum(len(one) == 1 and one.isalpha() for one in tokens)),
        "brackets closed so far": ("algorithm", sum(one.count(")") for one in tokens)),
    }
    counts |= {f"count of '{one}' so far": ("algorithm", tokens.count(one)) for one in "(,"}
    return {key: (kind, np.array([value])) for key, (kind, value) in counts.items()}


def _sum(tokens: list[str], *, modulus: int | None) -> Quantities:
    a, b = int(tokens[0]), int(tokens[2])
    numbers = {"the first number": a, "the second number": b}
    numbers["the sum"] = a + b if modulus is None else (a + b) % modulus
    found = {
        **numbers,
        "the larger number": max(a, b),
        "the smaller number": min(a, b),
        "the difference": abs(a - b),
    }
    if modulus is None:
        for name, value in numbers.items():
            found |= {f"tens of {name}": value // 10, f"units of {name}": value % 10}
            found |= {f"{name} is even": value % 2 == 0}
            found |= {f"units of {name} are {d}": value % 10 == d for d in range(10)}
        found |= {"sum of the units": a % 10 + b % 10, "sum of the tens": a // 10 + b // 10}
        found |= {"a carry": a % 10 + b % 10 >= 10}
    waves = {}
    whole = a + b
    for period, k in _PERIODS if modulus is None else _frequencies(modulus):
        for phase in range(_PHASES):
            one, other, both = np.cos(
                2 * np.pi * (k * np.array([a, b, whole]) / period - phase / _PHASES)
            )
            said = f"frequency {k} of {period}, phase {phase}/{_PHASES}, of"
            waves |= {f"{said} the first number": one, f"{said} the second number": other}
            waves |= {f"{said} the sum": both, f"{said} both numbers, added": one + other}
    return {
        **{name: ("algorithm", np.array([value])) for name, value in found.items()},
        **{name: ("wave", np.array([value])) for name, value in waves.items()},
    }


def _frequencies(modulus: int) -> list[tuple[int, int]]:
    return [(modulus, k) for k in range(1, (modulus + 1) // 2)]


def _facts(tokens: list[str]) -> Quantities:
    """Of all places: what stands there, and what is known of the one who is named."""
    facts, here = world(), np.array(tokens)
    person = np.isin(here, PEOPLE)
    named = np.maximum.accumulate(person)
    who = next((one for one in tokens if one in PEOPLE), None)
    found: Quantities = {
        "position": ("position", np.arange(len(tokens))),
        "a person": ("token", person),
        "a person so far": ("algorithm", named),
    }
    for word in ("the", "of", "is", *BRIDGES):
        found[f"token '{word}'"] = ("token", here == word)
        found[f"'{word}' just before"] = ("token", np.r_[False, here[:-1] == word])
    for relation, (values, attributes) in BRIDGES.items():
        found[f"a {relation}"] = ("token", np.isin(here, values))
        found[f"an attribute of a {relation}"] = ("token", np.isin(here, list(attributes)))
        for attribute in attributes:
            found[f"'{attribute}' so far"] = ("algorithm", np.maximum.accumulate(here == attribute))
        for value in values:
            own = who is not None and facts.bridge[who, relation] == value
            asked = own and relation in tokens
            found[f"a person whose {relation} is {value}"] = ("algorithm", person & own)
            found[f"the {relation} of the person is {value}"] = ("algorithm", named & own)
            at_hand = np.maximum.accumulate((person & asked) | (here == value))
            found[f"the {relation} at hand is {value}"] = ("algorithm", at_hand)
    return found


def _fact(tokens: list[str]) -> str:
    """What follows `the ATTRIBUTE of the RELATION of PERSON is`, or a shorter one."""
    facts, asked = world(), [one for one in tokens if one not in ("the", "of", "is")]
    value = asked.pop()
    while asked:
        relation = asked.pop()
        table = facts.bridge if relation in BRIDGES else facts.attribute
        value = table[value, relation]
    return value


_MAKE = {
    f"{PREFIX}adder": partial(_sum, modulus=None),
    f"{PREFIX}modular": partial(_sum, modulus=MODULUS),
    f"{PREFIX}brackets": _brackets,
    f"{PREFIX}facts": _facts,
}
