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

from ..errors import UsageError

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


_RAW = {"do_rescale": False, "do_normalize": False}
_TALL, _WIDE = (48, 64), (64, 48)  # width and height of pictures that a processor is tried on


def processor_input(processor: Any, *, name: str) -> ImageInput:
    """The input of a model with this Hugging Face image processor, in two steps.

    1. `see` runs the processor without its arithmetic: resizing and cutting alone, which leave a
       picture of 0 to 255. The processors that work with Pillow are used; no torchvision is needed.
    2. `normalise` is that arithmetic, one line for each channel. It is measured: from what the
       processor makes of a black and of a white picture.
    3. Both steps together have to give what the processor gives, on a picture of random pixels;
       otherwise the processor is refused.

    Raises:
        UsageError: if it does more than to resize, cut and scale.
    """
    shapes = {_values(processor, _solid(0, size)).shape[1:] for size in (_TALL, _WIDE)}
    square = len(shapes) > 1  # it keeps proportions: give it the middle square
    made = _values(processor, _middle(_solid(0, _TALL), square))
    height, width = int(made.shape[1]), int(made.shape[2])
    normalise = _measured(processor, square)

    def see(picture: Image.Image) -> np.ndarray:
        picture = _middle(picture.convert("RGB"), square)
        raw = _values(processor, picture, **_RAW)  # [3, height, width]
        return np.clip(np.rint(raw), 0, 255).astype(np.uint8).transpose(1, 2, 0)

    _check(processor, see, normalise, square, name)
    cut = ", the middle square" if square else ""
    return ImageInput(
        (height, width),
        see,
        normalise,
        f"{type(processor).__name__.removesuffix('Pil')}{cut}, {height} x {width}",
    )


def _values(processor: Any, picture: Image.Image, **options: bool) -> np.ndarray:
    """What the processor gives, `[channel, height, width]`."""
    made = processor(images=picture, return_tensors="np", **options)
    return np.asarray(made["pixel_values"][0])


def _measured(processor: Any, square: bool) -> Callable[[Tensor], Tensor]:
    ends = []
    for level in (0, 255):
        values = _values(processor, _middle(_solid(level, (96, 96)), square)).astype(np.float64)
        ends.append(values[:, values.shape[1] // 2, values.shape[2] // 2])
    start = torch.tensor(ends[0])
    step = torch.tensor((ends[1] - ends[0]) / 255)

    def normalise(pixels: Tensor) -> Tensor:
        x = pixels.permute(0, 3, 1, 2)  # [input, 3, height, width]
        where = {"device": x.device, "dtype": torch.float32}
        return x.float() * step.to(**where)[:, None, None] + start.to(**where)[:, None, None]

    return normalise


def _check(
    processor: Any,
    see: Callable[[Image.Image], np.ndarray],
    normalise: Callable[[Tensor], Tensor],
    square: bool,
    name: str,
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*_TALL, 3)).astype(np.uint8)
    picture = Image.fromarray(noise)
    wanted = torch.from_numpy(_values(processor, _middle(picture, square)).astype(np.float32))
    result = normalise(torch.from_numpy(see(picture))[None])[0]
    if result.shape != wanted.shape or (result - wanted).abs().max() > 1e-3 * wanted.abs().max():
        raise UsageError(
            f"the image processor of '{name}' ({type(processor).__name__}) does more than to "
            "resize, cut and scale; load the model through path/to/file.py:factory and set "
            "factory.image"
        )


def _solid(level: int, size: tuple[int, int]) -> Image.Image:
    return Image.new("RGB", size, (level, level, level))


def _middle(picture: Image.Image, square: bool) -> Image.Image:
    """The middle square of a picture, where that is asked for."""
    side = min(picture.size)
    if not square or picture.width == picture.height:
        return picture
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side))
