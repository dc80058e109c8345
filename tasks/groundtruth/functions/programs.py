"""The hypothesis language of the built-in search over functions of words.

A program is a Python expression of `s` (or of `a` and `b`) with its words and its cost. What the
language says: rules from one or two tests, joined by and, or, not; whole-number sums of up to two
counts, also modulo; up to two edits in a row; one program or another by a rule. What it cannot say,
among others: what a word means, three-way conditions, products of counts, letters in a row, halves.
"""

import functools
import string
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .blackbox import Arguments
from .sandbox import Value

VOWELS = "sum(c in 'aeiou' for c in {s})"
_NAMES = {1: "s", 2: "a, b"}


class Program(NamedTuple):
    """A hypothesis."""

    words: str
    expression: str
    cost: float
    """Simpler programs cost less; among those that fit, the cheapest is answered."""

    def __call__(self, inputs: Sequence[Arguments]) -> list[Value]:
        """Its value for each input; None where it has none."""
        function = _compiled(self.expression, len(inputs[0]))
        values: list[Value] = []
        for item in inputs:
            try:
                values.append(function(*item))
            except (IndexError, ValueError):
                values.append(None)
        return values

    def code(self, arity: int) -> str:
        """Python that defines `f`."""
        return f"def f({_NAMES[arity]}):\n    return {self.expression}\n"


@functools.lru_cache(maxsize=50_000)
def _compiled(expression: str, arity: int) -> Callable[..., Any]:
    return eval(f"lambda {_NAMES[arity]}: {expression}")  # an expression of this language


def tests(inputs: Sequence[Arguments]) -> list[Program]:
    """Every single test that the inputs could speak for."""
    return _tests_of_pairs() if len(inputs[0]) == 2 else _tests_of_words(inputs)


def _tests_of_words(inputs: Sequence[Arguments]) -> list[Program]:
    found = [Program(f"it has more than {k} letters", f"len(s) > {k}", 2) for k in range(1, 13)]
    found += [Program(f"it has {k} letters", f"len(s) == {k}", 2.5) for k in range(1, 13)]
    found += [
        Program("its number of letters is even", "len(s) % 2 == 0", 2),
        Program("it starts with a vowel", "s[0] in 'aeiou'", 1.5),
        Program("it ends with a vowel", "s[-1] in 'aeiou'", 1.5),
        Program("it starts and ends with the same letter", "s[0] == s[-1]", 2),
        Program("a letter occurs twice in it", "len(set(s)) < len(s)", 2),
    ]
    vowels = VOWELS.format(s="s")
    found += [Program(f"it has more than {k} vowels", f"{vowels} > {k}", 2.5) for k in range(5)]
    for c in string.ascii_lowercase:
        found.append(Program(f"it contains {c}", f"'{c}' in s", 1.5))
        found.append(Program(f"it contains {c} twice", f"s.count('{c}') >= 2", 3))
    words = [str(item[0]) for item in inputs]
    for many in (1, 2, 3, 4):
        for end in sorted({word[-many:] for word in words if len(word) > many}):
            found.append(Program(f"it ends with '{end}'", f"s.endswith('{end}')", 1 + many / 3))
        for start in sorted({word[:many] for word in words if len(word) > many}):
            if many < 4:
                cost = 1 + many / 3
                found.append(Program(f"it starts with '{start}'", f"s.startswith('{start}')", cost))
    return found


def _tests_of_pairs() -> list[Program]:
    vowels = f"{VOWELS.format(s='a')} {{}} {VOWELS.format(s='b')}"
    given = [
        ("both are equally long", "len(a) == len(b)"),
        ("a is longer than b", "len(a) > len(b)"),
        ("b is longer than a", "len(a) < len(b)"),
        ("both start with the same letter", "a[0] == b[0]"),
        ("both end with the same letter", "a[-1] == b[-1]"),
        ("both start with the same two letters", "a[:2] == b[:2]"),
        ("both end with the same two letters", "a[-2:] == b[-2:]"),
        ("both end with the same three letters", "a[-3:] == b[-3:]"),
        ("b starts with the last letter of a", "a[-1] == b[0]"),
        ("a starts with the last letter of b", "b[-1] == a[0]"),
        ("a comes before b in the alphabet", "a < b"),
        ("they are equal", "a == b"),
        ("they share a letter", "bool(set(a) & set(b))"),
        ("a is part of b", "a in b"),
        ("b is part of a", "b in a"),
        ("they are made of the same letters", "sorted(a) == sorted(b)"),
        ("they have as many vowels", vowels.format("==")),
        ("a has more vowels", vowels.format(">")),
        ("both have an even number of letters together", "(len(a) + len(b)) % 2 == 0"),
    ]
    return [Program(words, expression, 2) for words, expression in given]


def counts(arity: int) -> list[Program]:
    """What can be counted."""
    if arity == 2:
        given = [("the letters of a", "len(a)"), ("the letters of b", "len(b)")]
        given += [
            ("the different letters in both", "len(set(a) & set(b))"),
            ("the vowels of a", VOWELS.format(s="a")),
            ("the vowels of b", VOWELS.format(s="b")),
            ("the difference of lengths", "abs(len(a) - len(b))"),
        ]
        return [Program(words, expression, 1) for words, expression in given]
    found = [
        Program("the letters", "len(s)", 1),
        Program("the vowels", VOWELS.format(s="s"), 1),
        Program("the different letters", "len(set(s))", 1.5),
        Program("the places in the alphabet", "sum(ord(c) - 96 for c in s)", 1.5),
    ]
    found += [Program(f"the letters {c}", f"s.count('{c}')", 1.5) for c in string.ascii_lowercase]
    return found


EDITS = (
    ("the word", "{s}", 0.5),
    ("backwards", "{s}[::-1]", 1),
    ("in capitals", "{s}.upper()", 1),
    ("with a capital", "{s}.capitalize()", 1),
    ("without its first letter", "{s}[1:]", 1),
    ("without its last letter", "{s}[:-1]", 1),
    ("twice", "{s} * 2", 1),
    ("with its last letter doubled", "({s} + {s}[-1])", 1.5),
    ("without vowels", "''.join(c for c in {s} if c not in 'aeiou')", 1.5),
    ("only its vowels", "''.join(c for c in {s} if c in 'aeiou')", 1.5),
    ("its letters sorted", "''.join(sorted({s}))", 1.5),
    (
        "first and last letter swapped",
        "({s}[-1:] + {s}[1:-1] + {s}[:1] if len({s}) > 1 else {s})",
        2,
    ),
)
"""Edits without a parameter: words, expression, cost. Others are read from what the calls gave."""


def edit(base: Program, given: tuple[str, str, float]) -> Program:
    """One more edit on top of a program."""
    words, expression, cost = given
    inner = base.expression if base.expression in ("s", "a", "b") else f"({base.expression})"
    said = words if base.expression == "s" else f"{base.words}, then {words}"
    if expression == "{s}":
        return base
    return Program(said, expression.replace("{s}", inner), base.cost + cost)


def bases(arity: int) -> list[Program]:
    """What edits start from."""
    if arity == 1:
        return [Program("the word", "s", 0.5)]
    return [
        Program("a", "a", 0.5),
        Program("b", "b", 0.5),
        Program("a and then b", "a + b", 1),
        Program("b and then a", "b + a", 1),
        Program("a, a blank and b", "a + ' ' + b", 1.5),
    ]


def either(one: Program, other: Program, rule: Program) -> Program:
    """One program where a rule holds, else another."""
    return Program(
        f"if {rule.words}: {one.words}; else: {other.words}",
        f"({one.expression}) if ({rule.expression}) else ({other.expression})",
        one.cost + other.cost + rule.cost + 1,
    )


def table(programs: Sequence[Program], inputs: Sequence[Arguments]) -> np.ndarray:
    """Which tests hold: `[program, input]` bool."""
    return np.array([[bool(value) for value in one(inputs)] for one in programs])
