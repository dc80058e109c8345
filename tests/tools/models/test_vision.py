"""Vision models from Hugging Face: what they see, their sites, their outputs."""

import numpy as np
import pytest
import torch
from neuroscribe.tools.data.image_rows import image_rows
from neuroscribe.tools.data.pictures import Picture
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.lab import measure
from neuroscribe.tools.models import Target, zero
from neuroscribe.tools.models.untrained import untrained
from PIL import Image
from vision_models import save

TRANSFORMERS = ("vit", "vit_body", "dinov2", "dinov2_registers", "clip", "clip_vision")
FAMILIES = (*TRANSFORMERS, "resnet", "convnext")
OUTSIDE = {"dinov2_registers": 5}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    done = {}

    def one(family):
        if family not in done:
            done[family] = save(family, tmp_path_factory.mktemp(family))
        return done[family]

    return one


@pytest.fixture(scope="module")
def load(folders):
    done = {}

    def one(family):
        if family not in done:
            done[family] = Target.load(str(folders(family)))
        return done[family]

    return one


def noise(seed: int, size: tuple[int, int] = (60, 45)) -> Image.Image:
    """A picture of blurred random colours."""
    draw = np.random.default_rng(seed).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    return Image.fromarray(draw).resize(size, Image.Resampling.BICUBIC)


def rows_of(target: Target, many: int = 3):
    return image_rows(
        target, [Picture(str(i), f"key {i}", lambda i=i: noise(i)) for i in range(many)]
    )


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
        torch.testing.assert_close(found, want.float(), rtol=1e-5, atol=1e-5)


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


def test_outputs_without_a_head(load):
    rows = rows_of(load("vit_body"))
    assert load("vit_body").trace(rows).output.shape == (3, 17, 32)
    assert load("dinov2").trace(rows_of(load("dinov2"))).output.shape == (3, 32)
    for family in ("vit_body", "dinov2", "clip"):
        assert "logit" not in load(family).sites
        assert load(family).labels == ()


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


def test_one_channel_is_changed_and_nothing_else(load):
    target = load("convnext")
    rows = rows_of(target)
    trace = target.trace(rows, ["conv.2"], interventions=[zero("conv.2", [5]).at(rows=[1])])
    clean = target.trace(rows, ["conv.2"])
    assert not trace.values["conv.2"][1, :, 5].any()
    others = [unit for unit in range(32) if unit != 5]
    torch.testing.assert_close(
        trace.values["conv.2"][:, :, others], clean.values["conv.2"][:, :, others]
    )
    moved = (trace.output - clean.output).abs().amax(1)
    assert moved[1] > 0
    assert not moved[0]


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


def test_half_precision(folders):
    target = Target.load(str(folders("vit")), dtype="bfloat16")
    assert target.trace(rows_of(target), ["mlp.0"]).output.dtype == torch.bfloat16


def test_no_image_processor_is_one_clear_line(folders, tmp_path):
    for file in folders("vit").iterdir():
        if file.name != "preprocessor_config.json":
            (tmp_path / file.name).symlink_to(file)
    with pytest.raises(UsageError, match=r"preprocessor_config\.json"):
        Target.load(str(tmp_path))


def test_a_tokenizer_is_still_asked_of_language_models(save, tmp_path):
    for file in save("llama").iterdir():
        if "token" not in file.name:
            (tmp_path / file.name).symlink_to(file)
    with pytest.raises(UsageError, match=r"tokenizer\.json"):
        Target.load(str(tmp_path))
