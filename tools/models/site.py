"""A site: a named place in a network that holds units, how to read it and how to write it back.

Reading gives `[input, place, unit]`, or `[input, place, unit, channel]` where a unit is a vector
(a head). A place is a token, or a flattened pixel or patch. Writing is the exact inverse, so that
`write(raw, read(raw))` is `raw`; a site over a learnt code (a sparse autoencoder) adds the decoded
change instead, which keeps what the code leaves unexplained.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

Port = Literal["input", "output", "through"]
Readout = Literal["coordinate", "norm", "max"]


class Code(Protocol):
    """A learnt dictionary over a site's tensor, such as a sparse autoencoder."""

    def encode(self, raw: Tensor) -> Tensor:
        """`[..., d]` to `[..., unit]`."""
        ...

    def decode(self, values: Tensor) -> Tensor:
        """`[..., unit]` to `[..., d]`; linear up to its bias."""
        ...


class Entries(NamedTuple):
    """The active units of a sparse code, by place; each `[entry]`."""

    place: Tensor
    unit: Tensor
    value: Tensor


@runtime_checkable
class SparseCode(Code, Protocol):
    """A code of which few units are active at a place, and which need not be laid out whole."""

    @property
    def fingerprint(self) -> str:
        """A hash of everything that decides the code."""
        ...

    def entries(self, raw: Tensor) -> Entries:
        """The active units of `[place, d]`."""
        ...

    def columns(self, raw: Tensor, chosen: Tensor) -> Tensor:
        """Some units: `[..., d]` to `[..., chosen]`."""
        ...

    def change(self, raw: Tensor, values: Tensor) -> Tensor:
        """What new values of all units add to `raw`, `[..., d]`."""
        ...


@dataclass(frozen=True)
class Site:
    """Where units live: one tensor that passes through one module."""

    name: str
    """`mlp.3`, `head.5`, `resid.0`, or a dotted module path."""
    module: str
    """Dotted path of the module whose input or output holds the units."""
    port: Port
    """Whether the units are the module's first input or its output; `through`: they are read from
    its input and write to its output, which stand side by side in the tensor, `[..., d + out]`."""
    units: int
    channels: int = 1
    """Channels of one unit: 1, or the head dimension."""
    readout: Readout = "coordinate"
    """Scalar of a unit at a place: its coordinate, or its norm; `max` is taken over places."""
    block: int | None = None
    """Depth of the block that holds it, for restarts; None outside the blocks."""
    layout: Literal["sequence", "joined", "flat", "channels_first", "channels_last"] = "sequence"
    """`[input, place, d]`, `[input * place, d]`, `[input, d]` (one place),
    `[input, d, height, width]` or `[input, height, width, d]`."""
    floor: float | None = None
    """The least value the activation function gives (GELU: -0.17, ReLU: 0); None: unbounded."""
    gated: bool = False
    """The units are products with a gate: both signs carry meaning."""
    code: Code | None = None
    """A dictionary laid over the tensor: the units are its features."""
    overwritten: bool = False
    """The network changes this tensor in place afterwards, so that reading it takes a copy."""
    call: tuple[int, int] | None = None
    """Where the module runs several times in a forward pass: which of how many runs, from 0."""
    grid: tuple[int, int] | None = None
    """Height and width of the map over a picture; its places are the last height * width ones."""
    outside: int = 0
    """Places before the map that are no part of the picture (class token, registers): they are
    read and written as all others, and do not count in a maximum over space."""

    def read(self, raw: Tensor, *, inputs: int = 1) -> Tensor:
        """The site's values, `[input, place, unit]` or `[input, place, unit, channel]`.

        Args:
            raw: The tensor at the module's port.
            inputs: Rows of the batch; a joined layout is cut into so many.
        """
        flat = self._places(raw, inputs)  # [input, place, d]
        if self.code is not None:
            return self.code.encode(flat)
        return flat if self.channels == 1 else flat.unflatten(-1, (self.units, self.channels))

    def write(self, raw: Tensor, values: Tensor) -> Tensor:
        """The tensor `raw` with the site's values replaced; same shape and dtype as `raw`."""
        if self.code is not None:
            old = self._places(raw, len(values))
            if isinstance(self.code, SparseCode):
                change = self.code.change(old, values)
            else:
                change = self.code.decode(values) - self.code.decode(self.code.encode(old))
            flat = old + change.to(old.dtype)
        else:
            flat = values if self.channels == 1 else values.flatten(-2)
        if self.layout == "flat":
            return flat.squeeze(1)
        if self.layout == "joined":
            return flat.flatten(0, 1)
        if self.layout == "channels_first":
            return flat.transpose(1, 2).reshape(raw.shape)
        if self.layout == "channels_last":
            return flat.reshape(raw.shape)
        return flat

    def under(self) -> "Site":
        """The tensor under its code, whole, as a site."""
        return replace(self, code=None, units=1, channels=1)

    def scalar(self, values: Tensor) -> Tensor:
        """One number per unit and place, `[input, place, unit]`."""
        return torch.linalg.vector_norm(values, dim=-1) if self.channels > 1 else values

    def over_space(self, values: Tensor) -> Tensor:
        """The scalars on the picture itself, `[input, place, unit]`: without what is `outside`."""
        return self.scalar(values[:, self.outside :])

    def _places(self, raw: Tensor, inputs: int) -> Tensor:
        if self.layout == "joined":
            return raw.unflatten(0, (inputs, -1))
        if self.layout == "flat":
            return raw.unsqueeze(1)
        if self.layout == "channels_first":
            return raw.flatten(2).transpose(1, 2)
        if self.layout == "channels_last":
            return raw.flatten(1, 2)
        return raw


@dataclass(frozen=True)
class Chosen(Site):
    """A site of which some units alone are read; it is never written."""

    chosen: tuple[int, ...] = ()

    @classmethod
    def of(cls, site: Site, chosen: Sequence[int]) -> "Chosen":
        """The site, of which these units are read, in this order."""
        return cls(**{**vars(site), "chosen": tuple(chosen)})

    def read(self, raw: Tensor, *, inputs: int = 1) -> Tensor:
        """`[input, place, chosen]` or `[input, place, chosen, channel]`."""
        if isinstance(self.code, SparseCode):
            flat = self._places(raw, inputs)
            return self.code.columns(flat, torch.tensor(self.chosen, device=flat.device))
        return super().read(raw, inputs=inputs)[:, :, list(self.chosen)]
