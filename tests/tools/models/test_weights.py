"""Weights from files: what is unwrapped, translated, refused."""

import json
import pickle

import bare_models
import numpy as np
import pytest
import torch
from checks import refused
from neuroscribe.tasks.cli.app import run
from neuroscribe.tools.data.windows import TokenRows
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.spec import Spec, split
from safetensors.torch import load_file, save_file

FILE = f"{bare_models.__file__}"


@pytest.fixture
def state():
    """Weights other than those that the factory draws."""
    network, _ = bare_models.gpt()
    draw = torch.Generator().manual_seed(7)
    return {
        key: torch.randn(value.shape, generator=draw) / 8
        for key, value in network.state_dict().items()
    }


def _causal(target, ids):
    with torch.no_grad():
        return target.network(torch.tensor(ids)).logits


WRAPS = {
    "bare": lambda state: state,
    "model": lambda state: {"model": state, "step": 3, "loss": torch.tensor(1.0), "args": {"d": 2}},
    "lightning": lambda state: {"state_dict": {f"net.{k}": v for k, v in state.items()}},
    "ddp": lambda state: {f"module.{k}": v for k, v in state.items()},
    "compiled": lambda state: {"params": {f"_orig_mod.{k}": v for k, v in state.items()}},
    "masks": lambda state: {**state, "transformer.h.0.attn.bias": torch.ones(1, 1, 4, 4)},
}


@pytest.mark.parametrize("wrap", WRAPS)
def test_a_state_dict_is_unwrapped_and_said(wrap, state, tmp_path):
    plain, _ = bare_models.gpt()
    plain.load_state_dict(state)
    file = tmp_path / "gpt.pt"
    torch.save(WRAPS[wrap](state), file)
    target = Target.load(f"{FILE}:gpt", weights=file)
    ids = [[1, 5, 2, 7]]
    with torch.no_grad():
        torch.testing.assert_close(_causal(target, ids), plain.eval()(torch.tensor(ids))[0])
    said = {"model": "taken from 'model'", "ddp": "'module.'", "lightning": "'net.'"}
    assert said.get(wrap, "") in "; ".join(target.notes)
    assert bool(target.notes) == (wrap not in ("bare", "masks"))


def test_the_name_and_the_fingerprint_tell_weights_apart(state, tmp_path):
    file = tmp_path / "gpt.safetensors"
    save_file(state, file)
    own, other = Target.load(f"{FILE}:gpt"), Target.load(f"{FILE}:gpt", weights=file)
    assert own.fingerprint != other.fingerprint
    assert other.name == f"{FILE}:gpt@{file}"
    assert Target.load(other.name, **other.options).fingerprint == other.fingerprint
    assert split(other.name) == Spec(f"{FILE}:gpt", str(file))
    assert split(f"{tmp_path}/me@home/m.py:load").weights is None
    assert split("m.py:load@/me@home/w.pt") == Spec("m.py:load@/me", "home/w.pt")


class Evil:
    def __reduce__(self):
        return print, ("ran",)


def _changed(state, **changes):
    kept = {key: value for key, value in state.items() if key not in changes}
    return {**kept, **{key: value for key, value in changes.items() if value is not None}}


UNUSABLE = {
    "shape": (
        lambda state: _changed(state, **{"transformer.wte.weight": torch.zeros(13, 32)}),
        r"'transformer.wte.weight' is \[13, 32\] in the file, \[12, 32\] in it",
    ),
    "missing": (
        lambda state: _changed(
            state, **{"lm_head.weight": None, "head.weight": torch.ones(12, 32)}
        ),
        r"lacks 'lm_head.weight' \[12, 32\]; it has head.weight",
    ),
    "strange": (
        lambda state: {**state, "more.weight": torch.zeros(2)},
        r"has 'more.weight' \[2\], which the network has not",
    ),
    "classes": (lambda state: {**state, "x": Evil()}, r"torch\.save\(model\.state_dict\(\)"),
    "module": (lambda state: bare_models.gpt()[0], r"Python objects \(bare_models\.GPT\)"),
    "list": (lambda state: list(state.values()), "a list, no state dict"),
    "two": (lambda state: {"one": state, "two": state}, "has several: one, two"),
    "none": (lambda state: {"step": 3}, "has none"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_does_not_fit_is_one_line(case, state, tmp_path, capsys):
    make, said = UNUSABLE[case]
    file = tmp_path / "gpt.pt"
    torch.save(make(state), file)
    refused(said, Target.load, f"{FILE}:gpt", weights=file)
    assert run(["doctor", f"{FILE}:gpt", "--weights", str(file)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)


def test_weights_that_cannot_be(tmp_path, state):
    for name in ("w.pt", "w.safetensors", "w.gguf", "w.txt"):
        (tmp_path / name).write_bytes(pickle.dumps({"a": 1}))
    for target, file, said in (
        (f"{FILE}:gpt", "w.txt", r"ends in \.pt"),
        (f"{FILE}:gpt", "gone.pt", "no file"),
        (f"{FILE}:gpt", "w.gguf", "as the target"),
        (f"{FILE}:gpt", "w.safetensors", "cannot be read"),
        ("planted", "w.pt", "brings its own weights"),
        ("organism:adder", "w.pt", "brings its own weights"),
    ):
        refused(said, Target.load, target, weights=tmp_path / file)


@pytest.mark.parametrize("family", ["gpt2", "llama", "bert"])
def test_a_folder_takes_weights_without_its_own(family, save, tmp_path):
    import shutil

    folder = shutil.copytree(save(family), tmp_path / family)
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    file = tmp_path / "step-10.pt"
    torch.save({"model": weights}, file)
    target = Target.load(str(folder), weights=file)
    assert target.fingerprint == Target.load(str(save(family))).fingerprint


@pytest.mark.parametrize("verb", ["label", "ask", "lens", "doctor", "tool", "score", "mcp"])
def test_every_verb_with_a_target_takes_weights(verb, capsys):
    assert run([verb, "--help"]) == 0
    assert "--weights" in capsys.readouterr().out


def _in_parts(state, folder):
    """Weights in two files; their index."""
    keys = sorted(state)
    parts = {"one.safetensors": keys[: len(keys) // 2], "two.safetensors": keys[len(keys) // 2 :]}
    for file, some in parts.items():
        save_file({key: state[key].clone() for key in some}, folder / file)
    where = {key: file for file, some in parts.items() for key in some}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": where}))
    return index


def test_weights_in_parts_are_read_by_their_index_or_folder(state, tmp_path):
    whole = tmp_path / "whole.safetensors"
    save_file(state, whole)
    folder = tmp_path / "parts"
    folder.mkdir()
    index = _in_parts(state, folder)
    want = Target.load(f"{FILE}:gpt", weights=whole).fingerprint
    for given in (index, folder):
        target = Target.load(f"{FILE}:gpt", weights=given)
        assert target.fingerprint == want
        assert target.name == f"{FILE}:gpt@{index}"
        assert Target.load(target.name).fingerprint == want


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is no index of weights"),
        ("[]", "is no index of weights"),
        ('{"weight_map": {"a": "../one.safetensors"}}', "no file of weights beside it"),
        ('{"weight_map": {"a": "run.py"}}', "no file of weights beside it"),
        ('{"weight_map": {"a": 3}}', "is no index of weights"),
        ('{"weight_map": {"a": "gone.safetensors"}}', "names gone.safetensors, which is not there"),
        ('{"weight_map": {"a": "again.safetensors.index.json"}}', "no file of weights beside it"),
    ],
)
def test_an_index_that_cannot_be_used_is_one_line(content, said, tmp_path):
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(content)
    refused(said, Target.load, f"{FILE}:gpt", weights=index)


def test_a_folder_of_hugging_face_in_parts_is_a_target(save, tmp_path):
    import shutil

    folder = shutil.copytree(save("gpt2"), tmp_path / "gpt2")
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    _in_parts(weights, folder)
    assert Target.load(str(folder)).fingerprint == Target.load(str(save("gpt2"))).fingerprint


@pytest.mark.parametrize("name", ["classifier", "counter", "memory"])
@pytest.mark.parametrize("wrap", ["bare", "lightning", "ddp", "compiled"])
def test_layers_of_torch_nn_take_their_state_dict(name, wrap, tmp_path):
    """`TransformerEncoder`, GRU and LSTM, under the names that `torch.nn` gives."""
    made = getattr(bare_models, name)()[0]
    draw = torch.Generator().manual_seed(3)
    for weight in made.parameters():
        weight.data = torch.randn(weight.shape, generator=draw) / 8
    file = tmp_path / "trained.pt"
    torch.save(WRAPS[wrap](made.state_dict()), file)
    target = Target.load(f"{FILE}:{name}", weights=file)
    ids = torch.tensor([[1, 2, 1, 2]])
    rows = TokenRows(ids.numpy(), np.ones((1, 4), bool), np.ones((1, 4), bool))
    with torch.no_grad():
        want = made.eval()(ids)
    torch.testing.assert_close(target.trace(rows).output, want, rtol=1e-5, atol=1e-5)
