"""What `doctor` says of sound targets, and of four that are not."""

from pathlib import Path
from types import SimpleNamespace

import bare_models
import pytest
import torch
from neuroscribe.tasks.doctor import diagnose
from neuroscribe.tools.models import Model, Target
from neuroscribe.tools.models.factory import from_model
from neuroscribe.tools.models.untrained import untrained
from torch import nn
from torch.nn import functional

FILE = Path(str(bare_models.__file__))


def checked(target):
    found = diagnose(target)
    return found, {check.name: check for check in found.checks}


def test_a_sound_network_of_ones_own(shown):
    said = " ".join(shown("doctor", f"{FILE}:gpt").split())
    for text in (
        "a causal language model: every place predicts the next token",
        "context 32 tokens",
        "head.0 .. head.1 (2 x 4, 8 channels each)",
        "mlp.0 .. mlp.1 (2 x 128)",
        "the residual stream adds up: embeddings and all sub-updates are the final residual",
        "padding: changes nothing",
    ):
        assert text in said
    assert "WRONG" not in said


@pytest.mark.parametrize("name", ["classifier", "counter"])
def test_other_kinds_are_sound_too(document, name):
    found = document("doctor", f"{FILE}:{name}")
    assert found["sound"]
    assert {check["status"] for check in found["checks"]} <= {"ok", "note"}


class Unsteady(nn.Module):
    """Draws at random, or counts its calls, or gives what is no number."""

    def __init__(self, how):
        super().__init__()
        self.embed, self.head = nn.Embedding(12, 6), nn.Linear(6, 3)
        self.how, self.calls = how, 0

    def forward(self, ids):
        self.calls += 1
        x = self.embed(ids)
        if self.how == "random":
            x = x + torch.randn_like(x)
        if self.how == "counting":
            x = x * self.calls
        out = self.head(x.mean(1))
        return out * torch.nan if self.how == "nan" else out


@pytest.mark.parametrize(
    ("how", "check"),
    [
        ("random", "a second call"),
        ("counting", "a second call"),
        ("nan", "the output is finite"),
    ],
)
def test_what_cannot_be_trusted_is_wrong(how, check):
    torch.manual_seed(0)
    target = from_model(Model(Unsteady(how), bare_models.LETTERS), name="own")
    found, checks = checked(target)
    assert not found.sound
    assert checks[check].status == "wrong"


def test_planted_units_are_no_sum_and_that_is_a_note():
    _, checks = checked(Target.load("planted"))
    assert checks["the residual stream adds up"].status == "note"
    assert "gradients and patching work without" in checks["the residual stream adds up"].said


def test_a_factory_that_draws_its_weights_anew_is_wrong(tmp_path):
    file = tmp_path / "mine.py"
    code = "from torch import nn\ndef load():\n    print('hello')\n    return nn.Linear(2, 3)\n"
    file.write_text(f"import torch\n{code}load.example = (1, 2)\n")
    _, checks = checked(Target.load(f"{file}:load"))
    assert checks["loading it again"].status == "wrong"


def test_a_factory_that_leaves_or_prints(tmp_path, refused):
    file = tmp_path / "mine.py"
    file.write_text("import sys\ndef leaves():\n    print('hello')\n    sys.exit(3)\n")
    assert "it left with sys.exit(3)" in refused("doctor", f"{file}:leaves")


class MixedAttention(bare_models.CausalSelfAttention):
    """Puts the channels of all heads side by side, where heads are usually side by side."""

    def forward(self, x):
        parts = self.c_attn(x).chunk(3, -1)  # each [row, place, d]
        q, k, v = (part.unflatten(-1, (self.n_head, -1)).transpose(1, 2) for part in parts)
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.permute(0, 2, 3, 1).flatten(2))


@pytest.mark.parametrize(
    ("attention", "declared", "status", "says"),
    [
        (None, None, "ok", "4 a block, as its attention has; what they write adds up"),
        (None, 8, "wrong", "cut into 8 heads, but its attention has 4: write Model(heads=4)"),
        (None, 2, "wrong", "cut into 2 heads, but its attention has 4"),
        (MixedAttention, None, "wrong", "reads the channels of its 4 heads mixed"),
    ],
)
def test_heads_are_those_of_the_network(attention, declared, status, says):
    torch.manual_seed(0)
    size = {"n_embd": 32, "n_head": 4, "n_layer": 2, "block_size": 16}
    config = SimpleNamespace(vocab_size=len(bare_models.LETTERS), **size)
    network = bare_models.GPT(config)
    for block in network.transformer["h"]:
        if attention is not None:
            block.attn = attention(config)
    target = from_model(Model(network, bare_models.LETTERS, heads=declared), name="own")
    found, checks = checked(target)
    assert checks["heads"].status == status
    assert says in checks["heads"].said
    assert found.sound == (status == "ok")


class Loose(nn.Module):
    """Attention in no block, and a choice of a token as the output where `chooses`."""

    def __init__(self, chooses=False):
        super().__init__()
        self.embed, self.out = nn.Embedding(12, 8), nn.Linear(8, 12)
        self.attn = nn.MultiheadAttention(8, 2, batch_first=True)
        self.chooses = chooses

    def forward(self, ids):
        x = self.embed(ids)
        out = self.out(self.attn(x, x, x, need_weights=False)[0])
        return out.argmax(-1) if self.chooses else out.mean(1)


def test_attention_in_no_block_has_heads():
    torch.manual_seed(0)
    found, checks = checked(from_model(Model(Loose(), bare_models.LETTERS), name="own"))
    assert {each.kind for each in found.sites} >= {"head", "attn_out"}
    assert next(each for each in found.sites if each.kind == "head").units == (2,)
    assert checks["heads"].status == "ok"


def test_a_choice_for_each_place_is_said_and_no_crash():
    torch.manual_seed(0)
    found, checks = checked(from_model(Model(Loose(True), bare_models.LETTERS), name="own"))
    assert "return the logits before it" in checks["the output is finite"].said
    assert checks["padding"].status == "ok"
    assert all("a choice" in why for why in found.refused.values())


def test_key_frequencies_of_a_network_that_adds(tmp_path):
    target = Target.load("organism:modular")
    by_neuron = {4, 10, 12, 15, 17, 18, 19, 23}  # of its card
    found = diagnose(target)
    assert set(found.frequencies["embedding"]["shares"]) == by_neuron
    assert "--data" in found.findings["key frequencies"]
    assert not diagnose(untrained(target)).frequencies["embedding"]["shares"]
    sums = tmp_path / "sums.txt"
    sums.write_text("\n".join(f"{a}+{b}=" for a in range(47) for b in range(0, 47, 2)))
    neurons = diagnose(target, str(sums)).frequencies["mlp.0"]
    assert neurons["single"] >= 60
    assert set(neurons["frequencies"]) <= by_neuron
    assert diagnose(Target.load(f"{FILE}:gpt")).frequencies == {}


def test_data_that_are_not_about_numbers_are_one_line(tmp_path, refused):
    file = tmp_path / "letters.txt"
    letters = str.maketrans("0123456789", "abcdefghij")
    file.write_text("\n".join(f"{i * 7919 % 10_007} a{i}".translate(letters) for i in range(400)))
    assert "reads no texts" in refused("doctor", "pictures", "--data", str(file))
    assert "at no place" in refused("doctor", f"{FILE}:gpt", "--data", str(file))
    assert "no file" in refused("doctor", f"{FILE}:gpt", "--data", str(tmp_path / "none.txt"))
