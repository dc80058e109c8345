"""What a site's units write into the residual stream, where that is linear and direct.

A change c of the neurons `mlp.N` changes `mlp_out.N` by c W_out, and in most models the residual
stream behind the block, `resid.N`, by the same: one neuron, one rank-one term. The same holds for
`mlp_out.N`, for `resid.N` itself, and in parallel blocks (GPT-NeoX, GPT-J) for the heads too. Then
nothing of that block has to run again.

It is not taken on trust: the first time, a random change at every place must move `resid.N` by
exactly what this predicts. Where it does not (a norm behind the MLP, a head of a serial block),
there is no shortcut.
"""

from typing import NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ..metrics.prompt import Prompt
from ..models import Target, add
from ..residual.weights import output_weight


class Writes(NamedTuple):
    """A linear map from a site to the residual stream behind its block."""

    block: int
    """The first block that reads the result."""
    weight: Tensor | None
    """`[unit, channel, d]`; None: the units are coordinates of the residual stream."""

    def change(self, values: Tensor, units: Tensor | None) -> Tensor:
        """What a change of some units adds to the residual stream.

        Args:
            values: `[..., unit]`, or `[..., unit, channel]` for heads: by how much.
            units: `[unit]` which they are; None: all.
        """
        if self.weight is None:
            if units is None:
                return values
            raise ValueError("coordinates are changed all together")
        weight = self.weight if units is None else self.weight[units]
        if weight.shape[1] == 1:
            return values @ weight[:, 0]
        return values.flatten(-2) @ weight.flatten(0, 1)


_KNOWN: WeakKeyDictionary[Target, dict[str, Writes | None]] = WeakKeyDictionary()


def writes(target: Target, site: str, prompt: Prompt) -> Writes | None:
    """The map of a site, checked once on this prompt; None: there is no shortcut."""
    known = _KNOWN.setdefault(target, {})
    if site not in known:
        made = _made(target, site)
        known[site] = made if made is not None and _holds(target, site, made, prompt) else None
    return known[site]


def _made(target: Target, site: str) -> Writes | None:
    there = target.site(site)
    if there.block is None or there.code is not None or there.layout != "sequence":
        return None
    behind = target.sites.get(f"resid.{there.block}")
    if target.kind != "causal" or behind is None or behind.layout != "sequence":
        return None
    if there.port == "output" and there.units == behind.units and there.channels == 1:
        return Writes(there.block + 1, None)
    weight = output_weight(target, site)
    if weight is None or weight.shape[2] != behind.units:
        return None
    return Writes(there.block + 1, weight)


def _holds(target: Target, site: str, made: Writes, prompt: Prompt) -> bool:
    behind = f"resid.{made.block - 1}"
    clean = target.trace(prompt, [site, behind], output=False).values
    there = clean[site]
    draw = torch.Generator().manual_seed(0)
    size = 0.3 * there.float().square().mean().sqrt() + 1e-3
    change = (size.cpu() * torch.randn(there.shape, generator=draw)).to(there)
    moved = target.trace(
        prompt, [behind], interventions=[add(site, None, change)], output=False
    ).values[behind]
    want = made.change(change, None).float()
    got = (moved - clean[behind]).float()
    step = max(1e-4, 16 * torch.finfo(there.dtype).eps)
    scale = float(want.abs().max()) + float(clean[behind].float().abs().max()) * step
    return bool((got - want).abs().max() <= 10 * step * scale)
