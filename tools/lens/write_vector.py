"""The vocabulary projection of one unit whose direction is known (see `lens/projection.py`)."""

import numpy as np
import torch
from torch import Tensor

from ..models import Site, Target
from .projection import project, write_rows


def write_vector(target: Target, site: Site, index: int, direction: np.ndarray) -> Tensor | None:
    """What a unit writes, `[d]`, or None where it is not known.

    Args:
        target: The target.
        site: The unit's site.
        index: Of the unit.
        direction: `[channel]` the unit's value: 1 for a coordinate, a head's mean direction.
    """
    rows = write_rows(target, site)
    if rows is None:
        return None
    return torch.as_tensor(direction, dtype=rows.dtype, device=rows.device) @ rows[index]


def projection(target: Target, vector: Tensor) -> np.ndarray | None:
    """Logits `[vocabulary]` that a vector of the residual stream gives, centred, or None."""
    logits = project(target, vector[None])
    return None if logits is None else logits[0].cpu().double().numpy()
