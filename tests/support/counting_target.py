"""A network whose units are known, and data for it: whether a text is long, its running balance of
brackets, and whether the numbers of the places that open one add up to a multiple of three."""

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
        total = ((ids == 1) * torch.arange(ids.shape[1])).sum(1, keepdim=True)
        code = (total % 3 == 0).float().expand_as(step)
        return self.out(self.units(torch.stack([long, step.cumsum(1), code], -1)))[:, -1]


def load():
    torch.manual_seed(0)
    return Model(Counting(), tokenizer=TOKENS, kind="module")


def strings(seed, n):
    rng = random.Random(seed)
    while True:
        text = "".join(rng.choice("()") for _ in range(rng.randint(4, 16)))
        depth = [text[: i + 1].count("(") - text[: i + 1].count(")") for i in range(len(text))]
        yield {"text": text, "long": len(text) > LONG, "depth": depth} | {
            "length": len(text),
            "code": sum(i for i, one in enumerate(text) if one == "(") % 3 == 0,
        }
