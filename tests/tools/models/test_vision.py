"""Vision models from Hugging Face: what they see, their sites, their outputs."""

from functools import cache

import numpy as np
import pytest
import torch
from checks import close, refused
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.lab import measure
from neuroscribe.tools.models import Target, zero
from neuroscribe.tools.models.untrained import untrained
from noise_pictures import noise, noise_pictures
from vision_models import save

TRANSFORMERS = ("vit", "vit_body", "dinov2", "dinov2_registers", "clip", "clip_vision")
FAMILIES = (*TRANSFORMERS, "resnet", "convnext")
OUTSIDE = {"dinov2_registers": 5}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return cache(lambda family: save(family, tmp_path_factory.mktemp(family)))


@pytest.fixture(scope="module")
def load(folders):
    return cache(lambda family: Target.load(str(folders(family))))


def rows_of(target, n=3):
    return image_rows(target, noise_pictures(n))


@pytest.mark.parametrize("family", FAMILIES)
def test_what_it_sees_is_what_its_processor_gives(load, folders, family):
    from transformers import AutoImageProcessor

    target = load(family)
    processor = AutoImageProcessor.from_pretrained(folders(family), backend="pil")
    assert target.kind == "image"
    assert target.image.size == (32, 32)
    for seed, size in enumerate(((60, 45), (45, 60), (32, 32), (20, 90), (1, 1))):
        picture = noise(seed, size)
        seen = target.image.see(picture)
        assert (seen.dtype, seen.shape) == (np.uint8, (32, 32, 3))
        want = processor(images=picture, return_tensors="pt")["pixel_values"]
        found = target.image.normalise(torch.from_numpy(seen)[None])
        close(found, want.float(), 1e-5)


@pytest.mark.parametrize("family", TRANSFORMERS)
def test_the_sites_of_a_transformer(load, family):
    target = load(family)
    outside = OUTSIDE.get(family, 1)
    assert not target.refused
    for number in (0, 1):
        for kind in ("mlp", "head", "attn_out", "mlp_out", "resid"):
            site = target.sites[f"{kind}.{number}"]
            assert (site.grid, site.outside) == ((4, 4), outside)
    assert target.sites["mlp.0"].floor < 0
    assert target.sites["head.1"].units == 4
    assert not any(name.startswith("conv.") for name in target.sites)
    trace = target.trace(rows_of(target), ["mlp.1", "head.0"])
    assert trace.values["mlp.1"].shape[:2] == (3, 16 + outside)
    assert trace.values["head.0"].shape == (3, 16 + outside, 4, 8)


def test_heads_of_a_vit_are_what_its_attention_sums(load):
    """What the output projection makes of the heads is the attention's output."""
    target = load("vit")
    trace = target.trace(rows_of(target), ["head.1", "attn_out.1"])
    projection = target.network.vit.layers[1].attention.o_proj
    with torch.no_grad():
        again = projection(trace.values["head.1"].flatten(-2))
    torch.testing.assert_close(again, trace.values["attn_out.1"])


@pytest.mark.parametrize("family", ["vit", "clip", "resnet"])
def test_activation_is_the_maximum_over_the_picture(load, family):
    target = load(family)
    site = target.sites["conv.1" if family == "resnet" else "mlp.1"]
    rows = rows_of(target)
    units = [target.unit(f"{site.name}/1"), target.unit(f"{site.name}/2-")]
    found = measure(target, rows, units)  # [unit, image, 1]
    maps = target.activations(rows, units)[:, :, site.outside :]
    assert site.outside == (0 if family == "resnet" else 1)
    assert maps.shape[2] == site.grid[0] * site.grid[1]
    np.testing.assert_allclose(found[:, :, 0], maps.amax(2).numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("family", ["vit", "resnet", "convnext"])
def test_the_classes_are_units(load, family):
    target = load(family)
    assert target.labels == tuple(f"class {number}" for number in range(5))
    assert target.sites["logit"].units == 5
    rows = rows_of(target)
    trace = target.trace(rows, ["logit"], interventions=[zero("logit", [3])])
    clean = target.trace(rows, ["logit"])
    assert trace.output.shape == (3, 5)
    assert not trace.output[:, 3].any()
    torch.testing.assert_close(clean.values["logit"][:, 0], clean.output)


def test_outputs_without_a_head(load, folders, tmp_path):
    rows = rows_of(load("vit_body"))
    assert load("vit_body").trace(rows).output.shape == (3, 17, 32)
    assert load("dinov2").trace(rows_of(load("dinov2"))).output.shape == (3, 32)
    for family in ("vit_body", "dinov2", "clip"):
        assert "logit" not in load(family).sites
        assert load(family).labels == ()
    for file in folders("vit").iterdir():
        if file.name != "preprocessor_config.json":
            (tmp_path / file.name).symlink_to(file)
    refused(r"preprocessor_config\.json", Target.load, str(tmp_path))


def test_a_resnet_has_channels_behind_norm_and_activation(load):
    target = load("resnet")
    convs = {name: site for name, site in target.sites.items() if name.startswith("conv.")}
    assert list(convs) == [f"conv.{number}" for number in range(9)]
    assert convs["conv.0"].module == "resnet.embedder.embedder.activation"
    assert (convs["conv.0"].floor, convs["conv.0"].readout, convs["conv.0"].grid) == (
        0.0,
        "max",
        (16, 16),
    )
    # before the shortcut is added: what that adds belongs to the block, not to the convolution
    last = "resnet.encoder.stages.0.layers.0.layer.2"
    assert convs["conv.3"].module in (f"{last}.activation", f"{last}.normalization")
    assert convs["conv.3"].floor is None
    values = target.trace(rows_of(target), ["conv.0", "conv.3"]).values
    assert values["conv.0"].min() >= 0
    assert values["conv.3"].min() < 0


def test_a_convnext_has_neurons_as_convolutions_of_one_pixel(load):
    target = load("convnext")
    site = target.sites["conv.2"]
    assert site.module == "convnext.encoder.stages.0.layers.0.act"
    assert (site.units, site.layout, site.grid) == (32, "channels_last", (8, 8))
    assert site.floor == pytest.approx(-0.17, abs=0.01)
    rows = rows_of(target)
    kept = {}
    act = target.network.convnext.encoder.stages[0].layers[0].act
    handle = act.register_forward_hook(lambda module, given, gave: kept.update(raw=gave))
    values = target.trace(rows, ["conv.2"]).values["conv.2"]
    handle.remove()
    torch.testing.assert_close(values, kept["raw"].flatten(1, 2))  # [image, place, unit]


@pytest.mark.parametrize("family", ["vit", "resnet"])
def test_an_untrained_copy_sees_and_differs(load, family):
    target = load(family)
    copy = untrained(target)
    rows = rows_of(target)
    one, other = target.trace(rows).output, copy.trace(rows).output
    assert copy.labels == target.labels
    assert other.shape == one.shape
    assert torch.isfinite(other).all()
    assert not torch.allclose(one, other, atol=1e-3)
