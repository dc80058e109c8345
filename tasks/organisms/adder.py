"""Two-operand addition: `37+25=` is followed by `62`, each number one token.

The setting of Yu & Ananiadou (2024) and of "All for One" (2025): the answer is read at `=`, so the
operands must reach it through attention, in some layer, and be added behind it. Which of
the four layers must wait and which carry over is what a (wait, transfer) grid finds.
"""

from typing import Any

from ...tools.models import Target
from .measure import hits, shares
from .spec import Organism, Recipe, gpt2
from .sums import sum_batches, sum_pool

OPERANDS = 100
_pool = sum_pool(
    "adder",
    OPERANDS,
    lambda a, b: a + b,
    lambda a, b: {"carry": a % 10 + b % 10 >= 10},
)


def _figures(target: Target) -> dict[str, Any]:
    pool = _pool("test", None)
    kinds = ["carry" if p.meta["carry"] else "no carry" for p in pool]
    return {"held_out_by_carry": shares(hits(target, pool), kinds)}


ADDER = Organism(
    name="adder",
    mechanism=(
        "a+b= for operands 0 to 99: attention carries both operands to '=', where they are added"
    ),
    words=(*(str(n) for n in range(2 * OPERANDS - 1)), "+", "="),
    architecture=gpt2(layers=4, width=64),
    pool=_pool,
    batches=sum_batches,
    recipe=Recipe(steps=4500, rate=3e-3, decay=0.1, batch=256),
    figures=_figures,
)
