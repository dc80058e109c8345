"""Pictures of blurred random colours."""

import numpy as np
from neuroscribe.tools.data.pictures import Picture
from PIL import Image


def noise(seed: int, size: tuple[int, int] = (60, 45)) -> Image.Image:
    """One picture."""
    draw = np.random.default_rng(seed).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    return Image.fromarray(draw).resize(size, Image.Resampling.BICUBIC)


def noise_pictures(n: int, size: tuple[int, int] = (60, 45)) -> list[Picture]:
    """So many, named `p0`, `p1` and so on."""
    return [Picture(f"p{i}", f"key {i}", lambda i=i: noise(i, size)) for i in range(n)]
