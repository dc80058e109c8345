"""Planted units among a network's own neurons, at one site and under neutral names.

1. The down-projection of one MLP is widened: its input is the network's neurons and the planted
   units, in an order drawn by seed; the output vectors of planted units are further columns.
2. A planted unit's activation is what its function gives, plus the activation of one of the
   network's own neurons as background, scaled down and clipped, so that nothing else tells it from
   its neighbours.

The widened input is the site, as before: reading, ablating, patching and restarting act on planted
units as on all others.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UsageError
from .planted import Function, Graft, Vocabulary
from .target import Target


@dataclass(frozen=True)
class Interleaved:
    """One unit to plant among neurons."""

    function: Function
    output: Tensor
    """`[d]`: what one unit of activation adds to the residual stream."""
    background: int | None = None
    """The neuron whose activation is added; None: none."""
    share: float = 0.0
    """Multiplies the background."""
    limit: float = float("inf")
    """The scaled background stays between `-limit` and `limit`."""


class Widened(nn.Module):
    """A down-projection that takes neurons and planted units together."""

    def __init__(
        self, down: nn.Linear, graft: Graft, units: Sequence[Interleaved], order: Tensor
    ) -> None:
        super().__init__()
        weight = torch.cat([down.weight, graft.out.weight.to(down.weight)], 1)[:, order]
        self.linear = nn.Linear(weight.shape[1], weight.shape[0], bias=down.bias is not None)
        self.linear.weight = nn.Parameter(weight, requires_grad=False)
        if down.bias is not None:
            self.linear.bias = down.bias
        self.graft = graft
        self.order: Tensor
        self.behind: Tensor
        self.share: Tensor
        self.limit: Tensor
        self.register_buffer("order", order)
        behind = [unit.background for unit in units]
        self.register_buffer("behind", torch.tensor([0 if at is None else at for at in behind]))
        shares = [0.0 if unit.background is None else unit.share for unit in units]
        self.register_buffer("share", torch.tensor(shares).to(weight))
        self.register_buffer("limit", torch.tensor([unit.limit for unit in units]).to(weight))

    def forward(self, neurons: Tensor) -> Tensor:
        """`[input, place, neuron]` to `[input, place, d]`."""
        background = neurons[..., self.behind] * self.share  # [input, place, planted]
        background = torch.maximum(torch.minimum(background, self.limit), -self.limit)
        planted = self.graft.values().to(neurons) + background
        return self.linear(torch.cat([neurons, planted], dim=-1)[..., self.order])


def interleave(
    target: Target, units: Sequence[Interleaved], *, site: str, seed: int = 0
) -> tuple[Target, list[str]]:
    """A copy of a target with units planted among the neurons of one site.

    Args:
        target: A language model whose site is the input of a linear down-projection.
        units: What to plant.
        site: `mlp.N`.
        seed: Of the order.

    Returns:
        The new target, and the names of the planted units in the order of `units`.

    Raises:
        UsageError: if there is no such site, or it is not the input of a linear map.
    """
    from ..data.windows import surfaces

    place = target.site(site)
    network = copy.deepcopy(target.network)
    down = network.get_submodule(place.module)
    if not isinstance(down, nn.Linear) or place.port != "input" or target.probe is None:
        raise UsageError(f"{target.name}: '{site}' is not the input of a linear down-projection")
    vocabulary = Vocabulary(surfaces(target), target.tokenizer)
    out = torch.stack([unit.output.detach().float().cpu() for unit in units], dim=1)
    if not bool(torch.isfinite(out).all()):
        raise UsageError("an output vector of a unit to plant is not finite")
    graft = Graft([unit.function for unit in units], vocabulary, out)
    draw = torch.Generator().manual_seed(seed)
    order = torch.randperm(place.units + len(units), generator=draw)
    wide = Widened(down, graft, units, order).to(down.weight.device)
    parent, _, name = place.module.rpartition(".")
    setattr(network.get_submodule(parent), name, wide)
    path = next(name for name, module in target.network.named_modules() if module is target.body)
    body = network.get_submodule(path)
    body.register_forward_pre_hook(graft.see, with_kwargs=True)
    sites = dict(target.sites)
    sites[site] = replace(
        place, module=f"{place.module}.linear", units=place.units + len(units), floor=None
    )
    new = Target(
        network,
        name=target.name,
        kind=target.kind,
        sites=sites,
        tokenizer=target.tokenizer,
        body=body,
        context_length=target.context_length,
        refused=target.refused,
        probe=replace(target.probe, network=network),
        options=target.options,
    )
    new.unverified = set(target.unverified)
    where: Any = order.argsort()[place.units :]
    return new, [f"{site}/{number}" for number in where.tolist()]
