"""Patching equals a forward for each cell; whole streams restore everything."""

import numpy as np
import pytest
import torch
from checks import refused
from neuroscribe.tools.interventions import Metric, Prompt
from neuroscribe.tools.interventions.attribution_patching import attribution_patch
from neuroscribe.tools.interventions.change import Part
from neuroscribe.tools.interventions.gradients import gradients
from neuroscribe.tools.interventions.patching import Pair, align, grid, patch
from neuroscribe.tools.models import add, clamp

from .hand_built import row

METRIC = Metric("logit_difference", 7, 8)


def measured(target, prompt: Prompt, *changes) -> float:
    output = target.trace(prompt, interventions=list(changes), output="last").output
    return float(METRIC(output)[0])


@pytest.mark.parametrize("family", ["gpt2", "llama", "gpt_neox", "gemma2"])
@pytest.mark.parametrize("denoise", [True, False])
def test_every_cell_equals_a_forward(family, denoise, tiny):
    target = tiny(family)
    clean, corrupt = row(3, 9, 14, 20, 11, 5), row(3, 9, 25, 20, 31, 5)
    pair = Pair(target, clean, corrupt, METRIC, denoise=denoise)
    base, source = (corrupt, clean) if denoise else (clean, corrupt)
    start, end = measured(target, base), measured(target, source)
    for kind in ("resid", "attn_out", "mlp_out"):
        found = grid(pair, kind)
        for layer, site in enumerate(found.sites):
            given = target.trace(source, [site]).values[site]
            for place in range(6):
                change = clamp(site, None, given[:, [place]]).at(places=[place])
                want = measured(target, base, change)
                assert float(found.metric[layer, place]) == pytest.approx(want, abs=1e-4)
                share = (want - start) / (end - start)
                assert float(found.share[layer, place]) == pytest.approx(share, rel=1e-3, abs=1e-3)
        assert float(found.share.abs().max()) > 0.05


def test_heads_by_head_and_by_head_and_place(tiny):
    target = tiny("llama")
    clean, corrupt = row(3, 9, 14, 20, 11, 5), row(3, 9, 25, 20, 31, 5)
    pair = Pair(target, clean, corrupt, METRIC)
    by_head, both = grid(pair, "head", by="unit"), grid(pair, "head", by="both", layers=[1])
    assert by_head.share.shape == (3, 4)
    assert both.share.shape == (1, 4, 6)
    given = target.trace(clean, ["head.1"]).values["head.1"]
    for head in range(4):
        want = measured(target, corrupt, clamp("head.1", [head], given[:, :, [head]]))
        assert float(by_head.metric[1, head]) == pytest.approx(want, abs=1e-4)
        change = clamp("head.1", [head], given[:, 4:5, [head]]).at(places=[4])
        assert float(both.metric[0, head, 4]) == pytest.approx(
            measured(target, corrupt, change), abs=1e-4
        )


def test_a_whole_stream_restores_everything(tiny):
    """And what lies before the first difference, or cannot reach the end, restores nothing."""
    pair = Pair(tiny("gpt2"), row(3, 9, 14, 20, 5), row(3, 9, 25, 20, 5), METRIC)
    whole = patch(pair, [[Part(f"resid.{layer}")] for layer in range(3)])
    np.testing.assert_allclose(whole.share, 1, atol=1e-4)
    cells = grid(pair, "resid").share
    np.testing.assert_allclose(cells[:, :2], 0, atol=1e-4)
    np.testing.assert_allclose(cells[2], [0, 0, 0, 0, 1], atol=1e-4)
    target, clean, corrupt = tiny("gpt2"), row(3, 9, 14, 5), row(3, 9, 25, 5)
    pair = Pair(target, clean, corrupt, METRIC)
    for call, message in (
        (lambda: grid(pair, "brain"), "no sites 'brain.N'; it has"),
        (lambda: grid(pair, "resid", layers=[7]), "no site 'resid.7'"),
        (lambda: patch(pair, [[Part("mlp.0", (500,))]]), "unit 500"),
        (lambda: patch(pair, [[Part("mlp.0", (5,), (9,))]]), "place 9"),
        (lambda: Pair(target, clean, clean, METRIC), "no difference"),
    ):
        refused(message, call)


def test_sets_of_units_over_several_sites(tiny):
    target = tiny("llama")
    clean, corrupt = row(3, 9, 14, 20, 5), row(3, 9, 25, 20, 5)
    found = patch(
        Pair(target, clean, corrupt, METRIC),
        [[Part("mlp.0", (3, 40), (2,)), Part("head.1", (2,)), Part("resid.2", (5,), "last")]],
    )
    values = target.trace(clean, ["mlp.0", "head.1", "resid.2"]).values
    want = measured(
        target,
        corrupt,
        clamp("mlp.0", [3, 40], values["mlp.0"][:, 2:3, [3, 40]]).at(places=[2]),
        clamp("head.1", [2], values["head.1"][:, :, [2]]),
        clamp("resid.2", [5], values["resid.2"][:, 4:, [5]]).at(places=[4]),
    )
    assert float(found.metric[0]) == pytest.approx(want, abs=1e-4)


def test_prompts_of_different_length(tiny):
    one, other = row(3, 9, 14, 20, 5), row(3, 9, 30, 31, 20, 5)
    both = align(one, other)
    assert both.first == (0, 1, 3, 4)
    assert both.second == (0, 1, 4, 5)
    pair = Pair(tiny("llama"), one, other, METRIC)
    cells = grid(pair, "resid")
    assert "no counterpart" in cells.notes[0]
    assert cells.share.isnan().tolist() == [[p in (2, 3) for p in range(6)]] * 3
    assert float(cells.share[2, 5]) == pytest.approx(1, abs=1e-4)
    given = tiny("llama").trace(one, ["resid.1"]).values["resid.1"]
    want = measured(tiny("llama"), other, clamp("resid.1", None, given[:, [3]]).at(places=[4]))
    assert float(cells.metric[1, 4]) == pytest.approx(want, abs=1e-4)


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ((3, 9, 9, 5), (3, 9, 5), "more than one place"),
        ((3, 9, 14, 5), (3, 9, 6), "do not end"),
        ((3, 9, 14, 22, 5), (3, 22, 30, 40, 14, 5), "more than one way"),
    ],
)
def test_what_cannot_be_aligned_is_refused(one, other, message):
    refused(message, align, row(*one), row(*other))


@pytest.mark.parametrize(
    ("family", "step", "off"), [("gpt2", 1e-5, 1e-6), ("llama", 1e-2, 1e-3), ("mamba", 1e-2, 1e-3)]
)
def test_gradients_are_slopes(family, step, off, tiny, prompt):
    """Against finite differences, in 64 bits (but for norms that compute in 32)."""
    target, batch = tiny(family, torch.float64), prompt(6)
    sites = [s for s in ("mlp.1", "head.1", "resid.0") if s in target.sites]
    slopes = gradients(target, batch, METRIC, sites)
    for site in sites:
        there = target.site(site)
        for unit, place in ((1, 0), (3, 5)):
            line = torch.zeros(there.channels, dtype=torch.float64)
            line[-1] = step
            shift = line[None, None, None] if there.channels > 1 else step
            numbers = []
            for sign in (1, -1):
                change = add(site, [unit], sign * shift).at(places=[place])
                output = target.trace(batch, interventions=[change], output="last").output
                numbers.append(float(METRIC(output)[0]))
            got = slopes[site][place, unit]
            got = float(got[-1] if got.ndim else got)
            assert got == pytest.approx((numbers[0] - numbers[1]) / (2 * step), abs=off)


def test_attribution_patching_finds_the_top_and_makes_it_exact(tiny):
    target = tiny("gpt2")
    clean, corrupt = row(3, 9, 14, 20, 11, 5), row(3, 9, 25, 20, 31, 5)
    pair = Pair(target, clean, corrupt, METRIC)
    found = attribution_patch(pair, ["mlp.1", "head.2"], verify=40)
    assert found.estimates["mlp.1"].shape == (6, 128)
    exact = patch(pair, [[Part(o.site, (o.unit,), (o.place,))] for o in found.top]).metric
    np.testing.assert_allclose([o.exact for o in found.top], exact - pair.base.before, atol=1e-4)
    assert found.agreement > 0.8
    rest = [[Part("mlp.1", (unit,), (5,))] for unit in range(128)]
    every = (patch(pair, rest).metric - pair.base.before).abs()
    best = int(every.argmax())
    assert ("mlp.1", best, 5) in [(o.site, o.unit, o.place) for o in found.top]
