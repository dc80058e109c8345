"""Organisms: small networks trained on known mechanisms, with their prompts and held-out figures.

    Target.load("organism:adder")                       the trained network
    prompts("adder", "test", 100, seed=0)               [(prompt, target, meta), ...]
    train.train("adder", None, folder)                  the same weights again

The weights lie in `tools/models/organisms`, where `Target.load` finds them without this package;
what they were trained on, and how, is here. `docs/organisms.md` says what each is known to do.
"""

import numpy as np

from ...tools.errors import UsageError, nearest
from .adder import ADDER
from .brackets import BRACKETS
from .facts import FACTS
from .induction import INDUCTION
from .modular import MODULAR
from .spec import Organism, Prompt, draw

__all__ = ["ORGANISMS", "Organism", "Prompt", "organism", "prompts"]

ORGANISMS = {item.name: item for item in (ADDER, MODULAR, BRACKETS, INDUCTION, FACTS)}


def organism(name: str) -> Organism:
    """The spec of that name, with or without `organism:` before it.

    Raises:
        UsageError: if there is none.
    """
    short = name.removeprefix("organism:")
    if short not in ORGANISMS:
        raise UsageError(
            f"there is no organism '{short}'; nearest: {nearest(short, ORGANISMS)} "
            "(`neuroscribe organisms` lists all)"
        )
    return ORGANISMS[short]


def prompts(
    name: str, split: str = "test", n: int = 100, seed: int = 0, *, kind: str | None = None
) -> list[Prompt]:
    """Different prompts of an organism, each with the one token that follows it.

    Args:
        name: `adder`, ...
        split: `train`, or `test`: never trained on. The two never share a prompt.
        n: How many.
        seed: Of the draw.
        kind: Only these: `depth 4` of brackets; `recall`, `reasoning`, ... of facts.

    Raises:
        UsageError: for an unknown name, split or kind, or if there are fewer prompts.
    """
    if n < 1:
        raise UsageError(f"ask for at least one prompt, not {n}")
    return draw(organism(name), split, kind, n, np.random.default_rng(seed))
