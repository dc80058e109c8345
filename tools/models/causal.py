"""Modules of one's own that predict the next token, called as Hugging Face's language models are.

1. A network **speaks** if it gives `[row, place, token]`, as many tokens as its tokenizer has
   (large vocabularies may be padded), and no place's output depends on what stands behind it.
2. Its class is then changed to one that takes `input_ids` and gives an object with `logits`, so
   that it is read, changed, restarted and attributed like any language model. Its modules, weights
   and their paths stay as they are.
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from .trace import output_tensor

_LARGE = 256
"""Tokens of a vocabulary that may be padded, by fewer than as many."""


def speaks(network: nn.Module, row: Tensor, tokens: int) -> bool:
    """Whether a network predicts the next token at every place.

    Args:
        network: Takes token ids.
        row: `[1, place]`, of at least two places.
        tokens: Of its tokenizer.
    """
    if row.shape[1] < 2 or tokens < 2:
        return False
    other = row.clone()
    other[0, -1] = (other[0, -1] + 1) % tokens
    with torch.no_grad():
        one, two = (_logits(network(ids)) for ids in (row, other))
    if one is None or two is None or one.ndim != 3 or one.shape[:2] != row.shape:
        return False
    more = one.shape[2] - tokens
    if more and not (tokens >= _LARGE and 0 < more < _LARGE):
        return False
    apart = (one - two).abs().amax((0, 2))  # [place]
    small = 1e-5 * (1 + float(one.abs().max()))
    return bool(apart[:-1].max() <= small) and bool(apart[-1] > small)


def spoken(network: nn.Module) -> nn.Module:
    """The same network, which takes `input_ids` and gives `logits`."""
    kind = type(network)
    if not issubclass(kind, Spoken):
        network.__class__ = type(kind.__name__, (Spoken, kind), {"__module__": kind.__module__})
    return network


class Spoken(nn.Module):
    """Before the class of a network in the order of its bases. It keeps no cache."""

    def forward(self, input_ids: Tensor, *given: Any, **ignored: Any) -> Any:
        """Masks and caches are not passed on: rows are padded behind their text, which no place
        before it sees."""
        return SimpleNamespace(logits=_logits(super().forward(input_ids, *given)))


def _logits(output: Any) -> Tensor | None:
    """The tensor of an output, whichever form it has."""
    if isinstance(output, Mapping):
        output = output.get("logits", next(iter(output.values()), None))
    return output_tensor(getattr(output, "logits", output))
