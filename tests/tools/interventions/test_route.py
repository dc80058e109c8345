"""Routes: masks do what they say on every family, and known routes are found."""

import numpy as np
import pytest
import torch
from checks import close, refused
from neuroscribe.tools.interventions.change import Change, Part, edit
from neuroscribe.tools.interventions.masks import causal, check_masks, closed, last_logits, masked
from neuroscribe.tools.interventions.reference import references
from neuroscribe.tools.interventions.route import Answered, route
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.factory import from_model
from neuroscribe.tools.models.huggingface import wrap
from neuroscribe.tools.models.model import Model

from . import hand_built
from .hand_built import row


@pytest.mark.parametrize("family", ["gpt2", "llama", "gpt_neox", "gemma"])
def test_masks_say_who_sees_whom(family, tiny):
    """With all layers closed, the last place knows of the first token and itself alone."""
    target = tiny(family)
    check_masks(target, [3, 9, 14, 20, 5])
    one, two = np.array([[3, 9, 14, 20, 5]]), np.array([[3, 9, 30, 20, 5]])
    base = last_logits(target, one)
    with masked(target, {1: causal(5)}):
        close(last_logits(target, one), base)
    peeking = closed(5, last_sees_all=True)
    with masked(target, {0: closed(5), 1: peeking, 2: closed(5)}):
        assert float((last_logits(target, one) - last_logits(target, two)).abs().max()) > 1e-3
    with masked(target, dict.fromkeys(range(3), closed(5))):
        got = last_logits(target, one)
    ends, at = torch.tensor([[3, 5]]), torch.tensor([[0, 4]])
    with torch.no_grad():
        want = target.network(input_ids=ends, position_ids=at).logits[:, -1]
    close(got, want)


class _Attention(torch.nn.Module):
    """Even attention; adds `extra_mask` where it listens."""

    def __init__(self, listens: bool = True) -> None:
        super().__init__()
        self.extra_mask = None
        self.listens = listens
        self.carry = torch.nn.Linear(16, 16, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = torch.zeros(x.shape[1], x.shape[1]).masked_fill(
            torch.ones(x.shape[1], x.shape[1]).triu(1).bool(), float("-inf")
        )
        if self.extra_mask is not None and self.listens:
            scores = scores + self.extra_mask
        return x + self.carry(scores.softmax(-1) @ x)


class _Plain(torch.nn.Module):
    """Embeddings, two layers of even attention, logits."""

    def __init__(self, listens: bool = True) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = torch.nn.Embedding(20, 16)
        self.one, self.two = _Attention(listens), _Attention(listens)
        self.head = torch.nn.Linear(16, 20)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.two(self.one(self.embed(ids))))


def _plain(**more) -> Target:
    return from_model(Model(_Plain(**more), example=torch.arange(5)[None]), name="plain")


def test_plain_modules_expose_a_mask_hook():
    target = _plain()
    check_masks(target, [3, 9, 14, 5])
    cases = [Answered(row(3, n, 14, 5), 0) for n in range(6, 12)]
    wanted = [Answered(c.prompt, int(last_logits(target, c.prompt.ids).argmax())) for c in cases]
    found = route(target, wanted, streams=["one", "two"])
    assert found.clean == 1
    assert found.accuracy[0, 2] == found.cama[0] == 1
    assert np.isnan(found.accuracy[2, 1])
    assert target.network.one.extra_mask is None
    refused("ignores attention masks", check_masks, _plain(listens=False), [3, 9, 14, 5])
    net = torch.nn.Sequential(torch.nn.Embedding(9, 4), torch.nn.Linear(4, 9))
    bare = from_model(Model(net, example=torch.arange(5)[None]), name="bare")
    refused("no mask hook", check_masks, bare, [3, 4, 5, 6])


def _relay(layer: int) -> Target:
    """In one layer even attention carries the token at place 1 to the last place, which says it."""
    network = hand_built.silent()
    table, out = network.transformer.wte.weight.data, network.lm_head.weight.data
    attention = network.transformer.h[layer].attn
    attention.c_attn.weight.data[:, : 2 * hand_built.WIDTH] = 0
    for channel, token in enumerate(range(5, 9)):  # head 0: what token came
        attention.c_attn.weight.data[:, 2 * hand_built.WIDTH + channel] = table[token] / 4
        attention.c_proj.weight.data[channel] = 3 * out[10 + token] / out[10 + token].norm()
    return wrap(network, None, name="relay")


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_the_layer_that_carries_is_found(layer):
    """Before it nothing has to know its context, one layer of peeking is enough."""
    cases = [
        Answered(row(3, token, 11 + n, 12), 10 + token) for token in range(5, 9) for n in (0, 2)
    ]
    found = route(_relay(layer), cases)
    assert found.clean == 1
    assert found.smallest == (layer, 1)
    assert found.accuracy[layer, 1] == 1
    assert found.accuracy[layer, 0] < 0.5
    assert found.cama[layer] == 1
    assert found.cama[layer + 1] < 0.5
    assert found.sink
    assert found.prompts == 8
    if layer:
        assert found.mean[layer] < 0.5  # the plain mean forgets the tokens too


def test_cama_is_the_mean_given_the_token(tiny):
    target = tiny("llama")
    rows = [row(3, 9, 14), row(3, 14, 9), row(9, 9, 14)]
    values = [target.trace(one, ["mlp.1"]).values["mlp.1"][0] for one in rows]
    known = references(target, rows, ["mlp.1"])["mlp.1"]
    of_nine = [values[0][1], values[1][2], values[2][0], values[2][1]]
    got, unknown = known.at([9, 40], [0, 1])
    torch.testing.assert_close(got[0], torch.stack(of_nine).mean(0), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(got[1], torch.cat(values).mean(0), rtol=1e-4, atol=1e-5)
    assert unknown == 1
    placed = references(target, rows, ["mlp.1"], by_place=True)["mlp.1"]
    want = (values[0][1] + values[2][1]) / 2
    torch.testing.assert_close(placed.at([3, 9], [1])[0][0], want, rtol=1e-4, atol=1e-5)
    change, missing = edit(Part("mlp.1", (3, 7)), Change("cama"), rows[0], known)
    assert missing == 0
    done = target.trace(rows[0], ["mlp.1"], interventions=[change]).values["mlp.1"][0]
    want = known.at([3, 9, 14], range(3))[0][:, [3, 7]]
    torch.testing.assert_close(done[:, [3, 7]], want, rtol=1e-4, atol=1e-5)


def test_bad_input_is_said_in_a_line(tiny):
    target = tiny("gpt2")
    two = [Answered(row(3, 9, 14), 5), Answered(row(3, 9, 14, 5), 5)]
    for call, message in (
        (lambda: route(target, two), "different lengths"),
        (lambda: route(target, []), "there is none"),
        (lambda: route(target, two[:1], streams=["resid.0"]), "1 streams"),
        (lambda: route(target, [Answered(row(3, 9), 5)]), "three tokens"),
        (lambda: route(tiny("bert"), two[:1]), "cannot be masked"),
        (lambda: route(tiny("mamba"), two[:1]), "no attention"),
    ):
        refused(message, call)
