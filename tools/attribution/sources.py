"""The units that write at one place, by kind, each as a coefficient times a row.

    mlp        m_n v_n                              `mlp.3/1207`
    head       z_h W_O[h]                           `head.5/7`
    attention  (alpha_p V_p)_j W_O[h, j]            `attention.5/7/12@9`: layer, head, j, place p

The attention neurons of a head sum to the head, the heads of a block and its bias to the
attention's sub-update, the neurons and the bias to the MLP's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from ..residual.architecture import Write
from ..residual.exact import ExactTrace
from .patterns import Pattern

Kind = Literal["mlp", "head", "attention"]
KINDS: tuple[Kind, ...] = ("mlp", "head", "attention")


@dataclass(frozen=True, order=True)
class Spot:
    """One unit: where it is."""

    kind: Kind
    block: int
    index: int
    """Neuron or head."""
    channel: int | None = None
    place: int | None = None

    def __str__(self) -> str:
        tail = "" if self.channel is None else f"/{self.channel}@{self.place}"
        return f"{self.kind}.{self.block}/{self.index}{tail}"

    @property
    def site(self) -> str:
        """The site that holds it: `mlp.3`, `head.5`."""
        return f"{'mlp' if self.kind == 'mlp' else 'head'}.{self.block}"


@dataclass(frozen=True)
class Layout:
    """The units of one kind in one row of numbers: block by block."""

    kind: Kind
    shapes: tuple[tuple[int, ...], ...]
    """`[block]`: (unit,), (head,), or (head, place, channel)."""

    @cached_property
    def starts(self) -> list[int]:
        """`[block + 1]`: where each block begins, and the number of all."""
        out = [0]
        for shape in self.shapes:
            out.append(out[-1] + int(torch.Size(shape).numel()))
        return out

    @property
    def size(self) -> int:
        """All units."""
        return self.starts[-1]

    def spot(self, flat: int) -> Spot:
        """The unit at a number."""
        block = next(b for b in range(len(self.shapes)) if flat < self.starts[b + 1])
        i = flat - self.starts[block]
        if self.kind != "attention":
            return Spot(self.kind, block, i)
        _, places, channels = self.shapes[block]
        rest, channel = divmod(i, channels)
        head, place = divmod(rest, places)
        return Spot(self.kind, block, head, channel, place)

    def number(self, spot: Spot) -> int:
        """The number of a unit."""
        if spot.channel is None or spot.place is None:
            return self.starts[spot.block] + spot.index
        _, places, channels = self.shapes[spot.block]
        return (
            self.starts[spot.block] + (spot.index * places + spot.place) * channels + spot.channel
        )

    def parts(self, flat: Tensor) -> list[tuple[int, Tensor, Tensor]]:
        """`(block, positions in flat, numbers within the block)` for the blocks that occur."""
        starts = torch.tensor(self.starts[1:], device=flat.device)
        block = torch.bucketize(flat, starts, right=True)  # [n]
        out = []
        for b in block.unique().tolist():
            where = (block == b).nonzero()[:, 0]
            out.append((int(b), where, flat[where] - self.starts[int(b)]))
        return out


@dataclass(frozen=True, eq=False)
class Sources:
    """What writes into the residual at one place of the first row of a trace."""

    trace: ExactTrace
    place: int
    patterns: Sequence[Pattern] = ()
    asked: int = 0
    """Index of the place among the patterns' asked places."""
    scale: Tensor | None = None
    """s of the final norm, `[1]`, where it is not this run's own: that of a run compared with."""

    @property
    def final_scale(self) -> Tensor:
        """s of the final norm at the place, `[1]`: the frozen scale of a prediction."""
        return self.trace.final_scale[0, self.place] if self.scale is None else self.scale

    def layout(self, kind: Kind) -> Layout:
        """The units of a kind."""
        trace = self.trace
        if kind == "mlp":
            return Layout(kind, tuple((m.shape[-1],) for m in trace.neurons))
        if kind == "head":
            return Layout(kind, tuple((z.shape[2],) for z in trace.heads))
        length = trace.ids.shape[1]
        return Layout(kind, tuple((z.shape[2], length, z.shape[3]) for z in trace.heads))

    def base(self, kind: Kind, block: int) -> Tensor:
        """r, `[d]` float32: the residual before the MLP, or the layer input."""
        trace = self.trace
        if kind != "mlp" or trace.architecture.blocks[block].parallel:
            return trace.layer_input(block)[0, self.place].float()
        here = trace.architecture.blocks[block].attention
        raw = trace.attention[block][0, self.place]
        if here.after is not None:
            with torch.no_grad():
                raw = here.after(raw)
        return trace.layer_input(block)[0, self.place].float() + raw.float()

    def coefficients(self, kind: Kind, block: int) -> Tensor:
        """float32 `[unit]`, `[head, channel]` or `[head, place, channel]`."""
        if kind == "mlp":
            return self.trace.neurons[block][0, self.place].float()
        if kind == "head":
            return self.trace.heads[block][0, self.place].float()
        pattern = self.patterns[block]
        return pattern.weights[0, :, self.asked, :, None] * pattern.values[0]

    def weigh(self, kind: Kind, block: int, slope: Tensor) -> Tensor:
        """Each unit's coefficient times a slope by its activation, as one number a unit.

        Args:
            kind: The kind.
            block: The block.
            slope: `[unit]`, or `[head, channel]` for both kinds of attention.
        """
        taken = self.coefficients(kind, block)
        if kind == "mlp":
            return taken * slope
        if kind == "head":
            return (taken * slope).sum(-1)
        return (taken * slope[:, None]).flatten()

    def linear(self, kind: Kind, block: int, direction: Tensor) -> Tensor:
        """u . direction for every unit of a block, flat; `direction` is `[d]`."""
        write = self._write(kind, block)
        if write.after is not None:
            direction = write.after.back(direction, self._scale(kind, block))
        dots = write.rows() @ direction  # [unit] or [head * channel]
        return self.weigh(kind, block, dots if kind == "mlp" else self._by_head(block, dots))

    def norms(self, kind: Kind, block: int) -> Tensor:
        """|u| for every unit of a block, flat: coefficient times the length of the row."""
        write = self._write(kind, block)
        if kind == "head":
            every = torch.arange(self.trace.heads[block].shape[2], device=self.trace.ids.device)
            return self.writes(kind, block, every).norm(dim=1)
        rows = write.rows()
        if write.after is not None:
            rows = write.after.frozen(rows, self._scale(kind, block))
        lengths = rows.norm(dim=1)
        if kind != "mlp":
            lengths = self._by_head(block, lengths)
        return self.weigh(kind, block, lengths).abs()

    def magnitudes(self, kind: Kind) -> Tensor:
        """|u| for every unit, `[unit]` in the order of the layout."""
        return torch.cat([self.norms(kind, b).flatten() for b in range(self.trace.depth)])

    def writes(self, kind: Kind, block: int, chosen: Tensor) -> Tensor:
        """u of chosen units of a block, `[n, d]` float32; `chosen` are numbers in the block."""
        parts = self.taken(kind, block, chosen)[:, None]
        if kind == "head":
            channels = self.trace.heads[block].shape[3]
            columns = chosen[:, None] * channels + torch.arange(channels, device=chosen.device)
            rows = self._write(kind, block).rows(columns.flatten()).unflatten(0, columns.shape)
            z = self.coefficients(kind, block)[chosen]  # [n, channel]
            return self._after(kind, block, torch.einsum("nc,ncd->nd", z, rows))
        return parts * self.rows(kind, block, chosen)

    def rows(self, kind: Kind, block: int, chosen: Tensor) -> Tensor:
        """v of chosen units, `[n, d]` float32: what they write at activation 1. A head is a vector:
        its row is what it writes here."""
        if kind == "head":
            return self.writes(kind, block, chosen)
        if kind == "attention":
            places, channels = self.trace.ids.shape[1], self.trace.heads[block].shape[3]
            chosen = chosen // (places * channels) * channels + chosen % channels
        return self._after(kind, block, self._write(kind, block).rows(chosen))

    def taken(self, kind: Kind, block: int, chosen: Tensor) -> Tensor:
        """Activations of chosen units, `[n]`; the length of z for a head."""
        result = self.coefficients(kind, block)
        return result.norm(dim=-1)[chosen] if kind == "head" else result.flatten()[chosen]

    def _write(self, kind: Kind, block: int) -> Write:
        here = self.trace.architecture.blocks[block]
        return here.mlp if kind == "mlp" else here.attention

    def _scale(self, kind: Kind, block: int) -> Tensor:
        write = self._write(kind, block)
        raw = self.trace.mlp[block] if kind == "mlp" else self.trace.attention[block]
        assert write.after is not None
        return write.after.scale(raw[0, self.place])

    def _after(self, kind: Kind, block: int, parts: Tensor) -> Tensor:
        write = self._write(kind, block)
        return parts if write.after is None else write.after.frozen(parts, self._scale(kind, block))

    def _by_head(self, block: int, flat: Tensor) -> Tensor:
        return flat.unflatten(0, self.trace.heads[block].shape[2:])
