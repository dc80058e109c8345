"""The target `pictures`: its sites, its classes, and how often it is right."""

import numpy as np
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.pictures.network import CLASSES
from neuroscribe.tools.models.pictures.train import accuracy, scenes, train


def test_it_tells_its_classes_apart_on_scenes_it_has_not_seen():
    target = Target.load("pictures")
    pixels, classes = scenes(60, seed=999)
    assert accuracy(target.network, pixels, classes) >= 0.95  # type: ignore[arg-type]
    assert target.labels == CLASSES


def test_its_sites_are_channels_with_maps_and_logits():
    target = Target.load("pictures")
    pixels, _ = scenes(2, seed=1)
    assert target.image is not None
    import torch

    given = target.image.normalise(torch.from_numpy(pixels))
    names = ["conv.0", "conv.3", "logit"]
    found = target.trace(given, names)
    shapes = {name: tuple(found.values[name].shape) for name in names}
    assert shapes == {"conv.0": (2, 576, 32), "conv.3": (2, 144, 64), "logit": (2, 1, 12)}
    assert found.values["conv.3"].min() >= 0
    assert target.site("conv.3").readout == "max"
    assert torch.equal(found.values["logit"][:, 0], found.output)


def test_training_is_the_same_again():
    pixels, classes = scenes(128, seed=2)
    one, other = (train(pixels, classes, epochs=1, seed=3) for _ in range(2))
    for first, second in zip(one.parameters(), other.parameters(), strict=True):
        assert np.array_equal(first.detach(), second.detach())
