"""Log-probability increase of units, and the first-order term that bounds it.

Imp(u -> w) = log p(w | r + u) - log p(w | r), with the final norm's scale of the full run
(Yu & Ananiadou 2024). r is the residual before the MLP for neurons, the layer input for heads and
attention neurons.

1. First order: the derivative of log p(w) at r, (W_U[w] - E_p[W_U]) through the frozen norm, times
   u. One vocabulary-wide softmax a block instead of one a unit.
2. log p(w) is concave in the logits, and they are linear in r while the scale is frozen: the
   first-order term is never below Imp. So once the units with the largest terms have been computed
   exactly, every unit that is at least as large as the largest term left over is proven to be
   where it stands.
3. The difference of two logits is linear: for a contrast the first-order term is Imp itself.

A soft cap on the logits breaks 2 and 3; then nothing is called proven.
"""

import torch
from torch import Tensor

from ..metrics.target_tokens import Prediction
from ..residual.readout import Readout, objective, slope
from .sources import Kind, Layout, Sources

Starts = dict[tuple[Kind, int], float]
"""The objective at each r: by `mlp` (before the MLP) or `head` (layer input), and block."""
_ROOM = 1 << 24
"""Logits in memory at a time."""


def first_order(
    sources: Sources,
    readout: Readout,
    prediction: Prediction,
    kinds: tuple[Kind, ...],
    starts: Starts | None = None,
) -> dict[Kind, Tensor]:
    """The first-order term of every unit: a flat row of numbers for each kind.

    `starts` is filled with the objective at each r, which `increase` needs.
    """
    scale = sources.final_scale
    depth = sources.trace.depth
    ends: list[Kind] = ["mlp" if kind == "mlp" else "head" for kind in kinds]
    wanted: list[tuple[Kind, int]] = [
        (end, block) for end in dict.fromkeys(ends) for block in range(depth)
    ]
    bases = torch.stack([sources.base(kind, block) for kind, block in wanted])  # [base, d]
    room = max(1, _ROOM // len(readout.weight))
    parts = []
    before: list[float] = []
    for some in bases.split(room):
        logits = readout.logits(some, scale)
        before += objective(logits, prediction).tolist()
        parts.append(readout.pulled(slope(readout, logits, prediction), scale))
    if starts is not None:
        starts.update(zip(wanted, before, strict=True))
    by_base = dict(zip(wanted, torch.cat(parts), strict=True))  # [d] each
    return {
        kind: torch.cat(
            [
                sources.linear(kind, b, by_base["mlp" if kind == "mlp" else "head", b]).flatten()
                for b in range(depth)
            ]
        )
        for kind in kinds
    }


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


def increase(
    sources: Sources,
    readout: Readout,
    prediction: Prediction,
    layout: Layout,
    chosen: Tensor,
    starts: Starts,
) -> Tensor:
    """Imp of chosen units exactly, `[n]`, in bounded memory; `chosen` are numbers of the layout."""
    scale = sources.final_scale
    room = max(1, _ROOM // len(readout.weight))
    out = torch.empty(len(chosen), device=chosen.device)
    end: Kind = "mlp" if layout.kind == "mlp" else "head"
    for at in range(0, len(chosen), room):
        some = chosen[at : at + room]
        residuals = torch.empty(len(some), sources.trace.final.shape[-1], device=chosen.device)
        before = torch.empty(len(some), device=chosen.device)
        for block, where, within in layout.parts(some):
            base = sources.base(layout.kind, block)
            residuals[where] = base + sources.writes(layout.kind, block, within)
            before[where] = starts[end, block]
        logits = readout.logits(residuals, scale)
        out[at : at + room] = objective(logits, prediction) - before
    return out
