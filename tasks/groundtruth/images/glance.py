"""The small network that says what one piece of a picture is: its name, colour and texture.

It sees a piece cut out, on grey, with its outline as a fourth channel. Beside the names of things
it knows `several` (things that touch) and `nothing` (what is no thing: a patch, a remainder).
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ....tools.scenes.palette import COLOURS
from ....tools.scenes.scene import TEXTURES
from .segments import Segment

SIDE = 32
SEVERAL, NOTHING = "several", "nothing"
WEIGHTS = Path(__file__).parent / "glance.safetensors"
_GREY = 128


class Glance(NamedTuple):
    """Logits of pieces."""

    kind: Tensor
    """`[piece, kind]`."""
    colour: Tensor
    """`[piece, colour]`."""
    texture: Tensor
    """`[piece, texture]`."""


class GlanceNetwork(nn.Module):
    """Four convolutions and one hidden layer."""

    def __init__(self, kinds: int) -> None:
        super().__init__()
        self.look = nn.Sequential(
            _layer(4, 20, stride=2),  # [piece, 20, 16, 16]
            _layer(20, 32),
            nn.MaxPool2d(2),
            _layer(32, 64),
            nn.MaxPool2d(2),
            _layer(64, 96),  # [piece, 96, 4, 4]
        )
        self.think = nn.Sequential(nn.Linear(96 * 16, 128), nn.ReLU())
        self.kind = nn.Linear(128, kinds)
        self.colour = nn.Linear(128, len(COLOURS))
        self.texture = nn.Linear(128, len(TEXTURES))

    def forward(self, crops: Tensor) -> Glance:
        """`[piece, 4, 32, 32]` to logits."""
        seen = self.think(self.look(crops).flatten(1))  # [piece, 128]
        return Glance(self.kind(seen), self.colour(seen), self.texture(seen))


def crop(pixels: np.ndarray, piece: Segment) -> np.ndarray:
    """A piece as the network sees it: uint8 `[4, 32, 32]`."""
    high, wide = piece.mask.shape
    side = max(high, wide) + 2
    whole = np.full((side, side, 4), _GREY, np.uint8)
    whole[..., 3] = 0
    top, left = (side - high) // 2, (side - wide) // 2
    inner = whole[top : top + high, left : left + wide]
    inner[piece.mask, :3] = pixels[piece.box][piece.mask]
    inner[..., 3] = piece.mask * 255
    bands = (whole[..., band] for band in range(4))
    scaled = [Image.fromarray(b).resize((SIDE, SIDE), Image.Resampling.BILINEAR) for b in bands]
    return np.stack([np.asarray(band) for band in scaled])


def prepared(crops: Sequence[np.ndarray] | np.ndarray) -> Tensor:
    """Crops as the network's input, `[piece, 4, 32, 32]`."""
    return torch.from_numpy(np.stack(list(crops))).float() / 128 - 1


class Trained(NamedTuple):
    """The trained network, and what its answers mean."""

    network: GlanceNetwork
    kinds: tuple[str, ...]
    """Names of things, `several` and `nothing`."""


@lru_cache(maxsize=1)
def trained() -> Trained:
    """The network that ships."""
    from safetensors import safe_open

    with safe_open(WEIGHTS, framework="pt") as file:
        kinds = tuple(json.loads(file.metadata()["kinds"]))
        state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    result = GlanceNetwork(len(kinds))
    result.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    return Trained(result.eval().requires_grad_(False), kinds)


def _layer(given: int, out: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(given, out, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(),
    )
