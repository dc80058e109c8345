"""Two-operand addition: `37+25=` is followed by `62`, each number one token.

The setting of Yu & Ananiadou (2024) and of "All for One" (2025): the answer is read at `=`, so the
operands must reach it through attention, in some layer, and be added behind it. Which of
the four layers must wait and which carry over is what a (wait, transfer) grid finds. Unordered
pairs are held out: neither `a+b=` nor `b+a=` of a test pair was trained on.
"""

from functools import cache
from typing import Any

import numpy as np

from ...tools.models import Target
from .spec import Batches, Organism, Prompt, Recipe, answers, held_out, picks

OPERANDS = 100
ONE_IN = 5


@cache
def _pool(split: str, kind: str | None = None) -> list[Prompt]:
    return [
        Prompt(f"{a}+{b}=", f"{a + b}", {"a": a, "b": b, "carry": a % 10 + b % 10 >= 10})
        for a in range(OPERANDS)
        for b in range(OPERANDS)
        if held_out("adder", *sorted((a, b)), one_in=ONE_IN) == (split == "test")
    ]


def _batches(organism: Organism, rng: np.random.Generator) -> Batches:
    rows = answers(
        organism,
        (((str(p.meta["a"]), "+", str(p.meta["b"]), "="), p.target) for p in _pool("train")),
    )
    return picks(rows, organism.recipe.batch, rng)


def _figures(target: Target) -> dict[str, Any]:
    from .measure import hits, shares

    pool = _pool("test")
    right = hits(target, pool)
    return {
        "held_out_by_carry": shares(
            right, ["carry" if p.meta["carry"] else "no carry" for p in pool]
        )
    }


ADDER = Organism(
    name="adder",
    mechanism=(
        "a+b= for operands 0 to 99: attention carries both operands to '=', where they are added"
    ),
    words=(*(str(n) for n in range(2 * OPERANDS - 1)), "+", "="),
    architecture={
        "model_type": "gpt2",
        "n_layer": 4,
        "n_embd": 64,
        "n_head": 4,
        "n_inner": 256,
        "n_positions": 16,
    },
    pool=_pool,
    batches=_batches,
    recipe=Recipe(steps=4500, rate=3e-3, decay=0.1, batch=256),
    figures=_figures,
)
