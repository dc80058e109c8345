"""Networks of one's own that take pictures: how they are told what they see and what they say."""

from pathlib import Path

import numpy as np
import pytest
import torch
from checks import refused
from neuroscribe.tools.models import Target
from PIL import Image
from vision_models import save


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    path = Path(__file__).parents[2] / "support" / "factories.py"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_FOLDER", str(save("vit", tmp_path_factory.mktemp("vit"))))
        yield lambda name, **options: Target.load(f"{path}:{name}", **options)


def test_the_usual_input_is_imagenets(load):
    target = load("usual")
    assert target.kind == "image"
    assert target.image.size == (224, 224)
    assert "256" in target.image.description
    wide = Image.new("RGB", (512, 256), "black")
    wide.paste("white", (256, 0, 512, 256))
    seen = target.image.see(wide)  # short side 256, the middle 224: the edge stays in the middle
    assert (seen[:, :112] == 0).all()
    assert (seen[:, 112:] == 255).all()
    x = target.image.normalise(torch.from_numpy(seen)[None])
    mean, sd = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    torch.testing.assert_close(x[0, :, 0, 0], -mean / sd)
    torch.testing.assert_close(x[0, :, 0, -1], (1 - mean) / sd)
    assert target.labels == ()
    assert target.sites["logit"].units == 5


def test_a_factory_says_what_is_seen(load):
    target = load("told")
    assert target.image.size == (20, 30)
    assert target.labels == ("a", "b", "c", "d", "e")
    seen = target.image.see(Image.new("RGB", (7, 5), (10, 20, 30)))
    x = target.image.normalise(torch.from_numpy(seen)[None])
    assert x.shape == (1, 3, 20, 30)
    assert x[0, :, 0, 0].tolist() == [30, 20, 10]  # blue first
    assert load("made").image.size == (24, 24)
    target = load("told", dtype="bfloat16")
    pixels = torch.from_numpy(np.zeros((2, 20, 30, 3), np.uint8))
    assert target.trace(target.image.normalise(pixels)).output.dtype == torch.bfloat16
    target = load("hugging")
    assert target.image.size == (32, 32)
    assert "mlp.1" in target.sites
    assert len(target.labels) == 5


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("few_labels", r"2 labels for an output of shape \[5\]"),
        ("unknown_argument", "factory.image: .*colour"),
        ("strange", "factory.image is a int; make it an ImageInput, or a dict"),
        ("too_small", r"does not take a picture as \[1, 3, 6, 6\]"),
        ("hugging_alone", r"return \(model, image processor\) or set factory.image"),
    ],
)
def test_what_is_wrong_is_one_clear_line(load, name, said):
    refused(said, load, name)
