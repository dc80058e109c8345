"""A small network whose channels compute known functions of the pixels, and scenes to show it."""

from dataclasses import replace

import numpy as np
import torch
from neuroscribe.tools.data.pictures import Picture
from neuroscribe.tools.data.scene_pictures import picture_of
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.image_input import crop_and_normalise
from neuroscribe.tools.models.site import Site
from neuroscribe.tools.scenes.scene import Scene, Thing
from torch import Tensor, nn

COLOURS = ("red", "green", "blue", "yellow")
LABELS = ("redness", "greenness", "blueness", "nothing")
RED, GREEN, BLUE, DARK, DEAD = range(5)
UNITS = 64
SIDE = 128
"""At which pictures are drawn, as they are for a target that sees as little."""


class Colours(nn.Module):
    """Channels of 12 x 12 places: red, green, blue, dark, dead, and random mixtures.

    The head reads redness, greenness and blueness from the mean of their channels alone.
    """

    def __init__(self) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(0)
        drawn = [
            (0.4 * torch.randn(n, 3, generator=draw), 0.1 * torch.randn(n, generator=draw))
            for n in (32, UNITS - 32)
        ]
        weight, bias = (torch.cat(parts) for parts in zip(*drawn, strict=True))
        weight[RED], bias[RED] = torch.tensor([1.0, -1.0, -1.0]), 0.0
        weight[GREEN], bias[GREEN] = torch.tensor([-1.0, 1.0, -1.0]), 0.0
        weight[BLUE], bias[BLUE] = torch.tensor([-1.0, -1.0, 1.0]), 0.0
        weight[DARK], bias[DARK] = torch.full((3,), -1.0), 0.6
        weight[DEAD], bias[DEAD] = torch.zeros(3), -1.0
        self.pool, self.act = nn.AvgPool2d(4), nn.ReLU()
        self.conv = nn.Conv2d(3, UNITS, 1)
        self.head = nn.Linear(UNITS, len(LABELS))
        with torch.no_grad():
            self.conv.weight.copy_(weight[..., None, None])
            self.conv.bias.copy_(bias)
            self.head.weight.zero_()
            self.head.bias.copy_(torch.tensor([0.0, 0.0, 0.0, 1.0]))
            for unit in (RED, GREEN, BLUE):
                self.head.weight[unit, unit] = 40.0

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits of the four labels."""
        return self.head(self.act(self.conv(self.pool(pixels))).mean((2, 3)))


def colour_target(resize: int | None = None) -> Target:
    """The target: `conv.0/0` is red, 1 green, 2 blue, 3 dark, 4 never active.

    Args:
        resize: Length to which a picture's short side is brought before 48 x 48 are cut out.
    """
    return Target(
        Colours(),
        name="colours",
        kind="image",
        sites={
            "conv.0": Site(
                *("conv.0", "act", "output", UNITS),
                readout="max",
                layout="channels_first",
                floor=0.0,
                grid=(12, 12),
            ),
            "logit": Site("logit", "head", "output", len(LABELS), layout="flat"),
        },
        image=crop_and_normalise(48, resize=resize, mean=(0, 0, 0), sd=(1, 1, 1)),
        labels=LABELS,
    )


def picture(scene: Scene, *, known: bool = True, label: str | None = None) -> Picture:
    """A drawn picture, with its scene or, as a photo has it, without."""
    made = picture_of(scene, side=SIDE, label=label)
    return made if known else replace(made, scene=None, recipe=None)


def scene_of(rng: np.random.Generator) -> Scene:
    """One or two things far apart, each of one of four colours, on grey or a meadow."""
    things = []
    for x in (0.28, 0.72)[: 1 + int(rng.random() < 0.6)]:
        things.append(
            Thing(
                name=str(rng.choice(["circle", "square", "cat"])),
                colour=str(rng.choice(COLOURS)),
                size=float(np.round(rng.uniform(0.2, 0.4), 3)),
                x=x,
                y=float(np.round(rng.uniform(0.25, 0.75), 3)),
            )
        )
    plain = rng.random() < 0.5
    return Scene(
        background="plain" if plain else "desert",
        colour="grey" if plain else "white",
        things=tuple(things),
        seed=int(rng.integers(1000)),
    )


def load() -> nn.Module:
    """The network, for a target that is named by this file."""
    return Colours()


load.image = {"size": 48, "mean": (0, 0, 0), "sd": (1, 1, 1)}  # type: ignore[attr-defined]
load.example = (1, 3, 48, 48)  # type: ignore[attr-defined]
