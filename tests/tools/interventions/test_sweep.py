"""A sweep equals one forward for each unit; batches, shortcuts and restarts change nothing."""

import numpy as np
import pytest
import torch
from checks import refused
from neuroscribe.tools.interventions import Metric, Prompt, Runner, prompt_of, sweep
from neuroscribe.tools.models import Intervention, Target, add, clamp, zero
from tiny_families import fresh

METRIC = Metric(token=7)


def naive(target, prompt, metric, *changes: Intervention) -> float:
    """One forward pass with the changes."""
    clean = target.trace(prompt, output="last").output
    output = target.trace(prompt, interventions=list(changes), output="last").output
    return float(metric.with_clean(clean[0])(output))


def check(target, prompt, metric, found, change) -> list[float]:
    """Each effect of a sweep is that of a forward; gives what the forwards measure."""
    want = [
        naive(target, prompt, metric, change(unit).at(places=found.places)) for unit in found.units
    ]
    np.testing.assert_allclose(found.effect + found.before, want, atol=1e-4)
    return want


@pytest.mark.parametrize("family", ["gpt2", "llama", "gpt_neox", "gemma2"])
@pytest.mark.parametrize("site", ["mlp.1", "head.1", "resid.1", "mlp_out.2", "attn_out.0"])
@pytest.mark.parametrize("where", ["all", "last", [2, 8]])
def test_equals_a_forward_for_each_unit(family, site, where, tiny, prompt):
    target, row = tiny(family), prompt()
    units = None if target.site(site).units < 40 else range(0, 48, 5)
    found = sweep(Runner(target, row, METRIC), site, units=units, where=where)
    want = check(target, row, METRIC, found, lambda unit: zero(site, [unit]))
    assert np.ptp(want) > 1e-2


def test_the_shortcut_is_taken_where_it_holds(tiny, prompt):
    """Neurons write into the stream, unless a norm follows; heads only in parallel blocks."""
    direct = {
        family: [site for site in ("mlp.1", "head.1") if _direct(tiny(family), prompt(), site)]
        for family in ("gpt2", "llama", "gpt_neox", "gemma2")
    }
    assert direct == {
        "gpt2": ["mlp.1"],
        "llama": ["mlp.1"],
        "gpt_neox": ["mlp.1", "head.1"],
        "gemma2": [],
    }


def _direct(target: Target, row: Prompt, site: str) -> bool:
    return Runner(target, row, METRIC).writes(site) is not None


def test_trained_models_and_values_other_than_zero(stories260k, tiny, prompt):
    row = prompt_of(stories260k, "Once upon a time there was a little girl named")
    metric = Metric(token=300, other=301)
    for where in ("all", "last"):
        found = sweep(Runner(stories260k, row, metric), "mlp.2", where=where)
        check(stories260k, row, metric, found, lambda unit: zero("mlp.2", [unit]))
    target, row = tiny("gpt2"), prompt()
    means = torch.linspace(-1, 1, 128)
    found = sweep(Runner(target, row, METRIC), "mlp.1", value=means, units=[0, 9, 127])
    check(target, row, METRIC, found, lambda n: clamp("mlp.1", [n], float(means[n])))
    held = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))
    found = sweep(Runner(target, row, METRIC), "head.2", value=held, where=[3])
    check(target, row, METRIC, found, lambda n: clamp("head.2", [n], held[n]))


@pytest.mark.parametrize("family", ["gpt2", "gpt_neox", "mamba"])
def test_rows_of_all_kinds_in_one_call(family, tiny, prompt):
    """Rows that begin at different blocks and places, with one change or many, in small batches."""
    target, row = tiny(family), prompt()
    sites = [s for s in ("mlp.0", "resid.2", "head.1", "resid.1", "mlp_out.1") if s in target.sites]
    rows = [[add(site, [3], 0.7).at(places=[p])] for site in sites for p in (0, 4, 8)]
    rows += [[zero(sites[0], [1]), clamp(sites[-1], None, 0.3).at(places=[5, 2])], []]
    for floats in (1, 10_000, 2**22):
        runner = Runner(target, row, METRIC, floats=floats)
        got = runner.measure(rows)
        want = [naive(target, row, METRIC, *changes) for changes in rows]
        np.testing.assert_allclose(got, want, atol=1e-4)


P = [Metric("probability", 7), Metric("probability", 7, 8)]


@pytest.mark.parametrize("metric", [*P, Metric("logit_difference", 7, 8), Metric("kl")])
def test_metrics(metric, tiny, prompt):
    target, row = tiny("llama"), prompt()
    found = sweep(Runner(target, row, metric), "mlp.1", units=range(6))
    check(target, row, metric, found, lambda unit: zero("mlp.1", [unit]))
    logits = target.trace(row, output="last").output[0].double()
    p = logits.softmax(-1)
    if metric.kind == "probability":
        by_hand = p[7] if metric.other is None else p[7] - p[8]
        assert found.before == pytest.approx(float(by_hand), abs=1e-6)
    if metric.kind == "kl":
        assert found.before == pytest.approx(0, abs=1e-6)
        changed = target.trace(row, interventions=[zero("mlp.1", [0])], output="last").output[0]
        q = changed.double().softmax(-1)
        by_hand = float((p * (p.log() - q.log())).sum())
        assert float(found.effect[0]) == pytest.approx(by_hand, abs=1e-5)


def test_bad_input_is_said_in_a_line(tiny, prompt):
    target, row = tiny("gpt2"), prompt()
    for call, message in (
        (lambda: sweep(Runner(target, row, METRIC), "mlp.9"), "no site 'mlp.9'"),
        (lambda: sweep(Runner(target, row, METRIC), "mlp.1", units=[900]), "unit 900"),
        (lambda: sweep(Runner(target, row, METRIC), "mlp.1", where=[9]), "place 9"),
        (lambda: sweep(Runner(target, row, METRIC), "mlp.1", where=[]), "at least one place"),
        (lambda: sweep(Runner(target, row, Metric(token=64)), "mlp.1"), "token 64"),
        (lambda: Metric(token=3, other=3), "same token"),
        (lambda: Metric("logit_difference", 3), "second target"),
        (lambda: Metric("surprise", 3), "no metric"),
        (lambda: Metric(), "needs a target"),
        (lambda: Runner(tiny("bert"), row, METRIC), "encoder"),
    ):
        refused(message, call)
    target = fresh("gpt2")
    target.network.transformer.h[1].mlp.c_fc.weight.data[0, 5] = float("nan")
    refused("not finite", Runner, target, prompt(), METRIC)


def test_half_precision_is_said(tiny, prompt):
    target = tiny("llama", torch.bfloat16)
    found = sweep(Runner(target, prompt(), METRIC), "mlp.1", units=range(4))
    assert "bfloat16" in found.notes[0]
    want = [naive(target, prompt(), METRIC, zero("mlp.1", [n])) for n in range(4)]
    np.testing.assert_allclose(found.effect + found.before, want, atol=0.15)
    assert not sweep(Runner(tiny("llama"), prompt(), METRIC), "mlp.1", units=[0]).notes
