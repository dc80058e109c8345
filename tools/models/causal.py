"""Modules of one's own that predict the next token, called as Hugging Face's language models are.

1. A network **speaks** if it gives `[row, place, token]`, as many tokens as its tokenizer has
   (large vocabularies may be padded), and no place's output depends on what stands behind it.
2. Its class is then changed to one that takes `input_ids` and gives an object with `logits`, so
   that it is read, changed, restarted and attributed like any language model. Its modules, weights
   and their paths stay as they are.
3. One that predicts from the last place alone unless it is given targets, as nanoGPT does, is
   always given them.
"""

import inspect
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from .trace import answer

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
        one, two = (answer(network(ids)) for ids in (row, other))
    if one is None or two is None or one.ndim != 3 or one.shape[:2] != row.shape:
        return False
    more = one.shape[2] - tokens
    if more and not (tokens >= _LARGE and 0 < more < _LARGE):
        return False
    apart = (one - two).abs().amax((0, 2))  # [place]
    small = 1e-5 * (1 + float(one.abs().max()))
    return bool(apart[:-1].max() <= small) and bool(apart[-1] > small)


def at_every_place(network: nn.Module, row: Tensor) -> None:
    """Makes a network that predicts from the last place alone predict at every place, if targets
    make it do so.

    Args:
        network: Takes token ids.
        row: `[1, place]`, of at least two places.
    """
    known = inspect.signature(network.forward).parameters
    targets = next((key for key in ("targets", "labels") if key in known), None)
    if targets is None or row.shape[1] < 2:
        return
    with torch.no_grad():
        alone = answer(network(row))
        if alone is None or alone.ndim != 3 or alone.shape[1] != 1:
            return
        whole = answer(network(row, **{targets: row}))
    if whole is None or whole.ndim != 3 or whole.shape[:2] != row.shape:
        return
    kind = type(network)
    named = {"__module__": kind.__module__, "targets": targets}
    network.__class__ = type(kind.__name__, (Taught, kind), named)


class Taught(nn.Module):
    """Before the class of a network that is given the tokens it reads as targets, too."""

    targets: str

    def forward(self, ids: Tensor) -> Any:
        """What the network gives; its loss means nothing."""
        return super().forward(ids, **{self.targets: ids})


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
        return SimpleNamespace(logits=answer(super().forward(input_ids, *given)))
