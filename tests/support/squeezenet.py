"""SqueezeNet 1.0 with its ImageNet weights, from the test data: `tests/support/squeezenet.py:load`.

Layers bear the names of the published network. It takes blue first, pixels of 0 to 255 without
their mean, and the middle 227 x 227 of a picture resized to 256 x 256; its max-pools keep the
windows that stick out at the right and lower edge.
"""

import json
import os
from pathlib import Path

import torch
from torch import Tensor, nn

_NAMED = os.environ.get("NEUROSCRIBE_TEST_DATA")
FOLDER = (
    Path(_NAMED) if _NAMED else Path(__file__).resolve().parents[3] / "shared" / "data"
) / "squeezenet1_0"
_FIRES = {2: (16, 64), 3: (16, 64), 4: (32, 128), 5: (32, 128)} | {
    6: (48, 192),
    7: (48, 192),
    8: (64, 256),
    9: (64, 256),
}


class Fire(nn.Module):
    """Squeezes to a few channels, then widens by one-pixel and three-pixel convolutions."""

    def __init__(self, channels: int, narrow: int, wide: int) -> None:
        super().__init__()
        self.conv1x1_1 = nn.Conv2d(channels, narrow, 1)
        self.relu_1 = nn.ReLU()
        self.conv1x1_2 = nn.Conv2d(narrow, wide, 1)
        self.relu1x1_2 = nn.ReLU()
        self.conv3x3_2 = nn.Conv2d(narrow, wide, 3, padding=1)
        self.relu3x3_2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu_1(self.conv1x1_1(x))
        return torch.cat(
            [self.relu1x1_2(self.conv1x1_2(x)), self.relu3x3_2(self.conv3x3_2(x))], dim=1
        )


class SqueezeNet(nn.Module):
    """The network up to its logits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, 7, stride=2)
        self.relu1 = nn.ReLU()
        channels = 96
        for number, (narrow, wide) in _FIRES.items():
            setattr(self, f"fire{number}", Fire(channels, narrow, wide))
            channels = 2 * wide
        self.pool = nn.ModuleList(nn.MaxPool2d(3, stride=2, ceil_mode=True) for _ in range(3))
        self.conv_final = nn.Conv2d(channels, 1000, 1)
        self.relu_final = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool[0](self.relu1(self.conv1(x)))
        for number in _FIRES:
            x = getattr(self, f"fire{number}")(x)
            if number in (4, 8):
                x = self.pool[1 if number == 4 else 2](x)
        return self.relu_final(self.conv_final(x)).mean((2, 3))


def load() -> SqueezeNet:
    """The trained network."""
    from safetensors.torch import load_file

    made = SqueezeNet()
    weights = load_file(FOLDER / "model.safetensors")
    made.load_state_dict({name.replace("/", "."): weight for name, weight in weights.items()})
    return made


def _classes() -> list[dict[str, str]]:
    path = FOLDER / "labels.json"
    return json.loads(path.read_text()) if path.exists() else []


load.example = (1, 3, 227, 227)
load.image = {
    "size": 227,
    "resize": (256, 256),
    "mean": (104, 117, 123),
    "sd": (1, 1, 1),
    "scale": 1.0,
    "bgr": True,
}
load.labels = [item["name"] for item in _classes()]
load.ids = [item["wnid"] for item in _classes()]
