"""The organisms by name, and their prompts."""

import numpy as np

from ...tools.errors import UsageError, nearest
from .adder import ADDER
from .brackets import BRACKETS
from .facts import FACTS
from .induction import INDUCTION
from .modular import MODULAR
from .spec import Organism, Prompt, draw

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
