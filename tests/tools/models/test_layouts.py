"""Weights in the layouts of TransformerLens, GPT-2 and nanoGPT: translated, or a target alone."""

import json
import pickle

import bare_models
import lens_layout
import pytest
import torch
from checks import refused
from neuroscribe.tasks.cli.app import run
from neuroscribe.tools.models import Target
from torch import nn

IDS = torch.tensor([[1, 5, 2, 7, 11], [0, 3, 3, 8, 4]])


def logits(target):
    with torch.no_grad():
        given = target.network(IDS)
    return getattr(given, "logits", given)


@pytest.fixture
def state():
    return lens_layout.state_dict()


def test_a_state_dict_of_transformerlens_is_a_target(state, tmp_path, capsys):
    file = tmp_path / "toy.pt"
    config = {**lens_layout.CONFIG, "vocab": bare_models.LETTERS}
    torch.save({"state_dict": state, "config": config}, file)
    target = Target.load(str(file))
    assert (target.kind, target.context_length) == ("causal", 10)
    assert (target.site("head.1").units, target.site("mlp.0").units) == (3, 20)
    torch.testing.assert_close(logits(target), lens_layout.logits(state, IDS), rtol=1e-5, atol=1e-5)
    assert run(["doctor", str(file)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "translated from the layout of TransformerLens; tokens from its 'vocab'" in said
    assert "embeddings and all sub-updates are the final residual" in said


def test_a_folder_holds_configuration_and_vocabulary(state, tmp_path):
    torch.save(state, tmp_path / "step-10.pth")
    (tmp_path / "config.json").write_text(json.dumps(lens_layout.CONFIG))
    (tmp_path / "vocab.json").write_text(json.dumps(bare_models.LETTERS))
    target = Target.load(str(tmp_path))
    torch.testing.assert_close(logits(target), lens_layout.logits(state, IDS), rtol=1e-5, atol=1e-5)
    other = lens_layout.state_dict(seed=1)
    torch.save(other, tmp_path / "step-20.pth")
    refused(r"has step-10.pth, step-20.pth; name it", Target.load, str(tmp_path))
    second = Target.load(str(tmp_path), weights=tmp_path / "step-20.pth")
    torch.testing.assert_close(logits(second), lens_layout.logits(other, IDS), rtol=1e-5, atol=1e-5)


@pytest.fixture
def nanogpt():
    network, _ = bare_models.gpt()
    network = network.eval()
    state = {}
    for key, value in network.state_dict().items():  # nanoGPT names the maps of its MLP
        state[key.replace("mlp.0", "mlp.c_fc").replace("mlp.2", "mlp.c_proj")] = value
    with torch.no_grad():
        return state, network(IDS)[0]


ARGS = {"n_layer": 2, "n_head": 4, "n_embd": 32, "block_size": 32, "vocab_size": 12, "bias": True}


def test_a_checkpoint_of_nanogpt_is_a_target(nanogpt, tmp_path):
    state, want = nanogpt
    file = tmp_path / "ckpt.pt"
    compiled = {f"_orig_mod.{key}": value for key, value in state.items()}
    torch.save({"model": compiled, "model_args": ARGS, "best_val_loss": torch.tensor(1.0)}, file)
    (tmp_path / "meta.pkl").write_bytes(
        pickle.dumps({"itos": dict(enumerate(bare_models.LETTERS))})
    )
    target = Target.load(str(file))
    torch.testing.assert_close(logits(target), want, rtol=1e-5, atol=1e-5)
    assert target.tokenizer.decode([2, 3]) == "ab"
    (tmp_path / "meta.pkl").write_bytes(pickle.dumps({"itos": print}))
    refused("cannot be read as plain values", Target.load, str(file))


def gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    shape = GPT2Config(
        vocab_size=12, n_positions=10, n_embd=12, n_layer=2, n_head=3, n_inner=20,
        activation_function="gelu", tie_word_embeddings=False,
    )  # fmt: skip
    return GPT2LMHeadModel(shape), bare_models.LETTERS


class Torch(nn.Module):
    """Layers of `torch.nn`, before whose parts the norms stand."""

    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(12, 12), nn.Embedding(10, 12)
        layer = nn.TransformerEncoderLayer(
            12, 3, 20, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        last = nn.LayerNorm(12)
        self.encoder = nn.TransformerEncoder(layer, 2, last, enable_nested_tensor=False)
        self.head = nn.Linear(12, 12)

    def forward(self, ids):
        n = ids.shape[1]
        x = self.tokens(ids) + self.places(torch.arange(n))
        return self.head(self.encoder(x, torch.ones(n, n).triu(1).bool()))


def layers():
    return Torch(), bare_models.LETTERS


def test_transformerlens_into_gpt2_and_layers_of_torch(state, tmp_path):
    file = tmp_path / "toy.pt"
    torch.save(state, file)
    where = f"{__file__}"
    # two tables of one shape, embeddings and unembeddings, are not told apart
    refused(r"has no place|lacks", Target.load, f"{where}:layers", weights=file)
    refused(r"'unembed.bias' \[12\] has no place", Target.load, f"{where}:gpt2", weights=file)
    state["unembed.b_U"].zero_()
    torch.save(state, file)
    target = Target.load(f"{where}:gpt2", weights=file)
    assert "translated from the layout of TransformerLens" in target.notes
    torch.testing.assert_close(logits(target), lens_layout.logits(state, IDS), rtol=1e-5, atol=1e-5)


def test_nanogpt_and_conv1d_are_told_apart_by_shape(tmp_path):
    network, _ = gpt2()
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(torch.randn_like(weight) / 3)
        want = network.eval()(IDS).logits
    file = tmp_path / "hf.pt"
    linear = {
        key: value.T if ".h." in key and value.ndim == 2 else value
        for key, value in network.state_dict().items()
    }
    torch.save(linear, file)
    target = Target.load(f"{__file__}:gpt2", weights=file)
    torch.testing.assert_close(logits(target), want, rtol=1e-5, atol=1e-5)
    torn = {key: value for key, value in linear.items() if key != "transformer.h.1.ln_1.bias"}
    torch.save(torn, file)
    refused(r"do not fit", Target.load, f"{__file__}:gpt2", weights=file)


UNUSABLE = {
    "no configuration": ({}, "has no configuration"),
    "a part is missing": ({"d_model": 12}, "lacks 'd_head'"),
    "experts": ({**lens_layout.CONFIG, "num_experts": 4}, "num_experts=4 is not supported"),
    "activation": ({**lens_layout.CONFIG, "act_fn": "swish9"}, "'swish9' is not supported"),
    "norm": ({**lens_layout.CONFIG, "normalization_type": "BN"}, "'BN' is not supported"),
    "smaller": ({**lens_layout.CONFIG, "d_vocab": 9}, r"is \[12, 12\] in the file, \[9, 12\]"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_is_not_computed_here_is_one_line(case, state, tmp_path, capsys):
    config, said = UNUSABLE[case]
    file = tmp_path / "toy.pt"
    torch.save({"model": state, "config": config}, file)
    refused(said, Target.load, str(file))


def test_weights_of_unknown_code_ask_for_the_code(tmp_path):
    torch.save(nn.Linear(2, 3).state_dict(), tmp_path / "w.pt")
    refused(r"give path/to/file.py:factory --weights", Target.load, str(tmp_path / "w.pt"))
