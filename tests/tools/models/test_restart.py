"""A restart from cached states equals the full run, from the first changed place on."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from checks import close, refused
from neuroscribe.tools.models import Start, add, clamp, scale, zero
from neuroscribe.tools.models.kernels import onednn_works, quick

CAUSAL = [
    "gpt2",
    "llama",
    "qwen2",
    "qwen3",
    "gemma",
    "gemma2",
    "gemma3",
    "gpt_neox",
    "opt",
    "mixtral",
]


def repeated(batch, many):
    return replace(
        batch, ids=np.repeat(batch.ids, many, 0), attended=np.repeat(batch.attended, many, 0)
    )


@pytest.mark.parametrize("family", CAUSAL)
@pytest.mark.parametrize(
    "changes",
    [
        [
            zero("mlp.2", [3]).at(rows=[0], places=[8]),
            add("mlp.1", [4], 2.0).at(rows=[1], places=[9]),
        ],
        [scale("head.0", [1], 3.0).at(places=[1]), clamp("resid.1", [7], 1.5).at(rows=[2])],
        [clamp("attn_out.2", None, 0.3).at(places=[11])],
        [add("logit", [3], 5.0).at(rows=[1], places=[10])],
    ],
    ids=["late", "early", "last", "head"],
)
def test_equals_the_full_run(family, changes, load, rows):
    target, row = load(family), rows(1, 12)
    if family == "mixtral":
        changes = [c for c in changes if not c.site.startswith("mlp.")] or [zero("resid.1", [2])]
    cached = target.cache(row)
    sites = ["resid.2", changes[-1].site]
    got = target.restart(cached, changes, rows=3, sites=sites)
    want = target.trace(repeated(row, 3), sites, interventions=changes)
    assert target.trims
    assert got.first_place == min(min(c.places or (0,)) for c in changes)
    close(got.output, want.output[:, got.first_place :])
    for name in sites:
        close(got.values[name], want.values[name][:, got.first_place :])
    last = target.restart(cached, changes, rows=3, logits_at="last").output
    close(last, want.output[:, -1])
    close(target.trace(row).output, cached.logits, 1e-5)


def test_only_what_can_change_runs(load, rows):
    target = load("llama")
    cached = target.cache(rows(1, 12))
    runs = []
    handles = [
        layer.mlp.register_forward_hook(
            lambda m, a, out, n=n: runs.append((n, tuple(out.shape[:2])))
        )
        for n, layer in enumerate(target.network.model.layers)
    ]
    try:
        got = target.restart(cached, [zero("mlp.1", [3]).at(places=[9])], rows=5)
    finally:
        for handle in handles:
            handle.remove()
    assert runs == [(1, (5, 3)), (2, (5, 3))]
    assert (got.first_block, got.first_place) == (1, 9)


def test_the_model_is_whole_again_after_an_error(load, rows):
    target, row = load("llama"), rows(1, 12)
    want = target.trace(row).output
    cached = target.cache(row)

    def fail(module, args):
        raise RuntimeError("stop")

    handle = target.network.model.norm.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="stop"):
        target.restart(cached, [zero("mlp.2", [3]).at(places=[9])])
    handle.remove()
    assert all("forward" not in layer.__dict__ for layer in target.network.model.layers)
    assert torch.equal(target.trace(row).output, want)


def test_what_is_left_out_and_what_is_refused(load, rows):
    target, row = load("gpt2"), rows(1, 12)
    padded = replace(row, attended=np.arange(12)[None] < 7)
    assert target.cache(padded).ids.shape == (1, 7)
    target = load("llama")
    cached = target.cache(rows(1, 12))
    states = cached.states[2][:, 4:]
    refused("does not fit", target.restart, cached, [], rows=2, start=Start(2, 4, states))
    refused("does not fit", target.restart, cached, [zero("mlp.1", [3])], start=Start(2, 4, states))
    refused("only causal", load("bert").cache, rows(1))
    refused("one row", load("llama").cache, rows(2))
    for family in ("mamba", "qwen3_next", "gemma3n"):
        for _ in range(2):
            refused("use trace", load(family).cache, rows(1))
    refused("place 12", target.restart, cached, [zero("mlp.1", [3]).at(places=[12])])
    refused("row 2", target.restart, cached, [zero("mlp.1", [3]).at(rows=[2])], rows=2)


@pytest.mark.parametrize("family", ["gpt2", "llama", "gpt_neox", "opt", "gemma2", "gptj"])
def test_starts_from_states_of_the_caller(family, load, rows):
    """A state put before a block is the change of the residual stream behind the one before it."""
    target, row = load(family), rows(1, 12)
    cached = target.cache(row)
    shift = torch.randn(3, 8, 32, generator=torch.Generator().manual_seed(0))
    for block in (1, 2, 3):
        change = add(f"resid.{block - 1}", None, shift).at(places=range(4, 12))
        want = target.trace(repeated(row, 3), [f"resid.{block - 1}"], interventions=[change])
        states = want.values[f"resid.{block - 1}"][:, 4:]
        got = target.restart(
            cached, [], rows=3, logits_at="last", start=Start(block, 4, states)
        ).output
        close(got, want.output[:, -1])


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_the_faster_kernels_are_the_same_functions(family, load, rows):
    """And the modules are themselves again."""
    target, batch = load(family), rows(8, 12)
    want = target.trace(batch).output
    with quick([target.network]):
        if onednn_works():
            assert any("forward" in module.__dict__ for module in target.network.modules())
        got = target.trace(batch).output
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5)
    assert not any("forward" in module.__dict__ for module in target.network.modules())


def test_no_stopwatch_chooses_the_kernel(monkeypatch):
    """Measured again, a number is the same to the last digit: the choice is a rule."""
    import time

    def clock():
        raise AssertionError("the choice depends on how long something takes")

    onednn_works.cache_clear()
    for name in ("perf_counter", "monotonic", "time", "process_time"):
        monkeypatch.setattr(time, name, clock)
    first = onednn_works()
    onednn_works.cache_clear()
    assert onednn_works() == first
