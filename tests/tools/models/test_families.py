"""Each family, saved and loaded again: its sites, and reads and writes against the plain model."""

import pytest
import torch
from checks import close, refused
from neuroscribe.tools.models import Intervention, zero

ENCODERS = ["bert", "roberta", "distilbert", "electra"]
GATED = ["llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi3"]
DENSE = [*GATED, "gpt2", "gpt_neox", "gpt_neox_serial", "gptj", "phi", "opt", *ENCODERS]
EXPERTS = ["mixtral", "qwen2_moe", "qwen3_moe"]


def plain(target, rows):
    """The model's output without any of our code."""
    ids = torch.as_tensor(rows.ids).long()
    mask = torch.as_tensor(rows.attended).long()
    with torch.no_grad():
        result = target.network(input_ids=ids, attention_mask=mask)
    if target.kind == "causal":
        return result.logits
    weight = mask[..., None].float()
    return (result.last_hidden_state * weight).sum(1) / weight.sum(1)


@pytest.mark.parametrize("family", DENSE)
def test_all_sites_are_found(family, load):
    target = load(family)
    wanted = {
        f"{kind}.{block}"
        for kind in ("mlp", "mlp_out", "head", "attn_out", "resid")
        for block in range(3)
    }
    assert set(target.sites) == wanted | ({"logit"} if target.kind == "causal" else set())
    assert not target.refused
    assert target.kind == ("encoder" if family in ENCODERS else "causal")
    neurons, heads = target.sites["mlp.1"], target.sites["head.1"]
    assert neurons.units == (128 if family in ("gpt2", "gptj") else 48)
    assert (heads.units, heads.channels, heads.readout) == (4, 8, "norm")
    assert neurons.gated == (family in GATED)
    if neurons.gated:
        assert neurons.floor is None, "a product with a gate has no floor"
    else:
        assert neurons.floor == pytest.approx(0.0 if family == "opt" else -0.17, abs=1e-3)


@pytest.mark.parametrize("family", DENSE + EXPERTS)
def test_what_is_written_back_changes_nothing(family, load, rows):
    target, batch = load(family), rows(padded=True)
    names = list(target.sites)
    trace = target.trace(batch, names, interventions=[Intervention(n, None) for n in names])
    attended = torch.as_tensor(batch.attended)
    got, want = trace.output, plain(target, batch)
    if target.kind == "causal":
        got, want = got[attended], want[attended]
    close(got, want, 1e-5)
    assert target.activations(batch, [target.unit("resid.1/3-")]).shape == (1, 3, 9)


NEURONS, HEADS = ("mlp.1", 5, slice(5, 6)), ("head.2", 1, slice(8, 16))
"""A site, a unit of it, and its lines in the projection that reads it."""


@pytest.mark.parametrize(
    ("family", "unit"),
    [*((family, NEURONS) for family in DENSE), *((family, HEADS) for family in DENSE + EXPERTS)],
)
def test_zeroing_a_unit_is_zeroing_its_columns(family, unit, load, rows):
    (name, index, lines), target, batch = unit, load(family), rows()
    got = target.trace(batch, interventions=[zero(name, [index])]).output
    module = target.network.get_submodule(target.site(name).module)
    weight = module.weight if type(module).__name__ == "Conv1D" else module.weight.T  # GPT-2's
    kept = weight[lines].clone()
    weight[lines] = 0
    want = plain(target, batch)
    weight[lines] = kept
    close(got, want, 1e-5)
    assert (want - plain(target, batch)).abs().max() > 1e-4


@pytest.mark.parametrize("family", EXPERTS)
def test_fused_experts_are_refused_by_name(family, load, rows):
    target = load(family)
    refused(r"mlp\.1.*experts.*fused", target.site, "mlp.1")
    assert {"mlp_out.1", "head.1", "attn_out.1", "resid.1", "logit"} <= set(target.sites)
    part = target.network.get_submodule(target.sites["mlp_out.1"].module)
    seen = []
    handle = part.register_forward_hook(lambda m, a, out: seen.append(out))
    got = target.trace(rows(), ["mlp_out.1"]).values["mlp_out.1"]
    handle.remove()
    close(got, seen[0], 1e-5)
    if family == "qwen2_moe":
        assert target.site("model.layers.1.mlp.shared_expert.down_proj:in").units == 40


def test_what_is_no_site_says_why(load):
    refused("runs 3 times", load("albert").site, "resid.0")
    refused("no attention", load("mamba").site, "head.0")
    assert "resid.0" in load("mamba").sites
    refused(r"resid\.1.*shape \[4, 3, 5, 32\]", load("gemma3n").site, "resid.1")
    assert load("gemma3n").site("mlp.1").units == 48
    assert load("gemma3n").site("mlp.1").gated
    mixed = load("qwen3_next")
    assert {"head.3", "mlp_out.0", "mlp_out.3", "resid.1"} <= set(mixed.sites)
    refused("no attention", mixed.site, "head.0")
    target = load("bert")
    for name, said in {
        "mlp.3": r"nearest: mlp\.",
        "encoder.layer.1.output.dens": r"module paths: encoder\.layer\.1\.output\.dense",
        "encoder.layer": "does not run",
        "embeddings.word_embeddings:in": "shape",
    }.items():
        refused(said, target.site, name)
    refused("does not change the output", load("bert").site, "pooler.dense")


def test_positions_that_start_behind_padding_are_not_counted_as_context(load, rows):
    target = load("roberta")
    assert target.context_length == 62 or target.context_length == 63
    whole = rows(1, target.context_length)
    assert torch.isfinite(target.trace(whole).output).all()
    with pytest.raises((IndexError, RuntimeError)):
        target.trace(rows(1, target.context_length + 1))


def test_dotted_paths_are_sites(load, rows):
    target, batch = load("bert"), rows()
    path = "encoder.layer.1.intermediate.dense"
    assert target.site(path).units == 48
    assert target.site(path + ":in").units == 32
    assert target.site(path).block == 1
    got = target.trace(batch, [path], output=False).values[path]
    inner = target.network.get_submodule(path)
    given = target.trace(batch, [path + ":in"], output=False).values[path + ":in"]
    close(got, inner(given), 1e-5)
    act = "encoder.layer.1.intermediate.intermediate_act_fn"
    assert target.site(act).floor == pytest.approx(-0.17, abs=1e-3)
    changed = target.trace(batch, interventions=[zero(act, [5])]).output
    close(changed, target.trace(batch, interventions=[zero("mlp.1", [5])]).output, 1e-5)
    assert str(target.unit(path + "/47-")) == path + "/47-"
    refused("0 to 47", target.unit, path + "/48")
