"""A classifier over letters that reads its answer at `[CLS]`, where its units are active.

units/0   at [CLS]: how many `a` the text has beyond two
units/1   at every `b`, wherever it stands
"""

import random

import torch
from torch import Tensor, nn

NAMES = ("[CLS]", "[SEP]", "[PAD]", "a", "b", "c")


class Framed:
    """Letters between [CLS] and [SEP]."""

    vocab_size = len(NAMES)

    def encode(self, text: str) -> list[int]:
        """Ids of a text, with a token before and one behind it."""
        return [0, *(NAMES.index(letter) for letter in text), 1]

    def decode(self, ids: list[int]) -> str:
        """The text of ids."""
        return "".join(NAMES[i] for i in ids)


class AtStart(nn.Module):
    """Has the text many `a`? Two classes."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(NAMES), len(NAMES))
        self.embed.weight.data = torch.eye(len(NAMES))
        self.units = nn.Identity()

    def forward(self, ids: Tensor) -> Tensor:
        """Ids `[row, place]`; logits `[row, class]`."""
        x = self.embed(ids)  # [row, place, token]
        many = (x[..., 3].sum(1, keepdim=True) - 2).relu() * x[..., 0]
        first = self.units(torch.stack([many, x[..., 4]], -1))[:, 0, 0]  # [row]
        return torch.stack([1 - first, first], -1)


def load():
    """Network and tokenizer."""
    return AtStart(), Framed()


def texts(seed: int, n: int):
    """Letters at random, 6 to 12 a text."""
    draw = random.Random(seed)
    for _ in range(n):
        yield "".join(draw.choice("aabc") for _ in range(draw.randint(6, 12)))
