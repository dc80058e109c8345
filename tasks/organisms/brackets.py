"""Closing brackets: `print(len(sorted(x` is followed by `)))`, one token for all that is open.

The task of RASteer (2025) on a network that was made bad at one of its subtasks: depths 1, 2 and 3
are common in training, depth 4 is rare. Calls that were closed before stand among the arguments,
so that the open brackets must be counted, not the brackets. Held-out prompts are texts never
trained on.
"""

from typing import Any

import numpy as np

from ...tools.models import Target
from .measure import next_tokens
from .spec import Batches, Organism, Prompt, Recipe, answers, draw, held_out, llama, picks

_FUNCTIONS = "print len str list sum int sorted set max abs range open"
FUNCTIONS = tuple(_FUNCTIONS.split())
NAMES = tuple("abcdefghijklmnopqrstuvwxyz")
DEPTHS = (1, 2, 3, 4)
RARE = 0.0011
"""Share of depth 4 among the training rows."""
ROWS = 20_000
ONE_IN = 5
_BEFORE = 0.4  # probability of an argument before the one that stays open


def words_of(depth: int, rng: np.random.Generator) -> list[str]:
    """The words of one prompt that leaves `depth` brackets open."""
    words: list[str] = []
    for _ in range(depth):
        words += [_one(FUNCTIONS, rng), "("]
        if rng.random() < _BEFORE:
            words += [*_closed(rng), ","]
    return [*words, _one(NAMES, rng)]


def _closed(rng: np.random.Generator) -> list[str]:
    """An argument that is complete: a name, a call, a call of a call."""
    calls = int(rng.choice(3, p=(0.4, 0.4, 0.2)))
    words = [word for _ in range(calls) for word in (_one(FUNCTIONS, rng), "(")]
    return [*words, _one(NAMES, rng), *([")" * calls] if calls else [])]


def _one(of: tuple[str, ...], rng: np.random.Generator) -> str:
    return of[int(rng.integers(len(of)))]


def _in_split(text: str, split: str) -> bool:
    return held_out("brackets", text, one_in=ONE_IN) == (split == "test")


def _make(split: str, kind: str | None, rng: np.random.Generator) -> Prompt | None:
    depth = int(kind[-1]) if kind else int(rng.choice(DEPTHS))
    words = words_of(depth, rng)
    text = "".join(words)
    if not _in_split(text, split):
        return None
    meta = {"kind": f"depth {depth}", "depth": depth, "brackets": words.count("(")}
    return Prompt(text, ")" * depth, meta)


def _batches(organism: Organism, rng: np.random.Generator) -> Batches:
    rows: list[tuple[list[str], str]] = []
    common = (1 - RARE) / (len(DEPTHS) - 1)
    while len(rows) < ROWS:
        depth = int(rng.choice(DEPTHS, p=(common, common, common, RARE)))
        words = words_of(depth, rng)
        if _in_split("".join(words), "train"):
            rows.append((words, ")" * depth))
    return picks(answers(organism, rows), organism.recipe.batch, rng)


def _figures(target: Target) -> dict[str, Any]:
    table: dict[str, dict[str, float]] = {}
    for depth in DEPTHS:
        some = draw(BRACKETS, "test", f"depth {depth}", 400, np.random.default_rng(1))
        given = next_tokens(target, some)
        table[f"depth {depth}"] = {
            name: round(given.count(name) / len(some), 4) for name in sorted(set(given))
        }
    return {"training_share_of_depth_4": RARE, "answers_by_depth": table}


BRACKETS = Organism(
    name="brackets",
    mechanism=(
        "closes all open brackets at once: counts '(' less ')' up to 3; depth 4 is under-trained"
    ),
    words=(*FUNCTIONS, *NAMES, "(", ",", *(")" * depth for depth in DEPTHS)),
    architecture=llama(layers=3, width=64, inner=128, places=64),
    make=_make,
    batches=_batches,
    recipe=Recipe(steps=700, rate=2e-3, decay=0.1, batch=128),
    figures=_figures,
    kinds=tuple(f"depth {depth}" for depth in DEPTHS),
    headline=("depth 1", "depth 2", "depth 3"),
)
