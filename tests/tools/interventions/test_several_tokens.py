"""A target of several tokens: each behind the ones before it, by one forward for each of them."""

import numpy as np
import pytest
import torch
from checks import refused
from neuroscribe.tools.interventions import Metric, Prompt, Runner, sweep
from neuroscribe.tools.interventions.gradients import gradients
from neuroscribe.tools.interventions.patching import Pair, grid
from neuroscribe.tools.metrics.prompt import target_prompts, with_target
from neuroscribe.tools.models import Intervention, Target, add, clamp, zero

METRIC = Metric(token=7, more=(11, 20))
IDS = (3, 9, 14, 20, 11, 5)  # the prompt; 7 and 11 stand behind it


def row(*ids: int) -> Prompt:
    return Prompt(np.array([[*ids, 7, 11]], np.int32), predicts=3)


def naive(target: Target, ids: tuple[int, ...], *changes: Intervention) -> float:
    """log p of 7, of 11 behind it, of 20 behind both: a forward each. Changes name no place."""
    total, ids = 0.0, tuple(ids)
    for token in (7, 11, 20):
        short = Prompt(np.array([ids], np.int32))
        logits = target.trace(short, interventions=list(changes), output="last").output
        total += float(logits[0].double().log_softmax(0)[token])
        ids = (*ids, token)
    return total


def whole(target: Target, prompt: Prompt, *changes: Intervention) -> float:
    """The same from one forward that has the target's tokens in its row."""
    logits = target.trace(prompt, interventions=list(changes)).output
    log = logits[0, -3:].double().log_softmax(-1)
    return float(log[0, 7] + log[1, 11] + log[2, 20])


@pytest.mark.parametrize("family", ["gpt2", "llama", "gpt_neox", "gemma2", "mamba"])
def test_it_is_the_sum_of_forwards(family, tiny):
    target = tiny(family)
    site = "mlp.1" if "mlp.1" in target.sites else "resid.1"
    runner = Runner(target, row(*IDS), METRIC)
    assert runner.before == pytest.approx(naive(target, IDS), abs=1e-4)
    found = sweep(runner, site, units=range(5))
    want = [naive(target, IDS, zero(site, [unit])) - runner.before for unit in range(5)]
    np.testing.assert_allclose(found.effect, want, atol=2e-4)
    both = runner.measure([[zero(site, [1]), add("resid.2", [3], 0.7)], []])
    want = naive(target, IDS, zero(site, [1]), add("resid.2", [3], 0.7))
    np.testing.assert_allclose(both, [want, runner.before], atol=2e-4)


@pytest.mark.parametrize("family", ["gpt2", "llama", "mamba"])
def test_a_change_behind_the_first_predictions_leaves_them_as_they_are(family, tiny):
    """Places 5, 6 and 7 predict; a restart at 6 or 7 does not compute what lies before."""
    target, prompt = tiny(family), row(*IDS)
    runner = Runner(target, prompt, METRIC)
    rows = [[add("resid.1", [3], 0.9).at(places=[place])] for place in range(8)]
    rows += [[add("resid.2", [3], 0.9).at(places=[place])] for place in range(8)]
    got = runner.measure(rows)
    for changes, value in zip(rows, got.tolist(), strict=True):
        assert value == pytest.approx(whole(target, prompt, *changes), abs=1e-4)
    behind_the_last_block = got[8:13].numpy()
    np.testing.assert_allclose(behind_the_last_block, runner.before, atol=1e-5)
    assert abs(float(got[13]) - runner.before) > 1e-3


def test_places_product_and_vocabulary(tiny):
    target = tiny("llama")
    found = sweep(Runner(target, row(*IDS), METRIC), "mlp.1", units=[4], where="last")
    assert found.places == (5, 6, 7)
    target = tiny("gpt2")
    runner = Runner(target, row(*IDS), Metric("probability", 7, more=(11, 20)))
    assert runner.before == pytest.approx(np.exp(naive(target, IDS)), rel=1e-4)
    assert runner.metric.name == "probability of the target, 3 tokens together"
    refused("token 99 is not one of the 40", Metric(token=7, more=(99,)), torch.zeros(1, 2, 40))


def test_gradients_are_slopes(tiny):
    target, prompt = tiny("gpt2"), row(*IDS)
    found = gradients(target, prompt, METRIC, ["mlp.1"])["mlp.1"]
    runner, step = Runner(target, prompt, METRIC), 2e-2
    for place, unit in ((2, 5), (6, 9)):
        up, down = runner.measure(
            [[add("mlp.1", [unit], sign * step).at(places=[place])] for sign in (1, -1)]
        )
        assert float(found[place, unit]) == pytest.approx(float(up - down) / (2 * step), abs=2e-3)


def test_patching_carries_the_whole_target(tiny):
    target = tiny("llama")
    clean, corrupt = row(*IDS), row(3, 9, 25, 20, 31, 5)
    pair = Pair(target, clean, corrupt, METRIC)
    found = grid(pair, "resid")
    given = target.trace(clean, ["resid.0"]).values["resid.0"]
    for place in (2, 4, 6):
        changed = clamp("resid.0", None, given[:, [place]]).at(places=[place])
        want = whole(target, corrupt, changed)
        assert float(found.metric[0, place]) == pytest.approx(want, abs=1e-4)


def test_words_of_several_tokens(stories260k):
    read = target_prompts(stories260k, ["She went to the"], " park", several="sum")
    (prompt,), (metric,), notes = read.prompts, read.metrics, read.notes
    assert metric.places == prompt.predicts == 3
    assert "all are asked for" in notes[0]
    other = with_target(stories260k, "He ran to the", " park", metric)
    assert other.ids[0, -2:].tolist() == prompt.ids[0, -2:].tolist()
    assert other.predicts == 3


@pytest.mark.parametrize(
    ("kind", "other"), [("kl", None), ("logit_difference", 3), ("log_probability", 3)]
)
def test_what_looks_at_one_token_says_so(kind, other):
    refused("one token behind the prompt", Metric, kind, 7, other, more=(11,))
