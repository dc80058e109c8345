"""Small models as people write them themselves: nanoGPT's form, `torch.nn`'s, a bare RNN."""

from types import SimpleNamespace

import torch
from torch import nn
from torch.nn import functional

LETTERS = list("\n abcdefghij")


class CausalSelfAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd)
        self.c_proj = nn.Linear(config.n_embd, config.n_embd)
        self.n_head = config.n_head

    def forward(self, x):
        parts = self.c_attn(x).chunk(3, -1)  # each [row, place, d]
        q, k, v = (part.unflatten(-1, (self.n_head, -1)).transpose(1, 2) for part in parts)
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        d = config.n_embd
        self.ln_1, self.ln_2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attn = CausalSelfAttention(config)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """Gives logits and a loss, as nanoGPT does; refuses rows beyond its block size."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(config.vocab_size, config.n_embd),
                "wpe": nn.Embedding(config.block_size, config.n_embd),
                "h": nn.ModuleList([Block(config) for _ in range(config.n_layer)]),
                "ln_f": nn.LayerNorm(config.n_embd),
            }
        )
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=False)

    def forward(self, idx, targets=None):
        assert idx.shape[1] <= self.config.block_size
        parts = self.transformer
        x = parts["wte"](idx) + parts["wpe"](torch.arange(idx.shape[1], device=idx.device))
        for block in parts["h"]:
            x = block(x)
        return self.lm_head(parts["ln_f"](x)), None


class Classifier(nn.Module):
    """Reads all places at once, with `torch.nn`'s own encoder."""

    def __init__(self, tokens, d=16, heads=2, layers=2, length=24):
        super().__init__()
        self.embed, self.place = nn.Embedding(tokens, d), nn.Embedding(length, d)
        layer = nn.TransformerEncoderLayer(d, heads, 4 * d, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(d, 2)

    def forward(self, ids):
        x = self.embed(ids) + self.place(torch.arange(ids.shape[1], device=ids.device))
        return self.head(self.encoder(x)[:, 0])


class Counter(nn.Module):
    def __init__(self, tokens, d=12):
        super().__init__()
        self.embed, self.rnn = nn.Embedding(tokens, d), nn.GRU(d, d, batch_first=True)
        self.head = nn.Linear(d, tokens)

    def forward(self, ids):
        return self.head(self.rnn(self.embed(ids))[0])


class Memory(nn.Module):
    """Two layers of an LSTM that reads both ways; one answer a row."""

    def __init__(self, tokens, d=8):
        super().__init__()
        self.embed = nn.Embedding(tokens, d)
        self.rnn = nn.LSTM(d, d, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(2 * d, 2)

    def forward(self, ids):
        return self.head(self.rnn(self.embed(ids))[0].mean(1))


def gpt():
    torch.manual_seed(0)
    config = SimpleNamespace(n_embd=32, n_head=4, n_layer=2, vocab_size=len(LETTERS), block_size=32)
    return GPT(config), LETTERS


def classifier():
    torch.manual_seed(0)
    return Classifier(3), ["<pad>", "(", ")"]


def counter():
    torch.manual_seed(0)
    return Counter(len(LETTERS)), LETTERS


def memory():
    torch.manual_seed(0)
    return Memory(3), ["<pad>", "(", ")"]


def digits():
    """nanoGPT's form over digits."""
    torch.manual_seed(0)
    config = SimpleNamespace(n_embd=16, n_head=2, n_layer=1, vocab_size=10, block_size=32)
    return GPT(config), list("0123456789")


class Pooled(Classifier):
    """A classifier whose head bends: a tanh before the last map, as in BERT's pooler."""

    def forward(self, ids):
        x = self.embed(ids) + self.place(torch.arange(ids.shape[1], device=ids.device))
        return self.head(torch.tanh(self.encoder(x)[:, 0]))


class Plain(GPT):
    """A language model without a norm behind its last block."""

    def __init__(self, config):
        super().__init__(config)
        self.transformer["ln_f"] = nn.Identity()


def pooled():
    torch.manual_seed(0)
    return Pooled(3), ["<pad>", "(", ")"]


def plain():
    torch.manual_seed(0)
    config = SimpleNamespace(n_embd=32, n_head=4, n_layer=2, vocab_size=len(LETTERS), block_size=32)
    return Plain(config), LETTERS
