"""What an organism gets right: whether its likeliest next token is the target, with intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tools.data.windows import cut, surfaces
from ...tools.models import Intervention, Target
from ...tools.statistics.intervals import share
from .spec import Organism, Prompt, draw

_ROWS = 1000


def next_tokens(
    target: Target, prompts: Sequence[Prompt], interventions: Sequence[Intervention] = ()
) -> list[str]:
    """The likeliest token behind each prompt, as text."""
    names = surfaces(target)
    result: list[str] = []
    for start in range(0, len(prompts), _ROWS):
        texts = [item.prompt for item in prompts[start : start + _ROWS]]
        windows = cut(target, texts, length=target.context_length, document_per_row=True)
        logits = target.trace(windows, output="last", interventions=interventions).output
        assert logits is not None  # [input, token]
        result += [names[int(i)] for i in logits.argmax(-1)]
    return result


def hits(
    target: Target, prompts: Sequence[Prompt], interventions: Sequence[Intervention] = ()
) -> list[bool]:
    """Whether each prompt's target is the likeliest token."""
    result = next_tokens(target, prompts, interventions)
    return [token == item.target for token, item in zip(result, prompts, strict=True)]


def shares(right: Sequence[bool], kinds: Sequence[str]) -> dict[str, Any]:
    """Accuracy by kind: `value, low, high, n` with a 95% Wilson interval."""
    return {
        kind: share(hit for hit, own in zip(right, kinds, strict=True) if own == kind)
        for kind in sorted(set(kinds))
    }


def accuracy(
    target: Target, organism: Organism, split: str, *, limit: int = 1000
) -> dict[str, Any]:
    """Accuracy on up to `limit` prompts of each kind of a split, drawn with seed 1.

    Returns:
        `all` (the headline kinds together), and by kind where there are kinds.
    """
    headline: list[bool] = []
    table: dict[str, Any] = {}
    for kind in organism.kinds_of(split):
        size = limit if organism.pool is None else min(limit, len(organism.pool(split, kind)))
        right = hits(target, draw(organism, split, kind, size, np.random.default_rng(1)))
        if kind is not None:
            table[kind] = share(right)
        if kind is None or not organism.headline or kind in organism.headline:
            headline += right
    return {"all": share(headline), **table}
