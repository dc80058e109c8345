"""Prompts `37+25=` of two numbers with one answer: what the adder and modular addition share.

Unordered pairs are held out: neither `a+b=` nor `b+a=` of a test pair is trained on.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from .spec import Batches, Organism, Prompt, answers, held_out, picks

ONE_IN = 5
"""One unordered pair in so many is held out."""
Pool = Callable[[str, str | None], list[Prompt]]


def sum_pool(
    name: str,
    operands: int,
    answer: Callable[[int, int], int],
    meta: Callable[[int, int], Mapping[str, Any]] = lambda a, b: {},
) -> Pool:
    """All prompts of a split, for operands below a number."""

    @cache
    def pool(split: str, kind: str | None = None) -> list[Prompt]:
        return [
            Prompt(f"{a}+{b}=", f"{answer(a, b)}", {"a": a, "b": b, **meta(a, b)})
            for a in range(operands)
            for b in range(operands)
            if held_out(name, *sorted((a, b)), one_in=ONE_IN) == (split == "test")
        ]

    return pool


def sum_batches(organism: Organism, rng: np.random.Generator) -> Batches:
    """Batches of training prompts drawn with replacement."""
    assert organism.pool is not None
    pool = organism.pool("train", None)
    rows = (((str(p.meta["a"]), "+", str(p.meta["b"]), "="), p.target) for p in pool)
    return picks(answers(organism, rows), organism.recipe.batch, rng)
