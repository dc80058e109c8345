"""What one of a unit writes through the projection behind it, as it stands in the weights."""

import torch
from torch import Tensor, nn

from ..models import Site, Target


def output_weight(target: Target, site: str | Site) -> Tensor | None:
    """`[unit, channel, d]`: what one of each channel writes through the projection behind it."""
    there = target.site(site) if isinstance(site, str) else site
    module = target.network.get_submodule(there.module)
    weight = getattr(module, "weight", None)
    if there.port != "input" or there.code is not None or there.layout == "channels_first":
        return None
    if not isinstance(weight, Tensor) or weight.ndim != 2:
        return None
    size = there.units * there.channels
    if type(module).__name__ == "Conv1D" and weight.shape[0] == size:
        oriented = weight.detach()
    elif isinstance(module, nn.Linear) and weight.shape[1] == size:
        oriented = weight.detach().T
    else:
        return None
    return oriented.reshape(there.units, there.channels, -1)


def write_norms(target: Target, site: str) -> Tensor:
    """`[unit]`: how long the vector is that one of a unit writes; 1 where that is not known.

    A head counts by the Frobenius norm of its output map over the root of its channels.
    """
    weight = output_weight(target, site)
    there = target.site(site)
    if weight is None:
        return torch.ones(there.units)
    norms = torch.linalg.vector_norm(weight.float(), dim=(1, 2)).cpu()
    return norms / there.channels**0.5
