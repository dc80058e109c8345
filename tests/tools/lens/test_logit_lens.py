"""The logit lens against norm and head applied by hand, and against the model's own prediction."""

import numpy as np
import pytest
import torch
from checks import refused
from neuroscribe.tools.attribution import target_prompt
from neuroscribe.tools.lens.logit_lens import logit_lens, plain
from neuroscribe.tools.lens.stream import reader
from neuroscribe.tools.metrics.target_tokens import Prediction, TargetPrompt
from tiny_families import fresh

PROMPT, TARGET = "She loved to play outside in", " the"


def question(places: int = 9) -> TargetPrompt:
    ids = np.random.default_rng(0).integers(4, 60, (1, places)).astype(np.int32)
    return TargetPrompt(ids, places, (Prediction(places - 1, 7),))


def test_it_is_norm_and_head_behind_every_sublayer(stories260k):
    asked = target_prompt(stories260k, PROMPT, TARGET)
    found = logit_lens(stories260k, asked, top=4)
    network = stories260k.network
    sites = ["model.layers.0:in"]
    sites += [f"{kind}.{b}" for b in range(5) for kind in ("attn_out", "resid")]
    values = stories260k.trace(asked, sites, output=False).values
    streams = [values["model.layers.0:in"]]
    for block in range(5):
        streams += [streams[-1] + values[f"attn_out.{block}"], values[f"resid.{block}"]]
    token = asked.predictions[0].token
    with torch.no_grad():
        final = network(torch.as_tensor(asked.ids, dtype=torch.long)).logits[0].log_softmax(-1)
        for at, stream in enumerate(streams):
            said = network.lm_head(network.model.norm(stream))[0].softmax(-1)
            odds, order = said.topk(4)
            assert torch.allclose(found.top_probability[at], odds, atol=1e-5)
            assert (found.top[at] == order)[odds.diff(dim=1).abs().min(1).values > 1e-5].all()
            assert torch.allclose(found.wanted_probability[0, at], said[:, token], atol=1e-5)
            rank = 1 + (said > said[:, [token]]).sum(1)
            assert int((found.wanted_rank[0, at] - rank).abs().max()) <= 1
            kl = (final.exp() * (final - said.log())).sum(-1)
            assert torch.allclose(found.kl[at], kl, atol=1e-3, rtol=1e-3)
            entropy = torch.distributions.Categorical(said).entropy()
            assert torch.allclose(found.entropy[at], entropy, atol=1e-4)
    (one,) = found.trajectories
    assert (one.text, one.role, one.place) == (" the", "target", asked.ids.shape[1] - 1)
    assert one.probability == tuple(found.wanted_probability[0, :, -1].tolist())
    assert one.rank[-1] == 1
    settled = one.settled()
    assert one.rank[settled - 1] > 1
    assert set(one.rank[settled:]) == {1}


FAMILIES = ["gpt2", "llama", "gemma2", "gpt_neox", "gemma3", "qwen3", "phi3"]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_last_point_is_the_models_own_prediction(family, tiny):
    target, asked = tiny(family), question()
    logits = target.trace(asked).output[0].float()
    for statistics in ("own", "frozen"):
        found = logit_lens(target, asked, statistics=statistics)
        assert float(found.kl[-1].max()) < 1e-5
        want = logits.softmax(-1)[:, 7]
        assert torch.allclose(found.wanted_probability[0, -1], want, atol=1e-5)
        assert float(found.kl[:-1].max()) > 1e-2
    streams = reader(target).streams(asked)
    sites = [f"resid.{b}" for b in range(3)]
    values = target.trace(asked, sites, output=False).values
    for block, site in enumerate(sites):
        assert torch.equal(streams[2 + 2 * block], values[site].float())


def test_frozen_statistics_are_those_of_the_full_run(stories260k):
    """Then logits add up: the middle of two points is the middle of their logits."""
    asked = target_prompt(stories260k, PROMPT, TARGET)
    read = reader(stories260k)
    streams = read.streams(asked)[:, 0]
    scale = read.scale(streams[-1])
    frozen = logit_lens(stories260k, asked, statistics="frozen")
    for at in (0, 3, 8):
        want = read.logits(streams[at], scale).softmax(1)[:, asked.predictions[0].token]
        assert torch.allclose(frozen.wanted_probability[0, at], want, atol=1e-6)
    middle = read.logits((streams[2] + streams[6]) / 2, scale)
    both = (read.logits(streams[2], scale) + read.logits(streams[6], scale)) / 2
    assert torch.allclose(middle, both, atol=1e-4)
    own = logit_lens(stories260k, asked)
    assert float((own.wanted_probability - frozen.wanted_probability)[:, :-1].abs().max()) > 1e-3


def test_soft_caps_and_half_precision(tiny):
    read = reader(tiny("gemma2"))
    assert read.readout.cap is not None
    residual = torch.randn(3, 32, requires_grad=True)
    read.logits(residual).log_softmax(1)[:, 5].sum().backward()
    assert float(residual.grad.abs().max()) > 0
    found = logit_lens(tiny("llama", torch.bfloat16), question())
    assert any("bfloat16" in note for note in found.notes)
    assert float(found.kl[-1].max()) < 1e-6


def test_trajectories_of_contrasts_of_sums_and_of_the_models_own_choice(stories260k):
    both = logit_lens(stories260k, target_prompt(stories260k, PROMPT, TARGET, contrast=" her"))
    assert [(t.role, t.text) for t in both.trajectories] == [
        ("target", " the"),
        ("contrast", " her"),
    ]
    asked = target_prompt(stories260k, PROMPT, " the garden", several="sum")
    many = logit_lens(stories260k, asked)
    assert len(many.trajectories) == len(asked.predictions) > 1
    assert [t.place for t in many.trajectories] == [p.place for p in asked.predictions]
    assert "tokens" in many.notes[0]
    found = logit_lens(stories260k, plain(stories260k, PROMPT))
    (one,) = found.trajectories
    assert (one.role, one.text, one.rank[-1]) == ("own", " the", 1)


def test_bad_input_is_one_line(stories260k, tiny):
    refused("no vocabulary head", logit_lens, tiny("bert"), question())
    refused("shorten", plain, stories260k, "so " * 2000)
    refused("tokens behind this prompt", target_prompt, stories260k, PROMPT, " the garden")
    asked = target_prompt(stories260k, PROMPT, TARGET)
    refused("own or frozen", logit_lens, stories260k, asked, statistics="mine")
    wrong = TargetPrompt(question().ids, 9, (Prediction(8, 64),))
    refused("not one of the 64", logit_lens, tiny("llama"), wrong)
    target, asked = fresh("llama"), question()
    reader(target)
    target.network.model.embed_tokens.weight.data[int(asked.ids[0, 4])] = float("nan")
    refused("NaN or infinity behind embed", logit_lens, target, asked)
