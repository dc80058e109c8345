"""Heads whose pattern is written into the weights are named; a random head is named nothing."""

import hand_built_heads
import numpy as np
import pytest
import torch
from checks import done, refused
from hand_built_heads import FIRST, SECOND, TOKENS
from neuroscribe.tools.activations.attention_patterns import head_patterns
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.attention import attention_weights
from torch import nn


def texts(n: int = 40, length: int = 24, seed: int = 0) -> list[str]:
    """Random letters, a delimiter now and then."""
    draw = np.random.default_rng(seed)
    letters = draw.choice(TOKENS, (n, length), p=[0.09] * 10 + [0.1])
    return ["".join(row) for row in letters]


@pytest.fixture(scope="module", params=["fused", "plain"])
def target(request: pytest.FixtureRequest) -> Target:
    return Target.load(f"{hand_built_heads.__file__}:{request.param}")


def test_every_pattern_is_recovered_and_a_random_head_has_none(target):
    lab = Lab(target, cut(target, texts(), length=24, document_per_row=True))
    found = head_patterns(lab, lab.explore, ["head.0", "head.1"])
    for site, patterns in (("head.0", FIRST), ("head.1", SECOND)):
        named = [found[f"{site}/{i}"].name for i in range(len(patterns))]
        assert named == [None if one == "random" else one for one in patterns]
    previous = found["head.0/0"].scores["previous"]
    assert previous.interval.value > 0.99
    assert previous.shuffled.max() < 0.3


def test_the_tool_says_the_pattern_of_the_head_under_study(target):
    lab = Lab(target, cut(target, texts(), length=24), unit=target.unit("head.1/0"))
    found = done(lab, "attention")
    assert [row["unit"] for row in found.data["heads"]] == ["head.1/0"]
    assert found.data["heads"][0]["pattern"]["name"] == "induction"
    assert "head.1/0: attends to the token behind an earlier copy (induction): 0.9" in found.text
    lab.unit = target.unit("resid.0/0")
    with pytest.raises(AssertionError, match="there is no tool"):
        done(lab, "attention")


def test_heads_of_chance_are_named_nothing():
    """Two hundred random heads on random text: the bar holds."""
    torch.manual_seed(1)
    names = []
    for seed in range(15):
        network = hand_built_heads.Heads(fused=True)
        for block in network.blocks:
            block.attn.query.weight.data = torch.randn_like(block.attn.query.weight) * 4
        torch.manual_seed(seed)
        target = Target.load(f"{hand_built_heads.__file__}:fused")
        target.network.load_state_dict(network.state_dict())
        lab = Lab(target, cut(target, texts(20, 16, seed), length=16, document_per_row=True))
        found = head_patterns(lab, lab.explore, ["head.0", "head.1"])
        names += [one.name for one in found.values()]
    assert names.count(None) >= 0.99 * len(names)


def test_an_encoder_sees_both_sides(minilm):
    prose = ["The cat sat on the mat. It was a good cat, and it slept."] * 3
    windows = cut(minilm, prose, length=32, document_per_row=True)
    weights = attention_weights(minilm, windows, ["head.2"])["head.2"]
    ids, mask = torch.as_tensor(windows.ids).long(), torch.as_tensor(windows.attended).long()
    before = minilm.network.config._attn_implementation
    minilm.network.set_attn_implementation("eager")
    with torch.no_grad():
        own = minilm.network(ids, attention_mask=mask, output_attentions=True).attentions[2]
    minilm.network.set_attn_implementation(before)
    torch.testing.assert_close(weights, own, rtol=1e-3, atol=1e-5)
    lab = Lab(minilm, windows)
    assert "next" in head_patterns(lab, windows, ["head.2"])["head.2/0"].scores


class Gated(hand_built_heads.Attention):
    """Its heads are more than weights times values."""

    def forward(self, x):
        inner, self.c_proj = self.c_proj, nn.Identity()
        heads, self.c_proj = super().forward(x), inner
        return inner(heads.sigmoid())


def test_what_cannot_be_seen_is_refused(target):
    windows = cut(target, texts(4), length=24, document_per_row=True)
    block = target.network.get_submodule("blocks.1.attn")
    kind = type(block)
    block.__class__ = Gated
    try:
        refused(
            "does not show the attention weights of head.1",
            attention_weights,
            target,
            windows,
            ["head.1"],
        )
    finally:
        block.__class__ = kind
    bare = Target.load(f"{hand_built_heads.__file__}:fused")
    bare.sites = {k: v for k, v in bare.sites.items() if not k.startswith("head.")}
    refused("has no attention heads", attention_weights, bare, windows)
