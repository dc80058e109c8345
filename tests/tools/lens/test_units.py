"""Units as tokens: the projection against norm and head by hand, TokenChange against plain runs."""

import numpy as np
import pytest
import torch
from checks import refused
from neuroscribe.tools.lens.projection import project, vocabulary_projection, write_rows
from neuroscribe.tools.lens.token_change import NEUTRAL, token_change, unit_tokens
from neuroscribe.tools.metrics.rows import Rows
from neuroscribe.tools.models import clamp
from neuroscribe.tools.residual.architecture import read_architecture
from token_rows import windows_of

from ..interventions import hand_built


def test_all_units_of_a_site_are_projected_at_once(stories260k):
    network = stories260k.network
    found = vocabulary_projection(stories260k, "mlp.3", limit=7)
    assert found.units == tuple(range(172))
    assert found.top.shape == found.bottom.shape == (172, 7)
    for unit in (0, 50, 171):
        column = network.model.layers[3].mlp.down_proj.weight[:, unit]
        with torch.no_grad():
            logits = network.lm_head(network.model.norm(column))
        logits = logits - logits.mean()
        high, low = logits.topk(7), logits.topk(7, largest=False)
        assert torch.allclose(found.top_value[unit], high.values, atol=1e-4)
        assert torch.allclose(found.bottom_value[unit], low.values, atol=1e-4)
        assert found.tokens(unit)[0][0] == found.names[int(high.indices[0])]
    some = vocabulary_projection(stories260k, "mlp.3", units=[50], limit=7)
    assert torch.equal(some.top[0], found.top[50])
    stream = vocabulary_projection(stories260k, "resid.1", units=[5], limit=3)
    with torch.no_grad():
        logits = network.lm_head(network.model.norm(torch.eye(64)[5]))
    assert int(stream.top[0, 0]) == int(logits.argmax())


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2", "gpt_neox"])
def test_what_units_write_is_what_the_network_adds(family, tiny):
    """Up to its length: a norm behind the projection is taken without its statistics."""
    target = tiny(family)
    rows_ = write_rows(target, target.site("mlp.1"))
    inputs = Rows(np.array([[5, 9, 21]], np.int32))
    write = read_architecture(target).blocks[1].mlp
    moved = [
        target.trace(inputs, ["mlp_out.1"], interventions=[clamp("mlp.1", [7], value)])
        for value in (0.0, 1.0)
    ]
    change = (moved[1].values["mlp_out.1"] - moved[0].values["mlp_out.1"])[0, 2]
    if write.after is not None:
        change = write.after.frozen(change, torch.ones(1))
    assert torch.allclose(rows_[7, 0], change, atol=1e-4)


@pytest.mark.parametrize("family", ["gpt2", "gemma2", "llama"])
def test_the_projection_is_the_norm_less_its_bias_and_the_head(family, tiny):
    target = tiny(family)
    vector = torch.randn(3, 32)
    with torch.no_grad():
        norm = read_architecture(target).final
        want = target.network.lm_head(norm.module(vector) - norm.module(torch.zeros(1, 32)))
        got = project(target, vector)
    assert torch.allclose(got, want - want.mean(1, keepdim=True), atol=1e-4)


PROMPTS = ["One day", "She saw a big", "The dog"]


def test_token_change_is_the_mean_change_of_logits(stories260k):
    unit = stories260k.unit("mlp.2/31")
    up, down = token_change(stories260k, unit, prompts=PROMPTS, level=4.0, controls=3, limit=5)
    assert (up.level, down.level, up.prompts) == (4.0, -4.0, 3)
    total = torch.zeros(512)
    largest = 0.0
    for text in PROMPTS:
        row = Rows(np.array([stories260k.tokenizer(text)["input_ids"]], np.int32))
        logits = [
            stories260k.trace(row, interventions=edits).output[0, -1]
            for edits in ([], [clamp("mlp.2", [31], 4.0)])
        ]
        total += (logits[1] - logits[1].mean()) - (logits[0] - logits[0].mean())
        values = stories260k.trace(row, ["mlp.2"]).values["mlp.2"]
        largest = max(largest, float(values[0, :, 31].abs().max()))
    mean = total / 3
    assert [m.change for m in up.promoted] == pytest.approx(mean.topk(5).values.tolist(), abs=1e-4)
    want = mean.topk(5, largest=False).values.tolist()
    assert [m.change for m in up.suppressed] == pytest.approx(want, abs=1e-4)
    assert up.largest == pytest.approx(float(mean.abs().max()), abs=1e-4)
    assert up.seen == pytest.approx(largest, abs=1e-5)
    for item in up.promoted:
        assert item.interval[0] <= item.change <= item.interval[1]
    assert len(up.controls) == len(down.controls) == 3
    turned, _ = token_change(
        stories260k, stories260k.unit("mlp.2/31-"), prompts=PROMPTS, level=4.0, controls=3, limit=5
    )
    assert [m.text for m in turned.promoted] == [m.text for m in down.promoted]


def test_a_neuron_that_says_7_is_seen_in_both_and_beats_the_others():
    target = hand_built.answer_neuron()
    projected = vocabulary_projection(target, "mlp.1", limit=3)
    assert int(projected.top[17, 0]) == 7
    windows = windows_of(np.random.default_rng(0).integers(0, 16, (8, 5)))
    up, down = token_change(target, target.unit("mlp.1/17"), prompts=windows, controls=20)
    assert up.promoted[0].token == 7
    assert down.suppressed[0].token == 7
    assert up.p == pytest.approx(1 / 21)


def test_both_as_plain_data_turn_with_the_sign(stories260k):
    assert len(set(NEUTRAL)) == 32
    plus, minus = (
        unit_tokens(stories260k, stories260k.unit(u), 4, 0) for u in ("mlp.4/164", "mlp.4/164-")
    )
    assert [t["token"] for t in plus["top"]] == [t["token"] for t in minus["bottom"]]
    assert plus["top"][0]["value"] == -minus["bottom"][0]["value"]
    assert plus["changes"][0]["largest"] == pytest.approx(minus["changes"][1]["largest"])
    assert plus["changes"][0]["prompts"] == 32


def test_bad_input_is_one_line(stories260k, minilm):
    refused("writes a vector", vocabulary_projection, stories260k, "head.2")
    refused("units 0 to 171", vocabulary_projection, stories260k, "mlp.2", units=[172])
    refused("no vocabulary head", vocabulary_projection, minilm, "mlp.2")
    refused("no vocabulary head", token_change, minilm, minilm.unit("mlp.2/3"))
    refused("is a vector", token_change, stories260k, stories260k.unit("head.2/3"))
    unit = stories260k.unit("mlp.2/3")
    refused("above 0", token_change, stories260k, unit, level=float("nan"))
    refused("at least one prompt", token_change, stories260k, unit, prompts=["  "])
