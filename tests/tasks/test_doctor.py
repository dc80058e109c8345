"""What `doctor` says of sound targets, and of four that are not."""

from pathlib import Path

import bare_models
import pytest
import torch
from neuroscribe.tasks.doctor import diagnose
from neuroscribe.tools.models import Model, Target
from neuroscribe.tools.models.factory import from_model
from torch import nn

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
