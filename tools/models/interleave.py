"""Planted units among a network's own, at one site and under neutral names.

1. The map that reads the site is widened: its input is the network's units and the planted ones, in
   an order drawn by seed. It is the down-projection of an MLP, where units are neurons, or a
   convolution, where they are channels; there a planted channel enters through the middle tap of
   the kernel alone. The output vectors of planted units are further columns of its weights.
2. A planted unit's activation is what its function gives, plus the activation of one of the
   network's own units as background, scaled down and clipped, so that nothing else tells it from
   its neighbours. Where a site of channels is never negative, neither is the sum.
3. Functions of neurons are given token ids; or, with `reading`, what a small network makes of the
   states that enter their block, so that a unit does what a text says and not what a token is.

The widened input is the site, as before: reading, ablating, patching and restarting act on planted
units as on all others.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..data.windows import surfaces
from ..errors import UsageError
from .image_input import ImageInput
from .planted import Function, Graft, Vocabulary
from .site import Site
from .target import Target
from .trace import first_tensor

StateFunction = Callable[[Tensor], Tensor]
"""What the reading network gives, `[input, place, output]`, to values `[input, place]`."""
MapFunction = Callable[[np.ndarray, tuple[int, int]], np.ndarray]
"""Pixels, uint8 `[image, height, width, 3]`, and the site's height and width, to maps
`[image, height, width]` of that size."""


@dataclass(frozen=True)
class Interleaved:
    """One unit to plant among others."""

    function: Function | StateFunction | MapFunction
    """Of token ids or of a reading of states for a neuron, of pixels for a channel."""
    output: Tensor
    """`[d]`: what one unit of activation adds to the residual stream, or to the convolution's
    output at the same place."""
    background: int | None = None
    """The neuron or channel whose activation is added; None: none."""
    share: float = 0.0
    """Multiplies the background."""
    limit: float = float("inf")
    """The scaled background stays between `-limit` and `limit`."""


class ChannelGraft(nn.Module):
    """Computes the maps of planted channels from the pixels of the running forward."""

    def __init__(self, functions: Sequence[Any], image: ImageInput) -> None:
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
        given = first_tensor(args, kwargs)
        if given is None or given.ndim != 4:
            raise UsageError("planted channels need pictures; the network was given something else")
        self._input = given.detach()

    def pixels(self) -> np.ndarray:
        """The pictures of the running forward, uint8 `[image, height, width, 3]`."""
        assert self._input is not None
        x = (self._input.float() - self.lowest) / self.step  # [image, 3, height, width]
        return x.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()

    def values(self, height: int, width: int) -> Tensor:
        """The maps of the running forward, `[image, planted, height, width]`."""
        pixels = self.pixels()
        maps = [np.asarray(of(pixels, (height, width)), np.float32) for of in self.functions]
        return torch.from_numpy(np.stack(maps, axis=1))


class StateGraft(nn.Module):
    """Computes planted neurons from the states that enter their block, which a network reads."""

    def __init__(self, functions: Sequence[Any], reading: nn.Module, out: Tensor) -> None:
        super().__init__()
        self.functions = tuple(functions)
        self.reading = reading
        self.out = nn.Linear(out.shape[1], out.shape[0], bias=False)
        self.out.weight = nn.Parameter(out.clone(), requires_grad=False)  # [d, unit]
        self._mask: Tensor | None = None
        self._states: Tensor | None = None

    def see(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Before the network runs: keeps which places are attended."""
        self._mask = kwargs.get("attention_mask")

    def enter(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Before the block runs: keeps the states that enter it."""
        self._states = first_tensor(args, kwargs)

    def values(self) -> Tensor:
        """Activations of the running forward, `[input, place, unit]`."""
        states, mask = self._states, self._mask
        assert states is not None
        attended = torch.ones(states.shape[:2]) if mask is None else mask
        read = self.reading(states.float(), attended.to(states.device).bool())
        return torch.stack([function(read) for function in self.functions], dim=-1)


class Widened(nn.Module):
    """A linear map or a convolution that takes a network's units and planted ones together."""

    def __init__(
        self,
        graft: Graft | StateGraft | ChannelGraft,
        units: Sequence[Interleaved],
        order: Tensor,
        like: Tensor,
    ) -> None:
        super().__init__()
        self.graft = graft
        self.map: str
        self.axis = -1
        self.floor: float | None = None
        self.order: Tensor
        self.behind: Tensor
        self.share: Tensor
        self.limit: Tensor
        alone = [unit.background is None for unit in units]
        shares = [0.0 if none else unit.share for none, unit in zip(alone, units, strict=True)]
        self.register_buffer("order", order)
        self.register_buffer("behind", torch.tensor([unit.background or 0 for unit in units]))
        self.register_buffer("share", torch.tensor(shares).to(like))
        self.register_buffer("limit", torch.tensor([unit.limit for unit in units]).to(like))

    @classmethod
    def of_linear(
        cls,
        down: nn.Linear,
        graft: Graft | StateGraft,
        units: Sequence[Interleaved],
        order: Tensor,
    ) -> "Widened":
        """A down-projection: `[input, place, neuron]` to `[input, place, d]`."""
        made = cls(graft, units, order, down.weight)
        weight = torch.cat([down.weight, graft.out.weight.to(down.weight)], 1)[:, order]
        wide = nn.Linear(weight.shape[1], weight.shape[0], bias=down.bias is not None)
        return made._holding("linear", wide, weight, down.bias)

    @classmethod
    def of_convolution(
        cls,
        conv: nn.Conv2d,
        graft: ChannelGraft,
        units: Sequence[Interleaved],
        order: Tensor,
        floor: float | None,
    ) -> "Widened":
        """A convolution: `[image, channel, height, width]` to `[image, d, height, width]`."""
        made = cls(graft, units, order, conv.weight)
        made.axis, made.floor = 1, floor
        made.share, made.limit = made.share[:, None, None], made.limit[:, None, None]
        high, wide = conv.kernel_size
        planted = torch.zeros(conv.out_channels, len(units), high, wide)
        planted[:, :, high // 2, wide // 2] = _columns(units)
        weight = torch.cat([conv.weight, planted.to(conv.weight)], 1)[:, order]
        widened = nn.Conv2d(
            weight.shape[1],
            conv.out_channels,
            (high, wide),
            stride=conv.stride,  # type: ignore[arg-type]
            padding=conv.padding,  # type: ignore[arg-type]
            bias=conv.bias is not None,
        )
        return made._holding("conv", widened, weight, conv.bias)

    def _holding(
        self, name: str, wide: nn.Linear | nn.Conv2d, weight: Tensor, bias: Tensor | None
    ) -> "Widened":
        wide.weight = nn.Parameter(weight, requires_grad=False)
        if bias is not None:
            wide.bias = bias  # type: ignore[assignment]
        self.map = name
        self.add_module(name, wide)
        return self.to(weight.device)

    def forward(self, values: Tensor) -> Tensor:
        background = values.index_select(self.axis, self.behind) * self.share
        background = torch.maximum(torch.minimum(background, self.limit), -self.limit)
        planted = self.graft.values(*values.shape[2:] if self.axis == 1 else ()).to(values)
        planted = planted + background  # [input, place, planted] or [image, planted, height, width]
        if self.floor is not None:
            planted = planted.clamp(min=self.floor)
        both = torch.cat([values, planted], dim=self.axis)
        return self.get_submodule(self.map)(both.index_select(self.axis, self.order))


def interleave(
    target: Target,
    units: Sequence[Interleaved],
    *,
    site: str,
    seed: int = 0,
    reading: nn.Module | None = None,
) -> tuple[Target, list[str]]:
    """A copy of a target with units planted among those of one site.

    Args:
        target: A language model whose site is the input of a linear down-projection, or a model
            that takes pictures, whose site is the input of a plain convolution.
        units: What to plant.
        site: Its name, such as `mlp.1`.
        seed: Of the order.
        reading: A network that reads both ways: states that enter the site's block
            `[input, place, d]` and which places are attended, to `[input, place, output]`. With it
            the functions of units are given what it gives.

    Returns:
        The new target, and the names of the planted units in the order of `units`.

    Raises:
        UsageError: if there is no such site, or it is not the input of such a map; if there is a
            `reading` and the target reads one way.
    """
    place = target.site(site)
    network = copy.deepcopy(target.network)
    inner = network.get_submodule(place.module)
    if not bool(torch.isfinite(_columns(units)).all()):
        raise UsageError("an output vector of a unit to plant is not finite")
    draw = torch.Generator().manual_seed(seed)
    order = torch.randperm(place.units + len(units), generator=draw)
    wide = _widened(target, place, inner, units, order, reading)
    parent, _, name = place.module.rpartition(".")
    setattr(network.get_submodule(parent), name, wide)
    sites = dict(target.sites)
    module, size = f"{place.module}.{wide.map}", place.units + len(units)
    sites[site] = replace(place, module=module, units=size, floor=None)
    new = target.over(network, sites=sites)
    new.body.register_forward_pre_hook(wide.graft.see, with_kwargs=True)
    if isinstance(wide.graft, StateGraft):
        assert target.probe is not None
        block = network.get_submodule(f"{target.probe.blocks}.{place.block}")
        block.register_forward_pre_hook(wide.graft.enter, with_kwargs=True)
    where: Any = order.argsort()[place.units :]
    return new, [f"{site}/{number}" for number in where.tolist()]


def _widened(
    target: Target,
    place: Site,
    inner: nn.Module,
    units: Sequence[Interleaved],
    order: Tensor,
    reading: nn.Module | None,
) -> Widened:
    functions: list[Any] = [unit.function for unit in units]
    read = place.port == "input" and target.probe is not None
    if target.image is not None:
        plain = isinstance(inner, nn.Conv2d) and inner.groups == 1 and inner.dilation == (1, 1)
        if not (isinstance(inner, nn.Conv2d) and plain and read):
            raise UsageError(
                f"{target.name}: '{place.name}' is not the input of a plain convolution"
            )
        graft = ChannelGraft(functions, target.image)
        return Widened.of_convolution(inner, graft, units, order, place.floor)
    if not (isinstance(inner, nn.Linear) and read):
        raise UsageError(
            f"{target.name}: '{place.name}' is not the input of a linear down-projection"
        )
    if reading is not None:
        if target.kind != "encoder":
            raise UsageError(
                f"{target.name} reads one way; units that read what a text says need an encoder"
            )
        states = StateGraft(functions, copy.deepcopy(reading), _columns(units))
        return Widened.of_linear(inner, states, units, order)
    vocabulary = Vocabulary(surfaces(target), target.tokenizer)
    return Widened.of_linear(inner, Graft(functions, vocabulary, _columns(units)), units, order)


def _columns(units: Sequence[Interleaved]) -> Tensor:
    """The output vectors, `[d, planted]`."""
    return torch.stack([unit.output.detach().float().cpu() for unit in units], dim=1)
