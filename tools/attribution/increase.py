"""Log-probability increase of units, and the first-order term that bounds it.

Imp(u -> w) = log p(w | r + u) - log p(w | r), with the final norm's scale of the full run
(Yu & Ananiadou 2024). r is the residual before the MLP for neurons, the layer input for heads and
attention neurons. For a target of several tokens it is the sum over them, each predicted at its own
place by the units there.

1. First order: the derivative of log p(w) at r, (W_U[w] - E_p[W_U]) through the frozen norm, times
   u. One vocabulary-wide softmax a block instead of one a unit.
2. log p(w) is concave in the logits, and they are linear in r while the scale is frozen: the
   first-order term is never below Imp. So once the units with the largest terms have been computed
   exactly, every unit that is at least as large as the largest term left over is proven to be
   where it stands.
3. The difference of two logits is linear: for a contrast the first-order term is Imp itself.

A soft cap on the logits breaks 2 and 3; then nothing is called proven.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..metrics.target_tokens import Prediction
from ..residual.readout import Readout, objective, slope
from .sources import Kind, Layout, Sources

_ROOM = 1 << 24
"""Logits in memory at a time."""


@dataclass(eq=False)
class Imps:
    """The first-order terms of every unit of a kind, some of them made exact."""

    sources: Sequence[Sources]
    """By prediction."""
    predictions: Sequence[Prediction]
    readout: Readout
    layout: Layout
    values: Tensor
    """`[unit]` float32."""
    exact: Tensor
    """`[unit]` bool."""
    starts: list[list[float]] = field(repr=False)
    """The objective at each r, by prediction and block."""

    def make_exact(self, chosen: Tensor) -> None:
        """Replaces the values of chosen units by Imp, in bounded memory."""
        left = chosen[~self.exact[chosen]]
        each = zip(self.sources, self.predictions, self.starts, strict=True)
        parts = [
            _increase(source, self.readout, p, self.layout, left, start)
            for source, p, start in each
        ]
        self.values[left] = torch.stack(parts).sum(0)
        self.exact[left] = True


def imps(
    sources: Sequence[Sources],
    readout: Readout,
    predictions: Sequence[Prediction],
    kind: Kind,
) -> Imps:
    """The first-order terms of every unit of a kind, exact where the objective is linear."""
    both = [_first_order(s, readout, p, kind) for s, p in zip(sources, predictions, strict=True)]
    values = torch.stack([terms for terms, _ in both]).sum(0)
    linear = readout.cap is None and all(p.other is not None for p in predictions)
    exact = torch.full_like(values, linear, dtype=torch.bool)
    layout = sources[0].layout(kind)
    return Imps(sources, predictions, readout, layout, values, exact, [start for _, start in both])


def direct(
    sources: Sources, readout: Readout, prediction: Prediction, kinds: tuple[Kind, ...]
) -> dict[Kind, Tensor]:
    """Direct logit attribution of every unit: u through the frozen norm, times W_U[w] (less that of
    the contrast). The terms of a sum are the sum's term. A soft cap is left out."""
    direction = readout.direction(prediction, sources.final_scale)
    depth = sources.trace.depth
    return {
        kind: torch.cat([sources.linear(kind, b, direction).flatten() for b in range(depth)])
        for kind in kinds
    }


def highest_first(values: Tensor, exact: Tensor) -> Tensor:
    """Numbers of the units, highest first; what is only bounded comes after what is exact."""
    if not len(values):
        return values.new_zeros(0, dtype=torch.long)
    span = values.max() - values.min() + 1
    return torch.where(exact, values, values - span).argsort(descending=True, stable=True)


def _first_order(
    sources: Sources, readout: Readout, prediction: Prediction, kind: Kind
) -> tuple[Tensor, list[float]]:
    """The first-order term of every unit, flat, and the objective at each r."""
    scale, depth = sources.final_scale, sources.trace.depth
    bases = torch.stack([sources.base(kind, block) for block in range(depth)])  # [block, d]
    directions: list[Tensor] = []
    before: list[float] = []
    for some in bases.split(max(1, _ROOM // len(readout.weight))):
        logits = readout.logits(some, scale)
        before += objective(logits, prediction).tolist()
        directions += readout.pulled(slope(readout, logits, prediction), scale)  # [d] each
    terms = [sources.linear(kind, b, along).flatten() for b, along in enumerate(directions)]
    return torch.cat(terms), before


def _increase(
    sources: Sources,
    readout: Readout,
    prediction: Prediction,
    layout: Layout,
    chosen: Tensor,
    starts: Sequence[float],
) -> Tensor:
    """Imp of chosen units exactly, `[n]`; `chosen` are numbers of the layout."""
    room = max(1, _ROOM // len(readout.weight))
    out = torch.empty(len(chosen), device=chosen.device)
    for start in range(0, len(chosen), room):
        some = chosen[start : start + room]
        residuals = torch.empty(len(some), sources.trace.final.shape[-1], device=chosen.device)
        before = torch.empty(len(some), device=chosen.device)
        for block, where, within in layout.parts(some):
            base = sources.base(layout.kind, block)
            residuals[where] = base + sources.writes(layout.kind, block, within)
            before[where] = starts[block]
        logits = readout.logits(residuals, sources.final_scale)
        out[start : start + room] = objective(logits, prediction) - before
    return out
