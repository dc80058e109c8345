"""How a vision model takes pictures: what part of one it sees, and how pixels become its input.

The two steps are kept apart, so that what the model sees can be shown, edited and masked as a
picture, and its input made again from that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_SD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class ImageInput:
    """What a target does to a picture before its first layer."""

    size: tuple[int, int]
    """Height and width of what the model sees."""
    see: Callable[[Image.Image], np.ndarray]
    """An RGB picture of any size to what the model sees of it, uint8 `[height, width, 3]`."""
    normalise: Callable[[Tensor], Tensor]
    """uint8 `[input, height, width, 3]` to the model's input, `[input, 3, height, width]`."""
    description: str = ""
    """In words, for reports: `short side to 256, the middle 227 x 227`."""


def crop_and_normalise(
    size: int | tuple[int, int],
    *,
    resize: int | tuple[int, int] | None = None,
    mean: Sequence[float] = IMAGENET_MEAN,
    sd: Sequence[float] = IMAGENET_SD,
    scale: float = 1 / 255,
    bgr: bool = False,
    resample: Any = Image.Resampling.BILINEAR,
) -> ImageInput:
    """The usual input of a classifier: short side to `resize`, the middle cut out, normalised.

    Args:
        size: Side, or height and width, of what the model sees.
        resize: Length of the short side before cutting; or height and width, which do not keep
            the proportions; None: the whole picture is resized to `size`.
        mean: Subtracted from each channel, after `scale`, in the model's order of channels.
        sd: Each channel is divided by it.
        scale: Pixels 0..255 are multiplied by it.
        bgr: The model takes blue first.
        resample: How Pillow resizes.
    """
    height, width = (size, size) if isinstance(size, int) else size

    def see(picture: Image.Image) -> np.ndarray:
        picture = picture.convert("RGB")
        if resize is None:
            return np.array(picture.resize((width, height), resample), np.uint8)
        if isinstance(resize, tuple):
            high, wide = resize
        else:
            short = min(picture.size)
            wide = max(width, round(picture.width * resize / short))
            high = max(height, round(picture.height * resize / short))
        picture = picture.resize((wide, high), resample)
        left, top = (wide - width) // 2, (high - height) // 2
        return np.array(picture.crop((left, top, left + width, top + height)), np.uint8)

    def normalise(pixels: Tensor) -> Tensor:
        x = pixels.permute(0, 3, 1, 2).float() * scale  # [input, 3, height, width]
        x = x.flip(1) if bgr else x
        centre = torch.tensor(list(mean), device=x.device)[:, None, None]
        return (x - centre) / torch.tensor(list(sd), device=x.device)[:, None, None]

    how = "resized to" if resize is None else f"short side to {resize}, the middle"
    if isinstance(resize, tuple):
        how = f"resized to {resize[0]} x {resize[1]}, the middle"
    return ImageInput((height, width), see, normalise, f"{how} {height} x {width}")
