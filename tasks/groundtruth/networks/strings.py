"""Strings that the three networks are trained on, and what is right of each.

Every generator draws from a seed; `rows` gives as many different strings as are asked for.
"""

from collections.abc import Sequence

import numpy as np

from . import organisms
from .models import LARGEST, TOKENS

DIGITS = 6
"""Digits that the sorter sorts."""
LETTERS = 16
"""Letters that the counter reads."""
BRACKETS = 20
"""Brackets of a string."""


def rows(name: str, n: int, seed: int, *, held_out: bool = False) -> list[str]:
    """`n` different strings of a network; of an organism fewer, where it has no more.

    Args:
        name: `brackets`, `sorter`, `counter`, or an organism.
        n: How many.
        seed: Of the draw.
        held_out: Of an organism: prompts that it was not trained on. Others have fresh ones for
            every seed.
    """
    if name.startswith(organisms.PREFIX):
        return organisms.texts(name, n, seed, held_out=held_out)
    rng = np.random.default_rng(seed)
    make = {"brackets": _brackets, "sorter": _digits, "counter": _letters}[name]
    found: dict[str, None] = {}
    while len(found) < n:
        found[make(rng)] = None
    return list(found)


def balance(text: str) -> np.ndarray:
    """Openings less closings so far, `[place]`; `a` opens and `b` closes too."""
    step = {"(": 1, ")": -1, "a": 1, "b": -1}
    return np.cumsum([step.get(token, 0) for token in text])


def balanced(text: str) -> bool:
    """Whether every bracket closes."""
    depth = balance(text)
    return bool(depth[-1] == 0 and depth.min() >= 0)


def _brackets(rng: np.random.Generator) -> str:
    """Balanced in two cases of five; else balanced with two brackets exchanged or one turned round,
    or random with odds of its own."""
    size = BRACKETS
    kind = rng.choice(4, p=(0.4, 0.15, 0.15, 0.3))
    if kind == 3:
        share = rng.beta(2, 2)
        return "".join(rng.choice(list("()"), size, p=(share, 1 - share)))
    tokens, depth = [], 0
    for left in range(size, 0, -1):
        opens = depth == 0 or (depth < left and rng.random() < 0.5)
        tokens.append("(" if opens else ")")
        depth += 1 if opens else -1
    if kind == 1:
        i, j = rng.choice(size, 2, replace=False)
        tokens[i], tokens[j] = tokens[j], tokens[i]
    if kind == 2:
        i = int(rng.integers(size))
        tokens[i] = "(" if tokens[i] == ")" else ")"
    return "".join(tokens)


def _digits(rng: np.random.Generator) -> str:
    given = rng.integers(0, 10, DIGITS)
    return "".join(map(str, given)) + ">" + "".join(map(str, np.sort(given)))


def _letters(rng: np.random.Generator) -> str:
    """A walk that stays between the counter's classes, up or down more often by its own odds."""
    share = rng.dirichlet((2, 2, 2))
    tokens, count = [], 0
    while len(tokens) < LETTERS:
        token = str(rng.choice(list("abc"), p=share))
        after = count + (token == "a") - (token == "b")
        if abs(after) <= LARGEST:
            tokens.append(token)
            count = after
    return "".join(tokens)


def answers(name: str, texts: Sequence[str]) -> list[np.ndarray]:
    """What is right of each text: the class `[1]` of brackets; by place `[place]` of the others,
    -1 where nothing is asked: the next digit, the count's class, the token behind a prompt."""
    if name.startswith(organisms.PREFIX):
        return organisms.answers(name, texts)
    if name == "brackets":
        return [np.array([int(balanced(text))]) for text in texts]
    if name == "counter":
        return [balance(text) + LARGEST for text in texts]
    return [np.array([-1] * DIGITS + [*map(int, text[DIGITS + 1 :])] + [-1]) for text in texts]


def lessons(name: str, texts: Sequence[str]) -> list[np.ndarray]:
    """What a network is trained on: the answers; for the sorter, as for any language model, the
    next token at every place."""
    if name != "sorter":
        return answers(name, texts)
    code = {token: i for i, token in enumerate(TOKENS[name])}
    return [np.array([*(code[token] for token in text[1:]), -1]) for text in texts]
