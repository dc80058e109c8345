"""The `planted` target: a small host, trained on generated stories, with a dozen planted units.

It needs no download and no extra. `train.py` makes the host, `units.py` says what is planted.
"""

from pathlib import Path

import torch

from ..huggingface import from_hugging_face
from ..planted import plant, residual_norm
from ..target import Target
from .units import specs

_BLOCK = 0
_LENGTH = 0.25  # what one unit of activation writes, as a share of the residual stream's norm


def planted() -> Target:
    """The host with its units at the site `planted`."""
    host = from_hugging_face(
        str(Path(__file__).parent),
        name="planted",
        dtype=torch.float32,
        device=torch.device("cpu"),
    )
    length = _LENGTH * residual_norm(host, _BLOCK)
    return plant(host, specs(host, length=length), block=_BLOCK, in_place=True)
