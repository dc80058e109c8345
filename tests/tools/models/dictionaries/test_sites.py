"""A dictionary as a site of a target: read, changed with its error kept, and where it belongs."""

import json

import pytest
import torch
from checks import refused
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.exemplars import ExemplarIndex, build_index, merge
from neuroscribe.tools.lens.projection import project, vocabulary_projection
from neuroscribe.tools.models import Target, Unit
from neuroscribe.tools.models.intervention import Intervention, zero
from safetensors.torch import save_file

LATENTS = 96


@pytest.fixture
def network(test_data):
    return str(test_data / "stories260k")


def dictionary(folder, *, hook="blocks.2.hook_resid_post", width=64, transcode=False, own=None):
    folder.mkdir(parents=True, exist_ok=True)
    draw = torch.Generator().manual_seed(3)
    rows = torch.randn(LATENTS, width, generator=draw)
    rows /= rows.norm(dim=1, keepdim=True)
    weights = {
        "W_enc": rows.T.contiguous(),
        "b_enc": torch.full((LATENTS,), -0.5),
        "W_dec": rows,
        "b_dec": torch.zeros(width),
    }
    save_file(weights, folder / "sae_weights.safetensors")
    config = {
        "architecture": "transcoder" if transcode else "standard",
        "d_in": width,
        "d_out": width,
        "d_sae": LATENTS,
        "metadata": {"hook_name": hook, "model_name": "tiny", **(own or {})},
    }
    (folder / "cfg.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def windows(network):
    return cut(Target.load(network), load_corpus("builtin:stories:20"), length=32).rows(slice(0, 8))


def test_latents_are_units_like_others(network, windows, tmp_path):
    target = Target.load(f"{network}+{dictionary(tmp_path / 'd')}")
    site = target.site("sae.resid.2")
    assert (site.units, site.module, site.floor) == (LATENTS, "model.layers.2", 0.0)
    raw = target.trace(windows, ["resid.2"]).values["resid.2"]
    values = target.trace(windows, ["sae.resid.2"]).values["sae.resid.2"]
    torch.testing.assert_close(values, site.code.encode(raw))
    units = [Unit.parse("sae.resid.2/7"), Unit.parse("mlp.1/3"), Unit.parse("sae.resid.2/2-")]
    got = target.activations(windows, units)
    assert torch.equal(got[0], values[:, :, 7])
    assert torch.equal(got[2], -values[:, :, 2])
    index = ExemplarIndex.open(build_index(target, windows, ["sae.resid.2"], tmp_path / "index"))
    best = index.unit("sae.resid.2/7")
    counted = torch.as_tensor(windows.counted)
    assert best.max == pytest.approx(float(values[:, :, 7][counted].max()))
    assert best.fired == int((values[:, :, 7][counted] > 0).sum())


def test_what_is_left_unexplained_stays(network, windows, tmp_path):
    target = Target.load(f"{network}+{dictionary(tmp_path / 'd')}")
    clean = target.trace(windows).output
    same = target.trace(windows, interventions=[Intervention("sae.resid.2", None)]).output
    torch.testing.assert_close(same, clean, rtol=1e-4, atol=1e-4)
    raw = target.trace(windows, ["resid.2"]).values["resid.2"]
    edits = [zero("sae.resid.2", [7])]
    got = target.trace(windows, ["resid.2"], interventions=edits).values["resid.2"]
    code = target.site("sae.resid.2").code
    want = raw - code.encode(raw)[..., 7:8] * code.weights["W_dec"][7]
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5)


def test_a_transcoder_reads_what_goes_in_and_writes_what_comes_out(network, windows, tmp_path):
    folder = dictionary(tmp_path / "d", hook="blocks.3.ln2.hook_normalized", transcode=True)
    target = Target.load(f"{network}+{folder}")
    (name,) = [name for name in target.sites if name.startswith("sae.")]
    assert name == "sae.model.layers.3.mlp"
    given = target.trace(windows, ["model.layers.3.mlp:in"]).values["model.layers.3.mlp:in"]
    values = target.trace(windows, [name]).values[name]
    code = target.site(name).code
    torch.testing.assert_close(values, code.encode(given))
    clean = target.trace(windows, ["mlp_out.3"]).values["mlp_out.3"]
    got = target.trace(windows, ["mlp_out.3"], interventions=[zero(name, [5])]).values["mlp_out.3"]
    assert torch.equal(got, clean)  # of the down-projection, which stands inside
    block = target.trace(windows, ["resid.3"]).values["resid.3"]
    got = target.trace(windows, ["resid.3"], interventions=[zero(name, [5])]).values["resid.3"]
    want = block - values[..., 5:6] * code.weights["W_dec"][5]
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("hook", "width", "module"),
    [
        ("blocks.1.hook_resid_pre", 64, "model.layers.1"),
        ("blocks.1.hook_mlp_out", 64, "model.layers.1.mlp.down_proj"),
        ("blocks.1.attn.hook_z", 64, "model.layers.1.self_attn.o_proj"),
        ("blocks.1.mlp.hook_post", 172, "model.layers.1.mlp.down_proj"),
        ("layers.4", 64, "model.layers.4"),
    ],
)
def test_a_hook_is_found(network, tmp_path, hook, width, module):
    target = Target.load(f"{network}+{dictionary(tmp_path / 'd', hook=hook, width=width)}")
    (site,) = [site for name, site in target.sites.items() if name.startswith("sae.")]
    assert site.module == module


def test_where_it_belongs_can_be_said_and_several_lie_side_by_side(network, tmp_path):
    one, other = (dictionary(tmp_path / name, hook=hook) for name, hook in (("a", ""), ("b", "x")))
    target = Target.load(f"{network}+resid.0={one}+resid.0={other}")
    assert {"sae.resid.0", "sae.resid.0.b"} <= set(target.sites)
    assert Target.load(target.name, **target.options).sites.keys() == target.sites.keys()
    refused("does not say where it belongs", Target.load, f"{network}+{one}")
    refused("belongs at 'x'", Target.load, f"{network}+{other}")


def test_what_does_not_fit_names_both(network, tmp_path):
    narrow = dictionary(tmp_path / "a", width=32)
    refused("32 coordinates of tiny .*resid.2 of .* has 64", Target.load, f"{network}+{narrow}")
    facts = {"neuroscribe": {"fingerprint": "0" * 16, "target": "other", "site": "resid.1"}}
    foreign = dictionary(tmp_path / "b", own=facts)
    refused("trained on other .0000", Target.load, f"{network}+{foreign}")
    refused("holds no dictionary", Target.load, f"{network}+{tmp_path}/nowhere")
    refused("has no usable site|no site", Target.load, f"{network}+resid.9={narrow}")


def test_an_index_of_entries_is_that_of_all_values(network, windows, tmp_path, monkeypatch):
    target = Target.load(f"{network}+{dictionary(tmp_path / 'd')}")
    names = ["mlp.1", "sae.resid.2"]
    made = ExemplarIndex.open(build_index(target, windows, names, tmp_path / "a", sample=50, k=5))
    assert made.entries is not None
    halves = [
        build_index(target, windows, names, tmp_path / f"b{i}", sample=50, k=5, shard=(i, 2))
        for i in range(2)
    ]
    merged = ExemplarIndex.open(merge(halves[::-1], tmp_path / "m"))
    merged.verify()
    monkeypatch.setattr("neuroscribe.tools.exemplars.build.is_sparse", lambda site: False)
    dense = ExemplarIndex.open(build_index(target, windows, names, tmp_path / "c", sample=50, k=5))
    assert dense.entries is None
    for unit in (*(f"sae.resid.2/{i}" for i in range(LATENTS)), "mlp.1/3-"):
        assert made.unit(unit) == merged.unit(unit)
        one, other = made.unit(unit), dense.unit(unit)
        assert one.top == other.top
        assert one.fired == other.fired
        assert one.quantiles == pytest.approx(other.quantiles)
        assert (one.mean, one.sd) == pytest.approx((other.mean, other.sd))
    (tmp_path / "m" / "entry_values.npy").write_bytes(b"x")
    refused("entry_values.npy", ExemplarIndex.open, tmp_path / "m")


def test_what_a_latent_promotes_is_its_decoder_row(network, tmp_path):
    over_neurons = dictionary(tmp_path / "n", hook="blocks.2.mlp.hook_post", width=172)
    target = Target.load(f"{network}+{dictionary(tmp_path / 'd')}+{over_neurons}")
    rows = target.site("sae.resid.2").code.weights["W_dec"]
    got = vocabulary_projection(target, "sae.resid.2", units=[3], limit=4)
    logits = project(target, rows[3:4])
    assert got.top[0].tolist() == logits[0].topk(4).indices.tolist()
    neurons = target.site("sae.mlp.2").code.weights["W_dec"]
    behind = target.network.get_submodule("model.layers.2.mlp.down_proj").weight
    got = vocabulary_projection(target, "sae.mlp.2", units=[5], limit=4)
    logits = project(target, neurons[5:6] @ behind.T)
    assert got.top[0].tolist() == logits[0].topk(4).indices.tolist()
