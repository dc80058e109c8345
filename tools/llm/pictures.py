"""A picture as a part of a message to a language model: JPEG in a data URL."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

SIDE = 320
"""Pixels of the longer side of a picture that is sent by itself."""

PIXELS_A_TOKEN = 750
"""About what a picture costs, by the rule that Anthropic's documentation of vision gives; other
providers count by tiles and come to as much for sheets of this size."""


def pixels_part(pixels: np.ndarray) -> dict[str, Any]:
    """Pixels, uint8 `[height, width, 3]`, at most `SIDE` wide and high; tiny ones enlarged."""
    image = Image.fromarray(pixels)
    if min(image.size) < SIDE // 2:
        image = image.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    image.thumbnail((SIDE, SIDE))
    return picture_part(image)


def picture_part(image: Image.Image) -> dict[str, Any]:
    """The picture in Chat Completions form."""
    data = io.BytesIO()
    image.save(data, "JPEG", quality=85)
    url = f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}
