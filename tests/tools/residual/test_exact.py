"""The residual stream is the sum of what is said to be added, on every way to build a block."""

import numpy as np
import pytest
import torch
from checks import close, refused
from neuroscribe.tools.attribution import attention_patterns, exact_trace
from neuroscribe.tools.attribution.sources import Sources
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.residual.norms import read_norm
from tiny_families import fresh

CAUSAL = [
    *("gpt2", "llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3"),
    *("gpt_neox", "gpt_neox_serial", "phi3", "opt"),
]
ENCODERS = ["bert", "distilbert"]


@pytest.mark.parametrize("family", CAUSAL + ENCODERS)
def test_embeddings_and_sub_updates_are_the_final_residual(family, tiny, rows):
    target, batch = tiny(family), rows(3, padded=True)
    trace = exact_trace(target, batch)
    assert trace.error() < 1e-4
    ids, mask = torch.as_tensor(batch.ids).long(), torch.as_tensor(batch.attended).long()
    with torch.no_grad():
        plain = target.body(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    given = trace.reconstruct()
    norm = trace.architecture.final
    given = given if norm is None else norm(given)
    attended = torch.as_tensor(batch.attended)
    close(given[attended], plain.last_hidden_state[attended], 2e-5)
    close(trace.embeddings[attended], plain.hidden_states[0][attended], 2e-5)


@pytest.mark.parametrize("family", CAUSAL + ENCODERS)
def test_heads_neurons_and_biases_are_the_sub_updates(family, tiny, rows):
    trace = exact_trace(tiny(family), rows(2))
    for place in (0, 4, 8):
        source = Sources(trace, place)
        for block in range(trace.depth):
            neurons = torch.arange(trace.neurons[block].shape[-1])
            whole = source.writes("mlp", block, neurons).sum(0)
            bias = trace.bias_write(block, "mlp")[0, place]
            close(whole + bias, trace.mlp_update(block)[0, place], 2e-5)
            whole = source.writes("head", block, torch.arange(trace.heads[block].shape[2])).sum(0)
            bias = trace.bias_write(block, "attention")[0, place]
            close(whole + bias, trace.attention_update(block)[0, place], 2e-5)


@pytest.mark.parametrize("family", CAUSAL)
def test_patterns_and_values_are_the_heads(family, tiny, rows):
    target = tiny(family)
    trace = exact_trace(target, rows(2))
    before = target.network.config._attn_implementation
    found = attention_patterns(trace, places=[3, 8])
    assert target.network.config._attn_implementation == before
    for block, pattern in enumerate(found):
        assert pattern.weights.shape == (2, 4, 2, 9)
        close(pattern.weights.sum(-1), torch.ones(2, 4, 2), 2e-5)
        assert pattern.weights[:, :, 0, 4:].abs().max() == 0, "nothing behind place 3"
        again = torch.einsum("rhqp,rhpc->rqhc", pattern.weights, pattern.values)
        close(again, trace.heads[block][:, [3, 8]], 2e-5)
    if family in ("gemma2", "gemma3"):
        assert found[0].weights[:, :, 1, :5].abs().max() == 0, "beyond the sliding window"


def test_what_the_mlp_reads_is_known(tiny, rows):
    """Parallel attention reads the layer input; its norm's output is the probe."""
    for family, parallel in (("gpt_neox", True), ("gpt_neox_serial", False), ("gpt2", False)):
        target, batch = tiny(family), rows(1)
        trace = exact_trace(target, batch)
        block = trace.architecture.blocks[1]
        assert block.parallel == parallel
        given = target.trace(batch, [block.inner + ":in"], output=False).values[block.inner + ":in"]
        close(block.mlp_reads(trace.before_mlp(1)), given, 2e-5)
    assert read_norm("x", torch.nn.Linear(32, 32), 32) is None
    assert read_norm("x", torch.nn.Softsign(), 32) is None


def test_the_ungated_map_is_found_in_a_gated_mlp(tiny, rows):
    for family in ("llama", "phi3"):
        trace = exact_trace(tiny(family), rows(1))
        block = trace.architecture.blocks[0]
        module = tiny(family).network.get_submodule(block.inner)
        given = block.mlp_reads(trace.before_mlp(0))
        with torch.no_grad():
            joined = module(given)
        up = joined[..., block.offset : block.offset + 48]
        layer = tiny(family).network.model.layers[0].mlp
        if family == "llama":
            gate = layer.gate_proj(given)
        else:
            gate = joined[..., :48]
        close(up * torch.nn.functional.silu(gate), trace.neurons[0], 2e-5)


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2"])
def test_frozen_norms_are_linear_and_exact(family, tiny, rows):
    trace = exact_trace(tiny(family), rows(1))
    norm = trace.architecture.final
    scale = trace.final_scale
    close(norm.frozen(trace.final, scale) + norm.bias, norm(trace.final), 2e-5)
    one, other = torch.randn(2, 32)
    close(norm.frozen(one, scale) @ other, norm.back(other, scale) @ one, 2e-5)
    assert norm.centred == (family == "gpt2")
    own = norm.module.weight
    assert torch.equal(norm.gain, 1 + own if family == "gemma2" else own), "taken, not fitted"


@pytest.mark.parametrize(
    ("family", "says"),
    [
        ("albert", "runs 3 times"),
        ("granite", "does not add up"),
        ("gemma3n", "does not carry one residual stream"),
    ],
)
def test_what_does_not_add_up_is_refused_in_one_line(family, says, tiny, rows):
    refused(says, exact_trace, tiny(family), rows(1))


def test_what_appears_later_is_noticed_too(rows):
    """The probe run saw a sum; this input brings something that is not in it."""
    target = fresh("gpt2")
    exact_trace(target, rows(1))
    target.network.transformer.h[1].register_forward_hook(lambda m, a, out: out + 0.1)
    refused("does not reconstruct", exact_trace, target, rows(1))
    target = fresh("llama")
    exact_trace(target, rows(1))
    with torch.no_grad():
        target.network.model.layers[1].mlp.up_proj.weight[5] = float("nan")
    refused(r"NaN or infinity at mlp\.1", exact_trace, target, rows(1))


def test_real_models_add_up_and_half_precision_within_a_wider_limit(
    tiny, rows, stories260k, minilm
):
    trace = exact_trace(tiny("llama", torch.bfloat16), rows(1))
    assert trace.limit > 1e-2
    assert 1e-5 < trace.error() < trace.limit
    text = ["Once upon a time, there was a little girl named Lily.", "She ran to the park"]
    for target in (stories260k, minilm):
        windows = cut(target, text, length=48)
        trace = exact_trace(target, windows)
        assert trace.error() < 1e-4
        assert np.array_equal(trace.attended.numpy(), windows.attended)
