"""Modules of one's own: what the probe run can tell of attention, dead ends, ids and length."""

from pathlib import Path

import numpy as np
import pytest
from neuroscribe.tasks.cli.app import run
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.registry import call

_FILE = """
import torch
from torch import nn
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast


class Attention(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(d, d) for _ in range(4))
        self.dead = nn.Linear(d, d)

    def forward(self, x):
        self.dead(x)
        q, k, v = self.q(x), self.k(x), self.v(x)
        score = q @ k.transpose(1, 2) / 4
        mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).tril()
        return x + self.o(score.masked_fill(~mask, -1e9).softmax(-1) @ v)


class Model(nn.Module):
    def __init__(self, letters, length):
        super().__init__()
        torch.manual_seed(0)
        self.token, self.place = nn.Embedding(letters, 16), nn.Embedding(length, 16)
        self.blocks = nn.ModuleList([Attention(16), Attention(16)])
        self.head = nn.Linear(16, letters)

    def forward(self, ids):
        x = self.token(ids) + self.place(torch.arange(ids.shape[1], device=ids.device))
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def made(letters="ab", length=12):
    names = {letter: at for at, letter in enumerate(letters)}
    inner = Tokenizer(models.WordLevel(names, unk_token=letters[0]))
    inner.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return Model(len(letters), length), PreTrainedTokenizerFast(tokenizer_object=inner)


def small():
    return made()


def four_places():
    return made("abc", 4)
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "own.py"
    path.write_text(_FILE)
    return path


@pytest.fixture(scope="module")
def small(file: Path) -> Target:
    return Target.load(f"{file}:small")


@pytest.mark.parametrize("part", ["q", "k", "v", "o"])
def test_every_part_of_attention_is_a_site(small: Target, part: str) -> None:
    assert small.site(f"blocks.0.{part}").units == 16


def test_the_context_length_is_found_out(small: Target, file: Path) -> None:
    assert small.context_length == 12
    assert Target.load(f"{file}:four_places").context_length == 4
    windows = cut(small, ["ab" * 40], length=64)
    assert windows.ids.shape[1] == 12
    lab = Lab(small, windows, unit=small.unit("blocks.1.o/3"))
    found = call(lab, "activations", {"texts": ["ab" * 20]})
    assert not found.error, found.text


def test_an_index_leaves_out_what_cannot_be_used(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.txt"
    draw = np.random.default_rng(0)
    words = ["".join(draw.choice(["a", "b"], 3)) for _ in range(3000)]
    text.write_text("\n\n".join(" ".join(words[at : at + 30]) for at in range(0, 3000, 30)))
    given = ["index", f"{file}:small", "--data", str(text), "--out", str(tmp_path / "index")]
    assert run(given) == 0
    said = capsys.readouterr().err
    assert "skipped blocks.0.dead" in said
    assert "blocks.0.k" not in said
    assert run([*given, "--out", str(tmp_path / "named"), "--sites", "blocks.0.dead"]) == 2


@pytest.mark.parametrize(("letters", "length"), [(2, 16), (3, 4), (4, 3)])
def test_a_lens_on_few_tokens_and_few_places(letters: int, length: int) -> None:
    import torch
    from neuroscribe.tools.lens.stream import reader
    from neuroscribe.tools.models.huggingface import wrap
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=letters,
        max_position_embeddings=length,
        **{"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2},
        **{"num_attention_heads": 2, "num_key_value_heads": 2},
    )
    target = wrap(LlamaForCausalLM(config), None, name="few")
    assert target.site("mlp.1").units == 24
    assert reader(target).readout.norm is not None
