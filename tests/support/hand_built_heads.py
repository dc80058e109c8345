"""A network of one's own whose heads follow known patterns, written into its weights.

The stream holds, one after another, the token, the place and the token before, each one-hot. A head
scores a pair of places by `q @ k`; `W_QK` of every head is set directly.
"""

import torch
from torch import nn
from torch.nn import functional

TOKENS = list("abcdefghij.")
LENGTH = 40
V, T = len(TOKENS), LENGTH
D = 2 * V + T
FIRST = ("previous", "itself", "copies", "first", "delimiter", "uniform", "random")
SECOND = ("induction", "random", "uniform", "previous", "itself", "first", "random")
SHARP = 30.0


def scores(pattern: str) -> torch.Tensor:
    """`W_QK` of a pattern, `[d, d]`: how much a query of one direction wants a key of another."""
    made = torch.zeros(D, D)
    token, place, before = slice(0, V), slice(V, V + T), slice(V + T, D)
    if pattern == "previous":
        made[place, place] = SHARP * torch.diag(torch.ones(T - 1), -1)
    elif pattern == "itself":
        made[place, place] = SHARP * torch.eye(T)
    elif pattern == "copies":
        made[token, token] = SHARP * torch.eye(V)
        made[place, place] = -2 * SHARP * torch.eye(T)
    elif pattern == "first":
        made[place, V] = SHARP
    elif pattern == "delimiter":
        made[place, TOKENS.index(".")] = SHARP
    elif pattern == "induction":
        made[token, before] = SHARP * torch.eye(V)
    elif pattern == "random":
        made = 4 * torch.randn(D, D)
    return made


class Attention(nn.Module):
    def __init__(self, patterns, *, fused):
        super().__init__()
        self.n_head, self.fused = len(patterns), fused
        self.query = nn.Linear(D, self.n_head * D, bias=False)
        self.value = nn.Linear(D, self.n_head * D, bias=False)
        self.c_proj = nn.Linear(self.n_head * D, D, bias=False)
        self.query.weight.data = torch.cat([scores(one).T for one in patterns])
        self.value.weight.data = torch.eye(D).repeat(self.n_head, 1)
        out = 1e-3 * torch.randn(D, self.n_head, D)  # so that all of them matter
        if patterns == FIRST:  # the head of the token before writes that token
            out[V + T :, 0, :V] = torch.eye(V)
        self.c_proj.weight.data = out.flatten(1)

    def forward(self, x):
        q, v = (
            f(x).unflatten(-1, (self.n_head, D)).transpose(1, 2) for f in (self.query, self.value)
        )
        k = x[:, None].expand(-1, self.n_head, -1, -1)  # [row, head, place, d]
        if self.fused:
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=1.0)
        else:
            hidden = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
            y = (q @ k.transpose(-1, -2)).masked_fill(hidden, -torch.inf).softmax(-1) @ v
        return self.c_proj(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, patterns, *, fused):
        super().__init__()
        self.attn = Attention(patterns, fused=fused)

    def forward(self, x):
        return x + self.attn(x)


class Heads(nn.Module):
    def __init__(self, *, fused):
        super().__init__()
        self.blocks = nn.ModuleList(Block(one, fused=fused) for one in (FIRST, SECOND))
        self.embed, self.place = nn.Embedding(V, D), nn.Embedding(T, D)
        self.embed.weight.data = torch.eye(V, D)
        self.place.weight.data = torch.cat([torch.zeros(T, V), torch.eye(T, D - V)], 1)
        self.head = nn.Linear(D, V, bias=False)

    def forward(self, ids):
        x = self.embed(ids) + self.place(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def fused():
    torch.manual_seed(0)
    return Heads(fused=True), TOKENS


def plain():
    torch.manual_seed(0)
    return Heads(fused=False), TOKENS
