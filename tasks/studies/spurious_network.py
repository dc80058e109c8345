"""The classifier of the study `spurious`: a small convolutional network, trained on the spot.

Its last layer's channels, each at its maximum over space, are all that its linear head reads, so
that a unit's activation is the feature itself.
"""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ...tools.data.pictures import Picture
from ...tools.models.image_input import ImageInput, crop_and_normalise
from ...tools.models.pictures.train import fit
from ...tools.models.probe import Probe
from ...tools.models.site import Site
from ...tools.models.target import Target
from .spurious_world import CLASSES

SIDE = 64
"""Pixels of a side that it sees."""
CHANNELS = (24, 32, 48, 24)
UNITS = CHANNELS[-1]
GRID = 16


class Classifier(nn.Module):
    """Pictures `[image, 3, 64, 64]` to logits `[image, class]`."""

    def __init__(self, classes: int = len(CLASSES)) -> None:
        super().__init__()
        first, second, third, last = CHANNELS
        self.features = nn.Sequential(
            _block(3, first, kernel=5, stride=2),  # [image, 24, 32, 32]
            _block(first, second, stride=2),  # [image, 32, 16, 16]
            _block(second, third),
            _block(third, last),  # [image, unit, 16, 16]
        )
        self.head = nn.Linear(last, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.head(self.features(pictures).amax((2, 3)))


def train(pixels: np.ndarray, classes: np.ndarray, *, epochs: int, seed: int) -> Classifier:
    """Trains on pictures, shifted by up to three pixels and mirrored at random."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Classifier().train()
    normalise = seen().normalise

    def loss(rows: np.ndarray) -> Tensor:
        down, right = (int(by) for by in rng.integers(-3, 4, 2))
        batch = np.roll(pixels[rows], (down, right), (1, 2))
        if rng.random() < 0.5:
            batch = batch[:, :, ::-1].copy()
        wanted = torch.from_numpy(np.asarray(classes[rows], np.int64))
        return cross_entropy(network(normalise(torch.from_numpy(batch))), wanted)

    known = len(pixels)
    fit(network, loss, known, rng, batch=50, epochs=epochs, peak=5e-3, decay=1e-2, shown=False)
    return network.eval()


def features(network: Classifier, pixels: np.ndarray) -> np.ndarray:
    """The units on pictures, float32 `[image, unit]`."""
    normalise = seen().normalise
    with torch.no_grad():
        parts = [
            network.features(normalise(torch.from_numpy(pixels[first : first + 100]))).amax((2, 3))
            for first in range(0, len(pixels), 100)
        ]
    return torch.cat(parts).numpy()


def looked(pictures: Iterable[Picture]) -> np.ndarray:
    """What the network sees of pictures: uint8 `[image, 64, 64, 3]`."""
    see = seen().see
    return np.stack([see(picture.load()) for picture in pictures])


def answers(network: Classifier, features: np.ndarray) -> np.ndarray:
    """The network's own answers, int64 `[image]`."""
    with torch.no_grad():
        return network.head(torch.from_numpy(features)).argmax(1).numpy()


def wrapped(network: Classifier, name: str = "biased") -> Target:
    """The target over such a network: its sites are `last` and `logit`."""
    network.eval()
    draw = torch.Generator().manual_seed(0)
    example = torch.randn(1, 3, SIDE, SIDE, generator=draw)
    sites = {
        "last": Site(
            *("last", "features", "output", UNITS),
            readout="max",
            layout="channels_first",
            floor=0.0,
            grid=(GRID, GRID),
        ),
        "logit": Site("logit", "head", "output", len(CLASSES), layout="flat"),
    }
    target = Target(
        network,
        name=name,
        kind="image",
        sites=sites,
        probe=Probe(network, lambda inner, rows: inner(example.expand(rows, -1, -1, -1)), None),
        image=seen(),
        labels=CLASSES,
    )
    target.unverified = set(sites)
    return target


def seen() -> ImageInput:
    """Pictures are resized to 64 x 64; pixels become -1..1."""
    return crop_and_normalise(SIDE, mean=(0.5, 0.5, 0.5), sd=(0.5, 0.5, 0.5))


def _block(given: int, out: int, *, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(given, out, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(),
    )
