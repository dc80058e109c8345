"""Reads, writes, interventions and hooks, on any model."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from checks import close, refused
from neuroscribe.tools.models import Intervention, Site, Target, Unit, add, clamp, scale, zero
from neuroscribe.tools.models.intervention import apply_all
from torch import nn


def hooks(target):
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks)
        for module in target.network.modules()
    )


def test_each_kind_does_what_it_says_where_it_says(load, rows):
    target, batch = load("llama"), rows()
    before = target.trace(batch, ["mlp.1"], output=False).values["mlp.1"]
    edits = [
        zero("mlp.1", [0]),
        clamp("mlp.1", [1], 2.5),
        scale("mlp.1", [2], -3.0),
        add("mlp.1", [3], 0.5),
        clamp("mlp.1", [4], torch.arange(9.0)[None, :, None]),
        scale("mlp.1", [3], 2.0),
    ]
    after = target.trace(batch, ["mlp.1"], interventions=edits, output=False).values["mlp.1"]
    want = before.clone()
    want[..., 0], want[..., 1] = 0, 2.5
    want[..., 2] *= -3
    want[..., 3] = (want[..., 3] + 0.5) * 2
    want[..., 4] = torch.arange(9.0)
    torch.testing.assert_close(after, want)
    before = target.trace(batch, ["head.0"], output=False).values["head.0"]
    edit = add("head.0", [1, 3], torch.ones(1, 1, 1, 8)).at(rows=[2, 0], places=[4, 1])
    after = target.trace(batch, ["head.0"], interventions=[edit], output=False).values["head.0"]
    moved = (after - before).abs().sum(-1) > 0.5  # [input, place, unit]
    want = torch.zeros(3, 9, 4, dtype=torch.bool)
    want[np.ix_([0, 2], [1, 4], [1, 3])] = True
    assert torch.equal(moved, want)


@pytest.mark.parametrize("family", ["llama", "bert"])
def test_one_forward_of_many_interventions_equals_many_forwards(family, load, rows):
    target, one = load(family), rows(1)
    kinds = [
        lambda n: zero("mlp.0", [n]),
        lambda n: clamp("mlp.1", [n], float(n)),
        lambda n: add("resid.1", None, torch.linspace(-1, n, 32)),
        lambda n: scale("head.0", [n % 4], 2.0 + n),
        lambda n: clamp("mlp.1", [n, n + 1], torch.tensor([n, 2.0])).at(places=[n, n + 2]),
    ]
    edits = [kinds[n % 5](n) for n in range(7)]
    many = rows(1)
    many = type(many)(np.repeat(many.ids, 7, 0), np.repeat(many.attended, 7, 0))
    together = [edit.at(rows=[n]) for n, edit in enumerate(edits)]
    got = target.trace(many, ["resid.2"], interventions=together)
    for n, edit in enumerate(edits):
        alone = target.trace(one, ["resid.2"], interventions=[edit])
        close(got.output[n], alone.output[0], 1e-5)
        close(got.values["resid.2"][n], alone.values["resid.2"][0], 1e-5)


def test_grouping_edits_keeps_their_order():
    draw = np.random.default_rng(0)
    for trial in range(30):
        edits = []
        for _ in range(40):
            shift = [float(draw.normal()), torch.randn(1, 1, 2), torch.randn(2)][draw.integers(3)]
            edits.append(
                Intervention(
                    "s",
                    tuple(int(u) for u in draw.choice(6, 2, replace=False)),
                    float(draw.choice([0.0, 1.0, 2.0])),
                    shift,
                    rows=None if draw.random() < 0.1 else (int(draw.integers(5)),),
                    places=None if draw.random() < 0.3 else (int(draw.integers(3, 7)),),
                )
            )
        values = torch.randn(5, 4, 6, generator=torch.Generator().manual_seed(trial))
        want = values.clone()
        for edit in edits:
            edit.apply(want, first_place=3)
        apply_all(values, edits, first_place=3)
        torch.testing.assert_close(values, want)


def test_a_row_each_is_one_write(monkeypatch):
    calls = []
    monkeypatch.setattr(Intervention, "apply", lambda *a, **k: calls.append(a))
    values = torch.ones(256, 4, 300)
    apply_all(values, [zero("s", [n]).at(rows=[n]) for n in range(256)])
    assert not calls
    assert (values == 0).sum() == 256 * 4
    assert not values[torch.arange(256), :, torch.arange(256)].any()


def test_zero_and_clamp_forget_what_is_not_finite():
    values = torch.tensor([[[float("inf"), float("nan"), 1.0]]])
    apply_all(values, [zero("s", [0]), clamp("s", [1], 4.0)])
    assert values.tolist() == [[[0.0, 4.0, 1.0]]]
    values = torch.full((2, 1, 1), float("nan"))
    apply_all(values, [zero("s", [0]).at(rows=[0]), scale("s", [0], 2.0).at(rows=[1])])
    assert values[0].item() == 0
    assert values[1].isnan()


def test_hooks_come_off(load, rows):
    target, batch = load("llama"), rows()
    before = hooks(target)
    target.trace(batch, list(target.sites), interventions=[zero("mlp.1", [3])])
    assert hooks(target) == before
    wrong = add("mlp.1", [3], torch.ones(7, 5, 3))  # does not broadcast: fails inside the forward
    with pytest.raises(RuntimeError):
        target.trace(batch, ["resid.0"], interventions=[zero("mlp.0", [3]), wrong])
    assert hooks(target) == before
    refused(r"mlp\.9", target.trace, batch, ["mlp.9"])
    assert hooks(target) == before
    for edit, said in (
        (zero("mlp.1", [48]), "unit 48 .* 48 units"),
        (zero("mlp.1", [3]).at(rows=[3]), "row 3 .* 3 rows"),
        (zero("mlp.1", [3]).at(places=[-1]), "place -1 .* 9 places"),
    ):
        refused(said, target.trace, batch, interventions=[edit])


@pytest.mark.parametrize("family", ["llama", "bert"])
def test_a_pass_without_output_ends_behind_the_last_site_read(family, load, rows):
    target, batch = load(family), rows()
    ran = []
    later = target.network.get_submodule(target.sites["mlp.1"].module)
    hook = later.register_forward_pre_hook(lambda *_: ran.append("mlp.1"))
    whole = target.trace(batch, ["mlp.0"]).values["mlp.0"]
    assert ran == ["mlp.1"]
    ended = target.trace(batch, ["mlp.0"], output=False)
    assert ran == ["mlp.1"]
    assert ended.output is None
    torch.testing.assert_close(ended.values["mlp.0"], whole, rtol=0, atol=0)
    both = target.trace(batch, ["mlp.1", "mlp.0"], interventions=[zero("mlp.0", [1])], output=False)
    assert ran == ["mlp.1"] * 2
    assert not both.values["mlp.0"][..., 1].any()
    hook.remove()


def test_sites_on_one_tensor_see_each_other(load, rows):
    target, batch = load("llama"), rows()
    path = "model.layers.1"
    target.site(path)
    edits = [zero("resid.1", [0]), add(path, [0], 3.0), scale("resid.1", [1], 0.0)]
    trace = target.trace(batch, ["resid.1", path], interventions=edits)
    for name in ("resid.1", path):
        assert (trace.values[name][..., 0] == 3.0).all()
        assert (trace.values[name][..., 1] == 0.0).all()


@pytest.mark.parametrize("family", ["llama", "gemma2", "gpt2", "bert"])
def test_the_last_place_alone(family, load, rows):
    target, batch = load(family), rows(padded=True)
    whole = target.trace(batch).output
    last = target.trace(batch, output="last").output
    if target.kind == "causal":
        cap = target.network.config.get_text_config().to_dict().get("final_logit_softcapping")
        ends = batch.attended.sum(1) - 1
        whole = whole[torch.arange(3), torch.as_tensor(ends)]
        edits = [add("logit", [3], 7.0)]
        edited = target.trace(batch, ["logit"], interventions=edits, output="last")
        want = whole[:, 3] + 7
        if cap:  # the site lies before the model's own soft cap
            want = cap * torch.tanh(torch.atanh(whole[:, 3] / cap) + 7 / cap)
        close(edited.output[:, 3], want)
        assert edited.values["logit"].shape[1] == 9
        assert "logit" in target.trace(batch, ["logit"], output=False).values
    close(last, whole, 1e-5)


def test_activations_are_signed_scalars(load, rows):
    target, batch = load("llama"), rows()
    units = [Unit("mlp.1", 5, -1), Unit("head.0", 2), Unit("mlp.1", 5), Unit("resid.0", 0)]
    got = target.activations(batch, units)
    values = target.trace(batch, ["mlp.1", "head.0", "resid.0"], output=False).values
    assert torch.equal(got[0], -values["mlp.1"][..., 5])
    assert torch.equal(got[2], values["mlp.1"][..., 5])
    torch.testing.assert_close(got[1], values["head.0"][:, :, 2].norm(dim=-1))
    assert torch.equal(got[3], values["resid.0"][..., 0])


def test_threads_take_turns(load, rows):
    target, batch = load("llama"), rows()

    def run(n):
        edits = [clamp("mlp.0", [n], 5.0)]
        return target.trace(batch, ["resid.2"], interventions=edits).values["resid.2"]

    want = [run(n) for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(run, [*range(4)] * 20))
    assert all(torch.equal(one, want[at % 4]) for at, one in enumerate(got))
    assert not torch.equal(want[0], want[1])


class Dictionary(nn.Module):
    """A small sparse autoencoder that leaves an error."""

    def __init__(self, width: int, features: int) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(0)
        self.into = torch.randn(width, features, generator=draw) / width**0.5
        self.back = torch.randn(features, width, generator=draw) / features**0.5

    def encode(self, raw):
        return (raw @ self.into).relu()

    def decode(self, values):
        return values @ self.back + 0.3


def test_a_learnt_code_is_a_site_and_keeps_its_error(load, rows, save):
    target, batch = Target.load(str(save("llama"))), rows()
    code = Dictionary(32, 100)
    site = target.sites["resid.1"]
    target.add_site(Site("sae.1", site.module, "output", 100, block=1, code=code))
    raw = target.trace(batch, ["resid.1"]).values["resid.1"]
    trace = target.trace(batch, ["sae.1"], interventions=[Intervention("sae.1", None)])
    torch.testing.assert_close(trace.values["sae.1"], code.encode(raw))
    close(trace.output, target.trace(batch).output, 1e-5)
    edits = [zero("sae.1", [7])]
    got = target.trace(batch, ["resid.1"], interventions=edits).values["resid.1"]
    want = raw - code.encode(raw)[..., 7:8] * code.back[7]
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5)
    assert str(target.unit("sae.1/99")) == "sae.1/99"
    refused("no module", target.add_site, Site("sae.2", "model.nowhere", "output", 100, code=code))
    narrow = Site("sae.3", site.module, "output", 100, code=Dictionary(31, 100))
    refused(r"sae\.3", target.add_site, narrow)


def test_fingerprints_tell_models_apart(load, save):
    target, changed = load("llama"), Target.load(str(save("llama")))
    assert changed.fingerprint == target.fingerprint != load("qwen2").fingerprint
    changed.network.model.layers[0].mlp.down_proj.weight[0, 0] += 1
    assert changed.fingerprint != target.fingerprint
    assert not changed.is_known_as(target.fingerprint)


def test_a_fingerprint_sees_every_weight_and_is_kept(monkeypatch):
    """One number of 40,000 is enough; what has not been written to is not read again."""
    from neuroscribe.tools.models import fingerprint as module

    network = torch.nn.Sequential(torch.nn.Linear(200, 200), torch.nn.Linear(200, 200))
    network[1].weight = network[0].weight  # one tensor under two names
    read = []
    hashed = module._hash
    monkeypatch.setattr(module, "_hash", lambda one: read.append(one.shape) or hashed(one))
    monkeypatch.setattr(module, "_PIECE", 1000)
    before, sampled = module.fingerprint(network), module.sampled_fingerprint(network)
    assert len(read) == 3
    assert module.fingerprint(network) == before
    assert len(read) == 3
    with torch.no_grad():
        network[0].weight[3, 17] += 1e-3  # between the numbers of a sample
    assert module.sampled_fingerprint(network) == sampled
    assert module.fingerprint(network) != before
    twin = copy.deepcopy(network)
    assert module.fingerprint(twin) == module.fingerprint(network)
    assert module.fingerprint(twin.to(torch.bfloat16)) != module.fingerprint(network)
