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


def test_training_is_the_same_again():
    pixels, classes = scenes(128, seed=2)
    one, other = (train(pixels, classes, epochs=1, seed=3) for _ in range(2))
    for first, second in zip(one.parameters(), other.parameters(), strict=True):
        assert np.array_equal(first.detach(), second.detach())
