"""A chain built by hand is found at rank 1 at each stage; every number against a naive one."""

import numpy as np
import pytest
import torch
from checks import refused
from neuroscribe.tools.attribution import exact_trace, target_prompt
from neuroscribe.tools.attribution.comparative import (
    Run,
    Settings,
    compare,
    head_effects,
    strongest_head,
)
from neuroscribe.tools.attribution.comparative.shallow import path
from neuroscribe.tools.attribution.patterns import attention_patterns
from neuroscribe.tools.attribution.sources import Sources, Spot
from neuroscribe.tools.metrics.target_tokens import Prediction, TargetPrompt
from neuroscribe.tools.models import Target, zero
from neuroscribe.tools.models.huggingface import wrap
from neuroscribe.tools.models.unit import Unit

from ...interventions import hand_built

PROMPT, TARGET = "She loved to play outside in", " the"


def question(*ids: int, token: int = 7, other: int | None = None) -> TargetPrompt:
    row = np.array([ids], np.int32)
    return TargetPrompt(row, len(ids), (Prediction(len(ids) - 1, token, other),))


def chain(seed: int = 0) -> Target:
    """mlp.0/11 is on at token 5; head.1/2 carries that to the end; mlp.2/40 hears it and says 7.
    Everything else is noise: other neurons and heads read and write at random."""
    network = hand_built.silent(3)
    table, out = network.transformer.wte.weight.data, network.lm_head.weight.data
    draw = torch.Generator().manual_seed(seed)

    def random() -> torch.Tensor:
        vector = torch.randn(hand_built.WIDTH, generator=draw)
        return (vector - vector.mean()) / vector.norm()

    free = [random() for _ in range(2)]  # the line from shallow to head, and from head to deep
    for vector in free:
        vector -= hand_built.basis().T @ (hand_built.basis() @ vector)
        vector -= vector.mean()
        vector /= vector.norm()
    for layer in range(3):
        for index in range(60, 100):
            hand_built.neuron(network, layer, index, 0.1 * random(), 0.1 * random())
    hand_built.neuron(network, 0, 11, table[5] / hand_built.WIDTH**0.5, 2 * free[0])
    hand_built.head(network, 1, 0, 0.3 * random(), 0.3 * random())
    hand_built.head(network, 1, 2, free[0], 4 * free[1])
    hand_built.neuron(network, 2, 40, free[1], 6 * out[7] / out[7].norm())
    return wrap(network, None, name="chain")


@pytest.mark.parametrize("seed", range(3))
def test_the_chain_is_recovered_at_rank_1_at_each_stage(seed):
    target = chain(seed)
    base = Run(target, question(3, 5, 8, 12))
    head = strongest_head(base)
    assert head == Spot("head", 1, 2)
    found = compare([(base, base.without([Unit("head.1", 2, 1)]))], head=head)
    assert found.heads[0].spot == head
    assert found.neurons[0].spot == Spot("mlp", 2, 40)
    (first, *_) = found.paths
    assert (first.head, first.deep) == (head, found.neurons[0].spot)
    best = first.best(3)
    assert best[0].spot == Spot("mlp", 0, 11, place=1), "the neuron, and the token it acts at"
    assert best[0].value > 5 * abs(best[1].value)
    assert best[0].value == pytest.approx(first.through, rel=0.3)
    assert found.control.drop > max(found.control.random)
    assert found.control.p == pytest.approx(1 / 21)


def test_two_checkpoints_find_what_was_trained_away():
    """The other checkpoint is the same but for the deep neuron's output row."""
    target, other = chain(), chain()
    other.network.transformer.h[2].mlp.c_proj.weight.data[40] = 0
    prompts = [(3, 5, 8, 12), (9, 5, 4), (2, 5, 5, 7, 1)]
    found = compare([(Run(target, question(*p)), Run(other, question(*p))) for p in prompts])
    assert found.neurons[0].spot == Spot("mlp", 2, 40)
    assert 0 < found.neurons[0].interval[0] < found.neurons[0].value
    assert len(found.probability) == 3


def imp(trace, site: int, unit: int, place: int, token: int, scale) -> float:
    """The formula, naively."""
    from neuroscribe.tools.residual.readout import readout_of

    readout = readout_of(trace)
    before = trace.before_mlp(site)[0, place].float()
    after = before + Sources(trace, place).writes("mlp", site, torch.tensor([unit]))[0]
    logits = readout.logits(torch.stack([before, after]), scale).log_softmax(1)
    return float(logits[1, token] - logits[0, token])


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2", "gpt_neox"])
def test_cna_is_the_difference_of_two_imps_under_the_bases_scale(family, tiny):
    target = tiny(family)
    asked = question(5, 9, 21, 33, 40)
    base = Run(target, asked)
    other = base.without([Unit("head.1", 2, 1)])
    found = compare([(base, other)], Settings(exact=True, top=6))
    assert bool(found.exact.all())
    traces = [exact_trace(target, asked, interventions=run.changes) for run in (base, other)]
    scale = traces[0].final_scale[0, 4]
    values = [
        [imp(t, c.spot.block, c.spot.index, 4, 7, scale) for t in traces] for c in found.neurons
    ]
    for change, (one, two) in zip(found.neurons, values, strict=True):
        assert change.base == pytest.approx(one, abs=1e-4)
        assert change.other == pytest.approx(two, abs=1e-4)
        assert change.value == pytest.approx(one - two, abs=1e-4)
    assert found.values.max() == pytest.approx(found.neurons[0].value)
    assert found.values.min() == pytest.approx(found.gained[0].value)
    own = compare([(base, other)], Settings(exact=True, top=6, scale="own"))
    spot = own.neurons[0].spot
    want = imp(traces[1], spot.block, spot.index, 4, 7, traces[1].final_scale[0, 4])
    assert own.neurons[0].other == pytest.approx(want, abs=1e-4)


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2", "gpt_neox"])
def test_heads_are_zeroed_one_by_one(family, tiny):
    target = tiny(family)
    asked = question(5, 9, 21, 33, 40)
    drops = head_effects(Run(target, asked))
    before = target.trace(asked, output="last").output.softmax(1)[0, 7]
    for at in range(12):
        gone = [zero(f"head.{at // 4}", [at % 4])]
        after = target.trace(asked, interventions=gone, output="last").output.softmax(1)[0, 7]
        assert float(drops[at]) == pytest.approx(float(before - after), abs=1e-6)


FAMILIES = ["gpt2", "llama", "qwen3", "gemma2", "gpt_neox", "phi3"]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_terms_through_a_head_sum_to_what_it_adds(family, tiny):
    """Neurons, heads, embeddings and biases of everything before it, at all places."""
    target = tiny(family)
    asked = question(5, 9, 21, 33, 40)
    with torch.no_grad():
        trace = exact_trace(target, asked)
        patterns = attention_patterns(trace)
        found = path(trace, patterns, Spot("head", 1, 3), Spot("mlp", 2, 17), 4)
        assert found.layout.size == trace.neurons[0].shape[-1]
        given = trace.layer_input(1)[0].float()  # [place, d]
        whole = float((found.directions * given).sum()) + found.constant
        assert whole == pytest.approx(found.through, abs=1e-4)
        others = trace.embeddings[0].float() + trace.attention_update(0)[0].float()
        others = others + trace.bias_write(0, "mlp")[0]
        rest = float((found.directions * others).sum()) + found.constant
        assert float(found.terms.sum()) + rest == pytest.approx(found.through, abs=1e-4)
        unit = torch.tensor([9])
        one = torch.cat(
            [Sources(trace, at).writes("mlp", 0, unit) for at in range(5)]
        )  # [place, d]
        want = (one * found.directions).sum(1)
        assert torch.allclose(found.terms[:, 9], want, atol=1e-5)


def test_what_a_head_adds_is_felt_by_the_deep_neuron():
    """Without norms between (a scale of nearly 1): zeroing the head moves its pre-activation."""
    target = chain()
    asked = question(3, 5, 8, 12)
    with torch.no_grad():
        trace = exact_trace(target, asked)
        found = path(trace, attention_patterns(trace), Spot("head", 1, 2), Spot("mlp", 2, 40), 3)
        assert found.through == pytest.approx(found.key, rel=0.2)
    site = "transformer.h.2.mlp.c_fc"
    before, after = (
        float(target.trace(asked, [site], interventions=gone).values[site][0, 3, 40])
        for gone in ([], [zero("head.1", [2])])
    )
    assert before == pytest.approx(found.key, abs=1e-4)
    assert before - after == pytest.approx(found.through, rel=0.25)


def test_a_target_of_several_tokens_is_the_sum_over_them(stories260k):
    """Each token is a comparison of its own, on the row that leads to it, the edit everywhere."""
    asked = target_prompt(stories260k, PROMPT, " park", several="sum")
    gone = stories260k.unit("head.2/3")

    def values(given: TargetPrompt) -> torch.Tensor:
        base = Run(stories260k, given)
        return compare([(base, base.without([gone]))], Settings(exact=True, draws=0)).values

    parts = []
    for one in asked.predictions:
        ids = asked.ids[:, : one.place + 1]
        parts.append(values(TargetPrompt(ids, ids.shape[1], (one,))))
    assert len(parts) == 3
    assert torch.allclose(values(asked), torch.stack(parts).sum(0), atol=2e-4)
    base = Run(stories260k, asked)
    found = compare([(base, base.without([gone]))], Settings(draws=3))
    log = stories260k.trace(asked).output[0].log_softmax(-1)
    p = float(sum(log[one.place, one.token] for one in asked.predictions).exp())
    assert found.probability[0][0] == pytest.approx(p, rel=1e-4)
    after = stories260k.trace(asked, interventions=[zero("head.2", [3])]).output[0].log_softmax(-1)
    fall = p - float(sum(after[one.place, one.token] for one in asked.predictions).exp())
    head = next(change for change in found.heads if change.unit == "head.2/3")
    assert head.value == pytest.approx(fall, abs=1e-6)
    assert "first token" in found.notes[-1]


def test_attention_alone_is_compared_by_heads(stories260k, tiny):
    target = Target.load("organism:induction")
    base = Run(target, target_prompt(target, "ka lo mi ka", " lo"))
    found = compare([(base, base.without([target.unit("head.1/0")]))])
    assert not found.neurons
    assert found.control is None
    assert {change.spot.block for change in found.heads[:4]} == {1}
    assert "heads alone are compared" in found.notes[-1]
    base = Run(stories260k, target_prompt(stories260k, PROMPT, TARGET))
    refused("nothing to compare", compare, [])
    pair = tuple(Run(tiny(family), question(5, 9)) for family in ("llama", "gpt2"))
    refused("not built alike", compare, [pair])
    many = target_prompt(stories260k, PROMPT, " the garden", several="sum")
    refused("not as many tokens in both runs", compare, [(base, Run(stories260k, many))])
    refused("name heads and neurons", base.without, [Unit("resid.2", 3, 1)])
    encoder = Run(tiny("bert"), question(5, 9))
    refused("predicts no token", compare, [(encoder, encoder)])


def test_keep_counts_the_rest_as_nothing(stories260k):
    base = Run(stories260k, target_prompt(stories260k, PROMPT, TARGET))
    other = base.without([stories260k.unit("head.2/3")])
    full = compare([(base, other)], Settings(exact=True))
    kept = compare([(base, other)], Settings(exact=True, keep=50))
    assert int((kept.values != 0).sum()) <= 100
    same = (kept.values != 0) & ((kept.values - full.values).abs() < 1e-6)
    assert int(same.sum()) >= 30
    short = compare([(base, other)], Settings(shortlist=100))
    assert not bool(short.exact.all())
    assert [c.spot for c in short.neurons[:10]] == [c.spot for c in full.neurons[:10]]
    assert all(c.exact for c in short.neurons)
