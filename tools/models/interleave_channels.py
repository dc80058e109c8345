"""Planted units among the channels of one convolutional site, under neutral names.

1. The convolution that reads the site is widened: its input is the network's channels and the
   planted ones, in an order drawn by seed. A planted channel enters through the middle tap of the
   kernel alone, with its output vector as weights.
2. A planted channel's map is what its function gives for the pixels that run through the network,
   plus the map of one of the network's own channels as background, scaled down and clipped, so that
   nothing else tells it from its neighbours. Where the site is never negative, neither is the sum.

The widened input is the site, as before: reading, ablating and patching act on planted channels as
on all others. It is what `interleave` does for the neurons of a language model.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import UsageError
from .image_input import ImageInput
from .target import Target
from .trace import first_tensor

MapFunction = Callable[[np.ndarray, tuple[int, int]], np.ndarray]
"""Pixels, uint8 `[image, height, width, 3]`, and the site's height and width, to maps
`[image, height, width]` of that size."""


@dataclass(frozen=True)
class PlantedChannel:
    """One unit to plant among channels."""

    function: MapFunction
    output: Tensor
    """`[d]`: what one unit of activation adds to the convolution's output at the same place."""
    background: int | None = None
    """The channel whose map is added; None: none."""
    share: float = 0.0
    """Multiplies the background."""
    limit: float = float("inf")
    """The scaled background stays between `-limit` and `limit`."""


class ChannelGraft(nn.Module):
    """Computes the maps of planted channels from the pixels of the running forward."""

    def __init__(self, functions: Sequence[MapFunction], image: ImageInput) -> None:
        super().__init__()
        self.functions = tuple(functions)
        self.lowest: Tensor
        self.step: Tensor
        black = image.normalise(torch.zeros(1, 1, 1, 3, dtype=torch.uint8))
        white = image.normalise(torch.full((1, 1, 1, 3), 255, dtype=torch.uint8))
        self.register_buffer("lowest", black)  # [1, 3, 1, 1]
        self.register_buffer("step", (white - black) / 255)
        self._input: Tensor | None = None

    def see(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Before the network runs: keeps its input."""
        found = first_tensor(args, kwargs)
        if found is None or found.ndim != 4:
            raise UsageError("planted channels need pictures; the network was given something else")
        self._input = found.detach()

    def pixels(self) -> np.ndarray:
        """The pictures of the running forward, uint8 `[image, height, width, 3]`."""
        assert self._input is not None
        x = (self._input.float() - self.lowest) / self.step  # [image, 3, height, width]
        return x.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()

    def values(self, size: tuple[int, int]) -> Tensor:
        """The maps of the running forward, `[image, planted, height, width]`."""
        pixels = self.pixels()
        maps = [np.asarray(function(pixels, size), np.float32) for function in self.functions]
        return torch.from_numpy(np.stack(maps, axis=1))


class WidenedConv(nn.Module):
    """A convolution that takes the network's channels and planted ones together."""

    def __init__(
        self,
        conv: nn.Conv2d,
        graft: ChannelGraft,
        units: Sequence[PlantedChannel],
        order: Tensor,
        floor: float | None,
    ) -> None:
        super().__init__()
        high, wide = conv.kernel_size
        planted = torch.zeros(conv.out_channels, len(units), high, wide)
        for at, unit in enumerate(units):
            planted[:, at, high // 2, wide // 2] = unit.output.detach().float().cpu()
        weight = torch.cat([conv.weight, planted.to(conv.weight)], 1)[:, order]
        self.conv = nn.Conv2d(
            weight.shape[1],
            conv.out_channels,
            (high, wide),
            stride=conv.stride,  # type: ignore[arg-type]
            padding=conv.padding,  # type: ignore[arg-type]
            bias=conv.bias is not None,
        )
        self.conv.weight = nn.Parameter(weight, requires_grad=False)
        if conv.bias is not None:
            self.conv.bias = conv.bias
        self.graft = graft
        self.floor = floor
        self.order: Tensor
        self.behind: Tensor
        self.share: Tensor
        self.limit: Tensor
        none = [unit.background is None for unit in units]
        behind = [unit.background or 0 for unit in units]
        shares = [0.0 if nothing else u.share for nothing, u in zip(none, units, strict=True)]
        self.register_buffer("order", order)
        self.register_buffer("behind", torch.tensor(behind))
        self.register_buffer("share", torch.tensor(shares).to(weight)[:, None, None])
        limits = torch.tensor([unit.limit for unit in units])
        self.register_buffer("limit", limits.to(weight)[:, None, None])

    def forward(self, channels: Tensor) -> Tensor:
        """`[image, channel, height, width]` to `[image, d, height, width]`."""
        background = channels[:, self.behind] * self.share  # [image, planted, height, width]
        background = torch.maximum(torch.minimum(background, self.limit), -self.limit)
        size = (int(channels.shape[2]), int(channels.shape[3]))
        planted = self.graft.values(size).to(channels) + background
        if self.floor is not None:
            planted = planted.clamp(min=self.floor)
        return self.conv(torch.cat([channels, planted], dim=1)[:, self.order])


def interleave_channels(
    target: Target, units: Sequence[PlantedChannel], *, site: str, seed: int = 0
) -> tuple[Target, list[str]]:
    """A copy of a vision model with units planted among the channels of one site.

    Args:
        target: A model that takes pictures, whose site is the input of a plain convolution.
        units: What to plant.
        site: Its name.
        seed: Of the order.

    Returns:
        The new target, and the names of the planted units in the order of `units`.

    Raises:
        UsageError: if there is no such site, or it is not the input of a plain convolution.
    """
    place = target.site(site)
    network = copy.deepcopy(target.network)
    conv = network.get_submodule(place.module)
    if target.image is None:
        raise UsageError(f"{target.name} takes no pictures; plant units in a vision model")
    plain = isinstance(conv, nn.Conv2d) and conv.groups == 1 and conv.dilation == (1, 1)
    if not plain or place.port != "input" or target.probe is None:
        raise UsageError(f"{target.name}: '{site}' is not the input of a plain convolution")
    assert isinstance(conv, nn.Conv2d)
    if not all(bool(torch.isfinite(unit.output).all()) for unit in units):
        raise UsageError("an output vector of a unit to plant is not finite")
    graft = ChannelGraft([unit.function for unit in units], target.image)
    draw = torch.Generator().manual_seed(seed)
    order = torch.randperm(place.units + len(units), generator=draw)
    wide = WidenedConv(conv, graft, units, order, place.floor).to(conv.weight.device)
    parent, _, name = place.module.rpartition(".")
    setattr(network.get_submodule(parent), name, wide)
    network.register_forward_pre_hook(graft.see, with_kwargs=True)
    sites = dict(target.sites)
    sites[site] = replace(
        place, module=f"{place.module}.conv", units=place.units + len(units), floor=None
    )
    new = Target(
        network,
        name=target.name,
        kind=target.kind,
        sites=sites,
        refused=target.refused,
        probe=replace(target.probe, network=network),
        options=target.options,
        image=target.image,
        labels=target.labels,
    )
    new.unverified = set(target.unverified)
    where: Any = order.argsort()[place.units :]
    return new, [f"{site}/{number}" for number in where.tolist()]
