"""The network of the target `pictures`: four convolutions, a linear mixture, a mean, a linear head.

Everything behind the last rectifier is linear, so that what a channel of the site `conv.3` does to
a class is known exactly: its mean over places, times its weights through `mix` and `head`.
"""

from torch import Tensor, nn

SIDE = 96
GRID = 12
"""Places of a side of the maps of the last layers."""
CHANNELS = (32, 48, 64, 64)
MIXED = 48
CLASSES = (
    *("cat", "dog", "fish", "bird", "car", "boat"),
    *("plane", "tree", "flower", "house", "cup", "umbrella"),
)
"""What the network tells apart: which of these is the largest thing of a picture."""


class SmallCNN(nn.Module):
    """Pictures `[image, 3, 96, 96]` to logits `[image, class]`."""

    def __init__(self, classes: int = len(CLASSES)) -> None:
        super().__init__()
        first, second, third, fourth = CHANNELS
        self.blocks = nn.Sequential(
            _block(3, first, kernel=5, stride=4),  # [image, 32, 24, 24]
            _block(first, second, stride=2),  # [image, 48, 12, 12]
            _block(second, third),
            _block(third, fourth),  # [image, 64, 12, 12]
        )
        self.mix = nn.Conv2d(fourth, MIXED, 1)
        self.head = nn.Linear(MIXED, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        mixed = self.mix(self.blocks(pictures))  # [image, mixed, 12, 12]
        return self.head(mixed.mean((2, 3)))


def _block(given: int, out: int, *, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(given, out, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(),
    )
