"""A network of one's own with trained weights: channels, classes, what it sees."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from neuroscribe.tools.models import Target
from PIL import Image

FACTORY = Path(__file__).parents[2] / "support" / "squeezenet.py"


@pytest.fixture(scope="module")
def photos(test_data) -> list[Path]:
    """A third of the photos, one a class."""
    return sorted((test_data / "imagenet_samples").glob("*.jpg"))[::3]


@pytest.fixture(scope="module")
def squeezenet(test_data) -> Target:
    return Target.load(f"{FACTORY}:load")


def test_it_classifies_photos(squeezenet, photos):
    """Trained on ImageNet it is right on about 60% of such photos; guessing, on one in 1,000."""
    ids = sys.modules[_module(squeezenet)].load.ids
    right = 0
    for at in range(0, len(photos), 25):
        part = photos[at : at + 25]
        seen = np.stack([squeezenet.image.see(Image.open(path)) for path in part])
        pixels = squeezenet.image.normalise(torch.from_numpy(seen))
        best = squeezenet.trace(pixels).output.argmax(1)
        right += sum(ids[int(k)] == path.name[:9] for k, path in zip(best, part, strict=True))
    assert right >= 0.55 * len(photos)


def test_its_channels_and_classes(squeezenet):
    convs = [site for name, site in squeezenet.sites.items() if name.startswith("conv.")]
    assert [site.name for site in convs] == [f"conv.{number}" for number in range(26)]
    assert [site.units for site in convs[:5]] == [96, 16, 64, 64, 16]
    assert all((site.floor, site.readout) == (0.0, "max") for site in convs)
    assert convs[0].module == "relu1"
    assert convs[3].module == "fire2.relu3x3_2"
    assert convs[-1].grid == (13, 13)
    assert not squeezenet.refused
    assert squeezenet.sites["logit"].units == len(squeezenet.labels) == 1000
    assert squeezenet.labels[1].startswith("goldfish")
    assert squeezenet.image.size == (227, 227)


def _module(target: Target) -> str:
    return type(target.network).__module__
