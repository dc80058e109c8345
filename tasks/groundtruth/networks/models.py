"""Three small networks, as someone who trains toys writes them, and factories that load them.

    brackets    reads a whole string of brackets at once: is it balanced?
    sorter      a language model that prints the digits before `>` in order behind it
    counter     a recurrent network that gives, at each letter, how many more a's than b's it read

    neuroscribe doctor tasks/groundtruth/networks/models.py:brackets_0

The factories are `NAME_SEED`. This file needs nothing but PyTorch and safetensors: what is found of
the networks is found as for any file of a user's.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

TOKENS = {"brackets": list("()"), "sorter": list("0123456789>"), "counter": list("abc")}
LARGEST = 8
"""The counter's classes are -8 to 8."""
WEIGHTS = Path(__file__).parent / "weights"


class Brackets(nn.Module):
    """Attention over a whole string of brackets, a layer of ReLUs, and their mean: `[row, 2]`
    logits, 1 is balanced. Positions decide where attention looks, tokens what it finds there."""

    def __init__(self, width: int = 32, heads: int = 4, length: int = 24) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(TOKENS["brackets"]), width)
        self.place = nn.Embedding(length, width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.hidden = nn.Sequential(nn.Linear(width, width), nn.ReLU())
        self.head = nn.Linear(width, 2)

    def forward(self, ids: Tensor) -> Tensor:
        """Token ids `[row, place]`."""
        x = self.embed(ids)
        place = self.place(torch.arange(ids.shape[1], device=ids.device)).expand_as(x)
        return self.head(self.hidden(self.attn(place, place, x, need_weights=False)[0]).mean(1))


class Attention(nn.Module):
    """Causal attention, as nanoGPT writes it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.n_head = heads
        self.c_attn, self.c_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """`[row, place, d]` to the same."""
        parts = self.c_attn(x).chunk(3, -1)
        q, k, v = (part.unflatten(-1, (self.n_head, -1)).transpose(1, 2) for part in parts)
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention and an MLP, each added to the stream."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """`[row, place, d]` to the same."""
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Sorter(nn.Module):
    """A small GPT whose stream is read through a layer of ReLUs: `[row, place, token]` logits."""

    def __init__(self, width: int = 32, heads: int = 4, layers: int = 2, length: int = 16) -> None:
        super().__init__()
        tokens = len(TOKENS["sorter"])
        self.embed, self.place = nn.Embedding(tokens, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.hidden = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.ReLU())
        self.head = nn.Linear(2 * width, tokens, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Token ids `[row, place]`."""
        x = self.embed(ids) + self.place(torch.arange(ids.shape[1], device=ids.device))
        for block in self.blocks:
            x = block(x)
        return self.head(self.hidden(x))


class Counter(nn.Module):
    """A recurrent network of ReLUs: `[row, place, class]` logits of the count so far."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(TOKENS["counter"]), width)
        self.rnn = nn.RNN(width, width, nonlinearity="relu", batch_first=True)
        nn.init.eye_(self.rnn.all_weights[0][1])  # Le, Jaitly and Hinton 2015
        self.head = nn.Linear(width, 2 * LARGEST + 1)

    def forward(self, ids: Tensor) -> Tensor:
        """Token ids `[row, place]`."""
        return self.head(self.rnn(self.embed(ids))[0])


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "brackets": Brackets,
    "sorter": Sorter,
    "counter": Counter,
}


def load(name: str, seed: int) -> tuple[nn.Module, list[str]]:
    """A trained network with its tokens."""
    network = NETWORKS[name]()
    network.load_state_dict(load_file(WEIGHTS / f"{name}-{seed}.safetensors"))
    return network, TOKENS[name]


def __getattr__(name: str) -> Any:
    """The factories: `brackets_0` is `load("brackets", 0)`."""
    network, _, seed = name.rpartition("_")
    if network in NETWORKS and seed.isdecimal():
        return partial(load, network, int(seed))
    raise AttributeError(name)
