"""The vocabulary projection of a unit: which next tokens its own write vector favours.

1. The write vector v: what the unit adds to the residual stream for one unit of activation. For a
   neuron or a head it is the image of its basis vector under the projection behind it; for a
   residual or sub-layer coordinate it is the basis vector.
2. LN_f(v) W_U, the final norm and the vocabulary head applied to v, less what they give for zero
   (Geva et al. 2022; VocabProj of Gur-Arieh et al. 2025).

It is the direct path alone: later layers, and norms between, are left out.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .models import Site, Target


def write_vector(target: Target, site: Site, index: int, direction: np.ndarray) -> Tensor | None:
    """What a unit writes, `[d]`, or None where it is not known.

    Args:
        target: The target.
        site: The unit's site.
        index: Of the unit.
        direction: `[channel]` the unit's value: 1 for a coordinate, a head's mean direction.
    """
    if site.code is not None or site.layout != "sequence":
        return None
    module = target.network.get_submodule(site.module)
    weight = next(target.network.parameters())
    value = torch.as_tensor(direction).to(weight)  # [channel]
    basis = weight.new_zeros(1, 1, site.units, site.channels)
    basis[0, 0, index] = value
    basis = basis.flatten(2)  # [1, 1, d]
    if site.port == "output":
        return basis[0, 0] if site.block is not None else None
    inner = getattr(module, "weight", None)
    if not isinstance(inner, Tensor) or inner.ndim != 2:
        return None
    with torch.no_grad():
        return (module(basis) - module(torch.zeros_like(basis)))[0, 0]


def projection(target: Target, vector: Tensor) -> np.ndarray | None:
    """Logits `[vocabulary]` that a vector of the residual stream gives, centred, or None."""
    head = _head(target)
    if head is None:
        return None
    inside = getattr(head, "weight", None)
    if not isinstance(inside, Tensor) or inside.shape[1] != vector.numel():
        return None
    norm = final_norm(target)
    rows = torch.stack([vector, torch.zeros_like(vector)])[None]  # [1, 2, d]
    with torch.no_grad():
        logits = head(norm(rows) if norm is not None else rows)[0].double().cpu()
    change = logits[0] - logits[1]
    return (change - change.mean()).numpy()


def final_norm(target: Target) -> nn.Module | None:
    """The norm before the vocabulary head: the last one outside the blocks."""
    blocks = [site.module for name, site in target.sites.items() if name.startswith("resid.")]
    found = None
    for path, module in target.network.named_modules():
        inside = any(path == block or path.startswith(block + ".") for block in blocks)
        if "norm" in type(module).__name__.lower() and not inside and not list(module.children()):
            found = module
    return found


def _head(target: Target) -> Any:
    site = target.sites.get("logit")
    return None if site is None else target.network.get_submodule(site.module)
