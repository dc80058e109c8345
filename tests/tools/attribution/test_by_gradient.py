"""Shares of any metric on small networks whose truth is known."""

from pathlib import Path

import bare_models
import numpy as np
import pytest
import torch
from checks import close, refused
from neuroscribe.tools.attribution.by_gradient import site_shares
from neuroscribe.tools.attribution.comparative.by_gradient import compare_shares
from neuroscribe.tools.attribution.shares import share_out
from neuroscribe.tools.interventions.change import Part
from neuroscribe.tools.interventions.patching import Pair, grid, patch
from neuroscribe.tools.interventions.runner import Runner, runners_of
from neuroscribe.tools.lens.logit_lens import logit_lens
from neuroscribe.tools.lens.metric_lens import metric_lens
from neuroscribe.tools.metrics.asked import asked
from neuroscribe.tools.metrics.expression import expression
from neuroscribe.tools.metrics.inputs import TensorPrompt, input_of
from neuroscribe.tools.metrics.target_tokens import target_prompt
from neuroscribe.tools.models import Target

BARE = Path(str(bare_models.__file__))


@pytest.fixture(scope="module")
def planted():
    """A classifier of brackets whose class 1 is carried by one neuron: how many `)` it sees.

    Neuron `mlp.0/3` is told by the embedding alone; it writes into a direction of its own, which
    the head of class 1 reads and nothing else writes.
    """
    target = Target.load(f"{BARE}:classifier")
    network = target.network
    with torch.no_grad():
        for layer in network.encoder.layers:
            for weight in (layer.self_attn.out_proj, layer.linear2):
                weight.weight.zero_()
                weight.bias.zero_()
        first = network.encoder.layers[0]
        first.linear1.weight[3] = 0.0
        first.linear1.weight[3, 0] = 3.0
        first.linear1.bias[3] = 0.0
        first.linear2.weight[5, 3] = 2.0
        network.embed.weight[:, 0] = torch.tensor([0.0, -4.0, 4.0])
        network.head.weight.zero_()
        network.head.weight[1, 5] = 1.0
    return target


def shares(target, given, metric, **options):
    read = asked(target, [given], None, metric=metric)
    return share_out(target, read.prompts[0], read.metrics[0], **options)


@pytest.mark.parametrize("method", ["integrated", "taylor"])
def test_shares_of_a_linear_classifier_are_weight_times_input(load, method):
    target = load("linear")
    found = shares(target, "1,0,-1,2", "class(hen) - 2*class(cat)", method=method)
    (group, *_) = found.groups
    layer = target.network[0]
    weight = layer.weight[2] - 2 * layer.weight[0]
    assert group.name == "0:in"
    close(group.sites[0].shares[0], weight * torch.tensor([1.0, 0.0, -1.0, 2.0]), 1e-6)
    assert {str(u.unit) for u in (*group.units, *group.opposing)} == {"0:in/0", "0:in/2", "0:in/3"}


COMPLETE = [
    ("classifier", "(())", "class(1) - class(0)"),
    ("classifier", "(()", "probability(1)"),
    ("counter", "abca", "logit(a) - logit(b)@1"),
    ("mlp", "1,2,3", "exp(class(cat)) / (1 + class(dog)**2)"),
    ("gpt", "ab a", "logit(a) - mean(logit(b), logit(c))"),
]


@pytest.mark.parametrize(("name", "given", "text"), COMPLETE)
def test_integrated_gradients_are_complete_at_every_site(load, name, given, text):
    found = shares(load(name), given, text, draws=1, method="integrated")
    for group in found.groups:
        for site in group.sites:
            whole = found.before - site.without
            assert float(site.shares.sum()) == pytest.approx(whole, abs=1e-4 * max(1, abs(whole)))


def test_the_planted_neuron_carries_the_class(planted):
    found = shares(planted, ")(", "class(1)", draws=19)
    mlp = next(group for group in found.groups if group.name == "mlp")
    best = mlp.units[0]
    assert str(best.unit) == "mlp.0/3"
    assert best.place == 0  # where the class is read
    assert mlp.control.units[0] == "mlp.0/3"
    assert mlp.control.drop > 2 * max(map(abs, mlp.control.random))
    rest = [each for each in mlp.units if each.unit != best.unit]
    assert all(abs(each.value) < 1e-3 * best.value for each in rest)


def test_patching_the_planted_neuron_restores_the_class(planted):
    rows = [input_of(planted, text) for text in (")(", "((")]
    metric = expression(planted, "class(1) - class(0)", rows[0])
    pair = Pair(planted, *rows, metric)
    cells = [[Part("mlp.0", (unit,))] for unit in (3, 4, 5)]
    done = patch(pair, [*cells, [Part("mlp.0", None)]])
    alone, *others, together = done.share.tolist()
    assert alone == pytest.approx(together, abs=1e-5)
    assert alone > 0.5
    assert max(map(abs, others)) < 1e-6
    by_place = grid(pair, "resid").share
    assert by_place[1].tolist() == pytest.approx([1, 0], abs=1e-5)


def test_what_differs_between_two_inputs_is_the_planted_neuron(planted):
    read = asked(planted, [")(", "(("], None, metric="class(1)")
    compared = compare_shares(*runners_of(planted, read))
    mlp = next(group for group in compared.groups if group.name == "mlp")
    assert str(mlp.units[0].unit) == "mlp.0/3"
    assert mlp.units[0].other == pytest.approx(0, abs=1e-6)
    assert mlp.control.p <= 0.05
    one = Runner(planted, read.prompts[0], read.metrics[0])
    refused("no difference to explain", compare_shares, one, one)


def test_the_lens_sees_the_class_behind_the_block_that_writes_it(planted):
    read = asked(planted, [")("], None, metric="class(1) - class(0)")
    lens = metric_lens(planted, read.prompts[0], read.metrics[0])
    assert [point.name for point in lens.points] == ["embed", "resid.0", "resid.1"]
    values = [point.value for point in lens.points]
    assert values[2] == pytest.approx(
        Runner(planted, read.prompts[0], read.metrics[0]).before, abs=1e-5
    )
    assert values[1] - values[0] > 1


def test_the_lens_of_a_language_model_is_its_logit_lens(load):
    target = load("gpt")
    read = asked(target, ["ab a"], None, metric="log_probability(a) - log_probability(b)")
    points = metric_lens(target, read.prompts[0], read.metrics[0]).points
    old = logit_lens(target, target_prompt(target, "ab a", "a", contrast="b", as_written=True))
    one, other = (torch.tensor(each.probability).log() for each in old.trajectories)
    close([p.value for p in points], (one - other)[[0, 2, 4]], 1e-4)


def test_pictures_have_shares_by_unit_and_by_pixel(load):
    target = load("cnn")
    pixels = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    metric = expression(target, "class(red) - class(blue)", pixels)

    row = TensorPrompt(np.zeros((1, 1), np.int32), (), "noise", tensor=pixels)
    each = site_shares(Runner(target, row, metric), "conv.0", "integrated")
    assert each.shares.shape == (256, 8)
    assert each.gap < 1e-4


def test_what_a_metric_cannot_reach_is_said(load):
    said = "its gradient is 0 everywhere"
    refused(said, shares, load("gpt"), "ab a", "mlp.0/3@0", sites=["mlp.1", "head.1"])
    read = asked(load("gpt"), ["ab a"], None, metric="mlp.0/3")
    refused("reads nothing behind", metric_lens, load("gpt"), read.prompts[0], read.metrics[0])
    read = asked(load("linear"), ["1,2,3,4"], None, metric="class(cat)")
    said = "no earlier point can be decoded"
    refused(said, metric_lens, load("linear"), read.prompts[0], read.metrics[0])
