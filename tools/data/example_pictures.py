"""Pictures that a function of yours gives: PIL pictures, or arrays `[height, width]` or
`[height, width, 3]` (also channels first), of bytes or of floats in 0..1."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from ..errors import UsageError
from .fields import Value, written
from .pictures import Picture


def example_picture(content: Any, fields: Mapping[str, Value], spec: str, i: int) -> Picture:
    """A picture with its fields.

    Raises:
        UsageError: if it is no picture.
    """
    image = content.convert("RGB") if isinstance(content, Image.Image) else _drawn(content, spec, i)
    key = hashlib.sha256(image.tobytes() + str(image.size).encode()).hexdigest()
    label = fields.get("label")
    return Picture(
        str(i),
        key,
        lambda: image,
        label=None if label is None else written(label),
        fields=fields,
    )


def _drawn(content: Any, spec: str, i: int) -> Image.Image:
    """An array as a picture."""
    try:
        pixels = np.asarray(content)
    except Exception:
        pixels = np.zeros(0)
    shape = list(pixels.shape)
    if len(shape) == 3 and shape[0] in (1, 3) and shape[2] not in (1, 3):
        pixels = np.moveaxis(pixels, 0, -1)
    if len(shape) == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or pixels.shape[-1] not in (1, 3) or not pixels.size:
        raise UsageError(
            f"{spec}: example {i} is a {type(content).__name__} of shape {shape}; give a PIL "
            "picture or an array [height, width, 3]"
        )
    if pixels.dtype.kind not in "uifb":
        raise UsageError(f"{spec}: example {i} is an array of {pixels.dtype}, not of numbers")
    pixels = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    if pixels.dtype.kind in "fb":
        if not np.isfinite(pixels).all() or pixels.min() < 0 or pixels.max() > 1:
            raise UsageError(f"{spec}: example {i}: floats of a picture must lie in 0 to 1")
        pixels = np.rint(pixels * 255)
    if pixels.min() < 0 or pixels.max() > 255:
        raise UsageError(f"{spec}: example {i}: whole numbers of a picture must lie in 0 to 255")
    return Image.fromarray(pixels.astype(np.uint8))
