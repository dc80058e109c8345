"""The first token of a row is left out where it is an attention sink, and nowhere else."""

import numpy as np
import pytest
import torch
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.models import Model
from neuroscribe.tools.models.own_model import from_model
from neuroscribe.tools.models.sink import first_to_others, sink
from torch import nn

TOKENS = list("abcdefghijklmnop")


class Block(nn.Module):
    def __init__(self, first):
        super().__init__()
        self.linear = nn.Linear(8, 8)
        self.first = first

    def forward(self, x):
        x = x + 0.01 * self.linear(x)
        return torch.cat([x[:, :1] * self.first, x[:, 1:]], 1)


class Decoder(nn.Module):
    """A language model whose first place is so many times as long as the others."""

    def __init__(self, first, tokens):
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.head = nn.Embedding(tokens, 8), nn.Linear(8, tokens)
        self.blocks = nn.ModuleList([Block(1), Block(first)])

    def forward(self, ids):
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


class Framed:
    """Begins each text with a token of its own."""

    vocab_size = 17

    def encode(self, text):
        return [16, *(TOKENS.index(letter) for letter in text)]

    def decode(self, ids):
        return "".join([*TOKENS, "<s>"][i] for i in ids)


def made(first, tokenizer=TOKENS, special=None):
    tokens = 17 if isinstance(tokenizer, Framed) else 16
    model = Model(Decoder(first, tokens), tokenizer, special=special)
    return from_model(model, name="decoder")


def test_a_sink_is_a_first_place_many_times_as_long_as_the_others():
    assert first_to_others(made(50)) == pytest.approx(50, rel=0.5)
    assert sink(made(50))
    assert not sink(made(3))
    assert not sink(made(50, Framed()))  # the token that begins a text is the sink


@pytest.mark.parametrize(
    ("first", "special", "expected"),
    [
        (50, None, "skip-first"),
        (1, None, "skip"),
        (50, "skip", "skip"),
        (50, "count", "count"),
        (1, "skip-first", "skip-first"),
    ],
)
def test_the_first_token_of_every_row_is_left_out_where_it_is_a_sink(first, special, expected):
    target = made(first, special=special)
    assert target.special_tokens == expected
    rows = cut(target, ["abcd", "efghij"], length=4)
    lost = expected == "skip-first"
    assert rows.counted.sum(1).tolist() == [4 - lost, 4 - lost, 2 - lost]
    assert rows.visible.sum(1).tolist() == [4, 4, 2]  # it is read, and places count from it
    assert np.array_equal(rows.rank[:, 0], [0, 0, 0])
    assert rows.text(0) == "abcd"


def test_with_a_token_that_begins_a_text_the_first_token_behind_it_is_left_out():
    rows = cut(made(1, Framed(), "skip-first"), ["abcd"])
    assert rows.counted.tolist() == [[False, False, True, True, True]]
