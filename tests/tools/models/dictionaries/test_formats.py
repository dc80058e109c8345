"""Folders of SAELens and sparsify: what they compute, bit-equal round trips, what is refused."""

import json
from pathlib import Path

import pytest
import torch
from checks import refused
from neuroscribe.tools.models.dictionaries import (
    Dictionary,
    read_dictionary,
    write_saelens,
    write_sparsify,
)
from safetensors.torch import load_file, save_file

WIDTH, LATENTS, OUT = 6, 20, 5


def tensors(*names: str, out: int = WIDTH) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    shapes = {
        "W_enc": (WIDTH, LATENTS),
        "W_dec": (LATENTS, out),
        "b_dec": (out,),
        "W_skip": (out, WIDTH),
        "encoder.weight": (LATENTS, WIDTH),
    }
    made = {
        name: torch.randn(shapes.get(name, (LATENTS,)), generator=draw)
        for name in ("W_enc", "W_dec", "b_dec", *names)
    }
    if "threshold" in made:
        made["threshold"] = made["threshold"].abs()
    return made


def saelens(folder: Path, weights: dict[str, torch.Tensor], **config) -> Path:
    folder.mkdir(exist_ok=True)
    save_file(weights, folder / "sae_weights.safetensors")
    given = {"d_in": WIDTH, "d_sae": LATENTS, "metadata": {"hook_name": "blocks.1.hook_resid_post"}}
    (folder / "cfg.json").write_text(json.dumps({**given, **config}))
    return folder


def sparsify(folder: Path, weights: dict[str, torch.Tensor], **config) -> Path:
    folder.mkdir(exist_ok=True)
    save_file(weights, folder / "sae.safetensors")
    given = {"d_in": WIDTH, "num_latents": LATENTS, "k": 4, "activation": "topk"}
    (folder / "cfg.json").write_text(json.dumps({**given, **config}))
    return folder


def top(pre: torch.Tensor, k: int) -> torch.Tensor:
    """The k largest above zero, entry by entry."""
    out = torch.zeros_like(pre)
    for row, values in enumerate(pre):
        for at in sorted(range(len(values)), key=lambda i: -float(values[i]))[:k]:
            out[row, at] = max(0.0, float(values[at]))
    return out


X = torch.randn(7, WIDTH, generator=torch.Generator().manual_seed(2))


def close(one: torch.Tensor, other: torch.Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def both(made: Dictionary, latents: torch.Tensor, out: torch.Tensor) -> None:
    """What is encoded, whole, by columns and by entries, and what is made of it."""
    close(made.encode(X), latents)
    close(made.columns(X, torch.tensor([3, 1])), latents[:, [3, 1]])
    entries = made.entries(X)
    again = torch.zeros_like(latents)
    again[entries.place, entries.unit] = entries.value
    close(again, latents)
    close(made.reconstruct(X), out)
    close(made.reconstruct(X[None])[0], out)


def test_standard_and_topk(tmp_path):
    w = tensors("b_enc")
    pre = (X - w["b_dec"]) @ w["W_enc"] + w["b_enc"]
    a = pre.relu()
    made = read_dictionary(saelens(tmp_path / "a", w, architecture="standard"))
    both(made, a, a @ w["W_dec"] + w["b_dec"])
    raw = X @ w["W_enc"] + w["b_enc"]
    bare = saelens(tmp_path / "b", w, architecture="topk", k=3, apply_b_dec_to_input=False)
    a = top(raw, 3)
    both(read_dictionary(bare), a, a @ w["W_dec"] + w["b_dec"])
    norms = w["W_dec"].norm(dim=1)
    scaled = saelens(tmp_path / "c", w, architecture="topk", k=3, rescale_acts_by_decoder_norm=True)
    a = top(pre * norms, 3)
    both(read_dictionary(scaled), a, (a / norms) @ w["W_dec"] + w["b_dec"])


def test_an_old_configuration_is_a_topk_in_truth(tmp_path):
    w = tensors("b_enc")
    given = {"hook_point": "blocks.3.hook_mlp_out", "activation_fn_str": "topk"}
    folder = saelens(tmp_path, w, activation_fn_kwargs={"k": 2}, metadata=None, **given)
    made = read_dictionary(folder)
    assert (made.card.architecture, made.card.k) == ("topk", 2)
    assert made.card.hook == "blocks.3.hook_mlp_out"
    a = top((X - w["b_dec"]) @ w["W_enc"] + w["b_enc"], 2)
    both(made, a, a @ w["W_dec"] + w["b_dec"])


def test_jumprelu_and_gated(tmp_path):
    w = tensors("b_enc", "threshold")
    pre = (X - w["b_dec"]) @ w["W_enc"] + w["b_enc"]
    a = torch.where(pre > w["threshold"], pre, 0.0)
    made = read_dictionary(saelens(tmp_path / "a", w, architecture="jumprelu"))
    both(made, a, a @ w["W_dec"] + w["b_dec"])
    w = tensors("b_gate", "b_mag", "r_mag")
    linear = (X - w["b_dec"]) @ w["W_enc"]
    size = (linear * w["r_mag"].exp() + w["b_mag"]).relu()
    a = torch.where(linear + w["b_gate"] > 0, size, 0.0)
    made = read_dictionary(saelens(tmp_path / "b", w, architecture="gated"))
    both(made, a, a @ w["W_dec"] + w["b_dec"])


def test_abstopk_keeps_signs_and_pursuit_takes_atoms_away(tmp_path):
    w = tensors("b_enc")
    pre = (X - w["b_dec"]) @ w["W_enc"] + w["b_enc"]
    a = top(pre.abs(), 3).sign() * pre
    made = read_dictionary(saelens(tmp_path / "a", w, architecture="abstopk", k=3))
    both(made, a, a @ w["W_dec"] + w["b_dec"])
    assert made.signed
    assert (made.encode(X) < 0).any()
    atoms = torch.eye(WIDTH).repeat(4, 1)[:LATENTS]
    given = {"W_dec": atoms, "b_dec": torch.zeros(WIDTH)}
    folder = saelens(tmp_path / "b", given, architecture="matching_pursuit", residual_threshold=0.0)
    made = read_dictionary(folder)
    close(made.reconstruct(X), X.relu())  # of an orthonormal base it takes what is positive


@pytest.mark.parametrize("norm", ["constant_norm_rescale", "layer_norm"])
def test_norms_of_the_input_are_undone(tmp_path, norm):
    w = tensors("b_enc")
    made = read_dictionary(saelens(tmp_path, w, normalize_activations=norm))
    if norm == "layer_norm":
        mean, size = X.mean(1, keepdim=True), X.std(1, keepdim=True)
        z = (X - mean) / (size + 1e-5)
    else:
        mean, size = 0.0, X.norm(dim=1, keepdim=True) / WIDTH**0.5
        z = X / size
    a = ((z - w["b_dec"]) @ w["W_enc"] + w["b_enc"]).relu()
    both(made, a, (a @ w["W_dec"] + w["b_dec"]) * size + mean)
    new = a.clone()
    new[:, 4] += 2.0
    close(made.change(X, new), 2.0 * w["W_dec"][4] * size)


def test_transcoders_of_both_formats(tmp_path):
    w = tensors("b_enc", "W_skip", out=OUT)
    made = read_dictionary(saelens(tmp_path / "a", w, architecture="skip_transcoder", d_out=OUT))
    a = (X @ w["W_enc"] + w["b_enc"]).relu()
    both(made, a, a @ w["W_dec"] + w["b_dec"] + X @ w["W_skip"].T)
    w = tensors("encoder.weight", "encoder.bias", "W_skip")
    w.pop("W_enc")
    folder = sparsify(tmp_path / "layers.2.mlp", w, transcode=True, skip_connection=True)
    made = read_dictionary(folder)
    a = top(X @ w["encoder.weight"].T + w["encoder.bias"], 4)
    both(made, a, a @ w["W_dec"] + w["b_dec"] + X @ w["W_skip"].T)
    assert made.card.hook == "layers.2.mlp"


def test_sparsify_takes_its_bias_away_and_knows_groups(tmp_path):
    w = tensors("encoder.weight", "encoder.bias")
    w.pop("W_enc")
    pre = ((X - w["b_dec"]) @ w["encoder.weight"].T + w["encoder.bias"]).relu()
    made = read_dictionary(sparsify(tmp_path / "a", w))
    both(made, top(pre, 4), top(pre, 4) @ w["W_dec"] + w["b_dec"])
    made = read_dictionary(sparsify(tmp_path / "b", w, activation="groupmax"))
    groups = pre.view(len(X), 4, 5)
    a = torch.where(groups == groups.amax(2, keepdim=True), groups, 0.0).flatten(1)
    both(made, a, a @ w["W_dec"] + w["b_dec"])


@pytest.mark.parametrize("kind", ["saelens", "sparsify"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_written_is_what_was_read(tmp_path, kind, dtype):
    if kind == "saelens":
        w = {**tensors("b_enc", "threshold"), "more": torch.ones(3)}
        given = saelens(tmp_path / "a", {k: v.to(dtype) for k, v in w.items()})
        config = json.loads((given / "cfg.json").read_text())
        config.update(architecture="jumprelu", odd=[1, None])
        (given / "cfg.json").write_text(json.dumps(config))
        write, name = write_saelens, "sae_weights.safetensors"
    else:
        w = tensors("encoder.weight", "encoder.bias")
        w.pop("W_enc")
        given = sparsify(tmp_path / "a", {k: v.to(dtype) for k, v in w.items()}, odd={"x": 1})
        write, name = write_sparsify, "sae.safetensors"
    made = read_dictionary(given)
    write(made, tmp_path / "b")
    before, after = load_file(given / name), load_file(tmp_path / "b" / name)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert all(before[key].dtype == after[key].dtype for key in before)
    one, other = ((tmp_path / n / "cfg.json").read_text() for n in "ab")
    assert json.loads(one) == json.loads(other)
    assert read_dictionary(tmp_path / "b").fingerprint == made.fingerprint


def test_what_cannot_be_read_is_one_line(tmp_path):
    w = tensors("b_enc")
    refused("no folder", read_dictionary, tmp_path / "nowhere")
    refused("cannot be read as JSON", read_dictionary, tmp_path)
    folder = saelens(tmp_path / "a", w, architecture="temporal")
    refused("'temporal' is not read", read_dictionary, folder)
    refused("d_sae is 'x'", read_dictionary, saelens(tmp_path / "a", w, d_sae="x"))
    refused("k is None", read_dictionary, saelens(tmp_path / "a", w, architecture="topk"))
    wrong = saelens(tmp_path / "a", w, d_sae=21)
    refused(
        r"'W_dec' has the shape \[20, 6\]; by its cfg.json it is \[21, 6\]", read_dictionary, wrong
    )
    given = saelens(tmp_path / "a", w, normalize_activations="covariance_whitening")
    refused("covariance_whitening", read_dictionary, given)
    bad = {**w, "b_enc": torch.full((LATENTS,), float("nan"))}
    refused("NaN or infinity", read_dictionary, saelens(tmp_path / "a", bad))
    folder = saelens(tmp_path / "a", w)
    (folder / "sae_weights.safetensors").write_bytes(b"\x80pickle")
    refused("is damaged", read_dictionary, folder)
    (folder / "sae_weights.safetensors").unlink()
    refused("has no sae_weights.safetensors", read_dictionary, folder)
    w = tensors("encoder.weight", "encoder.bias")
    w.pop("W_enc")
    refused("k 30 does not fit 20 latents", read_dictionary, sparsify(tmp_path / "b", w, k=30))
    refused("gram_lookup", read_dictionary, sparsify(tmp_path / "b", w, gram_lookup=True))
