"""A network whose units are known, and data for it: whether a text is long, its running balance of
brackets, and what depends on neither."""

import random

import torch
from neuroscribe.tools.models import Model
from torch import nn

TOKENS = ["<pad>", "(", ")"]
LONG = 10


class Counting(nn.Module):
    steps: torch.Tensor

    def __init__(self):
        super().__init__()
        self.units, self.out = nn.Identity(), nn.Linear(3, 2)
        self.register_buffer("steps", torch.tensor([0.0, 1.0, -1.0]))

    def forward(self, ids):
        step = self.steps[ids]  # [row, place]
        long = ((ids > 0).sum(1, keepdim=True) > LONG).float().expand_as(step)
        other = torch.sin(12.9 * ids + 78.2 * torch.arange(ids.shape[1]))
        return self.out(self.units(torch.stack([long, step.cumsum(1), other], -1)))[:, -1]


def load():
    torch.manual_seed(0)
    return Model(Counting(), tokenizer=TOKENS, kind="module")


def strings(seed, n):
    rng = random.Random(seed)
    while True:
        text = "".join(rng.choice("()") for _ in range(rng.randint(4, 16)))
        depth = [text[: i + 1].count("(") - text[: i + 1].count(")") for i in range(len(text))]
        yield {"text": text, "long": len(text) > LONG, "length": len(text), "depth": depth}
