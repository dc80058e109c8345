"""The `pictures` target: a small convolutional network trained on drawn scenes.

It needs no download and no extra. `train.py` makes its weights.
"""

from pathlib import Path

import torch

from ..image_input import ImageInput, crop_and_normalise
from ..probe import Probe
from ..site import Site
from ..target import Target
from .network import CHANNELS, CLASSES, GRID, SIDE, SmallCNN

WEIGHTS = Path(__file__).parent / "pictures.safetensors"


def pictures() -> Target:
    """The trained network; its sites are `conv.0` to `conv.3`, behind rectifiers, and `logit`."""
    from safetensors.torch import load_file

    network = SmallCNN()
    network.load_state_dict({key: value.float() for key, value in load_file(WEIGHTS).items()})
    return wrapped(network)


def wrapped(network: SmallCNN) -> Target:
    """The target over such a network."""
    network.eval()
    image = picture_input()
    last = len(CHANNELS) - 1
    sites = {
        f"conv.{number}": Site(
            f"conv.{number}",
            f"blocks.{number}" if number < last else "mix",
            "output" if number < last else "input",
            channels,
            readout="max",
            layout="channels_first",
            floor=0.0,
            grid=(24, 24) if number == 0 else (GRID, GRID),
        )
        for number, channels in enumerate(CHANNELS)
    }
    sites["logit"] = Site("logit", "head", "output", len(CLASSES), layout="flat")
    draw = torch.Generator().manual_seed(0)
    example = torch.randn(1, 3, SIDE, SIDE, generator=draw)
    probe = Probe(network, lambda inner, rows: inner(example.expand(rows, -1, -1, -1)), None)
    target = Target(
        network,
        name="pictures",
        kind="image",
        sites=sites,
        probe=probe,
        image=image,
        labels=CLASSES,
    )
    target.unverified = set(sites)
    return target


def picture_input() -> ImageInput:
    """Pictures are resized to 96 x 96; pixels become -1..1."""
    return crop_and_normalise(SIDE, mean=(0.5, 0.5, 0.5), sd=(0.5, 0.5, 0.5))
