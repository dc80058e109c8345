"""Gradient methods: how the prediction answers to a change of a unit's activation.

- Taylor: |dL/dh . h|, the first-order estimate of what zeroing the unit does (FuxiTranyu), with the
  whole network behind it and not the direct path alone; L = log p(w), or the difference of two
  logits. At the place of the prediction, or summed over all places (`everywhere`).
- Integrated gradients: h . mean over steps of dL/dh, while all units of the unit's site at the
  place go from 0 to their values together (as in Dai et al. 2022, who integrate the probability;
  here log p). Over a site they sum to L(full) - L(site zeroed), up to the steps.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..interventions.gradients import slopes
from ..metrics.rows import Rows
from ..metrics.target_tokens import Prediction
from ..models import Intervention, scale
from ..residual.exact import ExactTrace
from ..residual.readout import objective
from .sources import Kind, Sources

_ROWS = 8
"""Steps of a path that run together."""


def taylor(
    sources: Sequence[Sources],
    predictions: Sequence[Prediction],
    kinds: tuple[Kind, ...],
    *,
    everywhere: bool = False,
) -> dict[Kind, Tensor]:
    """|dL/dh . h| of every unit, flat; L is summed over the predictions."""
    trace = sources[0].trace
    depth = trace.depth
    names = [
        f"{end}.{block}"
        for end in _ends(kinds)
        for block in range(depth)
        if not _silent(sources[0], end, block)
    ]
    result = _slopes(trace, trace.ids, names, predictions)
    out: dict[Kind, Tensor] = {}
    for kind in kinds:
        parts = []
        for block in range(depth):
            end = "mlp" if kind == "mlp" else "head"
            if _silent(sources[0], end, block):
                continue
            slope = result[f"{end}.{block}"][0]  # [place, unit] or [place, head, channel]
            if kind == "head":
                slope = slope.reshape(trace.heads[block].shape[1:])
            if everywhere:
                values = trace.neurons[block] if kind == "mlp" else trace.heads[block]
                product = values[0].float() * slope
                parts.append(product.sum(0) if kind == "mlp" else product.sum((0, 2)))
            else:
                each = [
                    source.weigh(
                        kind, block, slope[source.place].reshape(_shape(source, kind, block))
                    )
                    for source in sources
                ]
                parts.append(torch.stack(each).sum(0))
        out[kind] = torch.cat(parts).abs()
    return out


def integrated(
    sources: Sequence[Sources],
    predictions: Sequence[Prediction],
    kinds: tuple[Kind, ...],
    *,
    steps: int,
) -> dict[Kind, Tensor]:
    """Integrated gradients of every unit, flat, by the midpoints of `steps` equal parts."""
    trace = sources[0].trace
    parts: dict[Kind, list[Tensor]] = {kind: [] for kind in kinds}
    middles = [(step + 0.5) / steps for step in range(steps)]
    for block in range(trace.depth):
        for end in _ends(kinds):
            name = f"{end}.{block}"
            if _silent(sources[0], end, block):
                continue
            means = []
            for source, prediction in zip(sources, predictions, strict=True):
                total = None
                for i in range(0, steps, _ROWS):
                    some = middles[i : i + _ROWS]
                    changes = [
                        scale(name, None, part).at(rows=[row], places=[source.place])
                        for row, part in enumerate(some)
                    ]
                    rows = trace.ids.expand(len(some), -1)
                    result = _slopes(trace, rows, [name], [prediction], changes)[name]
                    result = result[:, source.place].sum(0)
                    total = result if total is None else total + result
                assert total is not None
                means.append(total / steps)
            for kind in kinds:
                if ("mlp" if kind == "mlp" else "head") == end:
                    each = [
                        source.weigh(kind, block, mean.reshape(_shape(source, kind, block)))
                        for source, mean in zip(sources, means, strict=True)
                    ]
                    parts[kind].append(torch.stack(each).sum(0))
    return {kind: torch.cat(result) for kind, result in parts.items()}


def _silent(source: Sources, end: str, block: int) -> bool:
    """Whether there is no site, because the block's MLP writes nothing."""
    return end == "mlp" and source.trace.architecture.blocks[block].mlp.silent


def _ends(kinds: tuple[Kind, ...]) -> list[str]:
    return list(dict.fromkeys("mlp" if kind == "mlp" else "head" for kind in kinds))


def _shape(source: Sources, kind: Kind, block: int) -> tuple[int, ...]:
    """Of a slope at one place."""
    values = source.trace.neurons[block] if kind == "mlp" else source.trace.heads[block]
    return tuple(values.shape[2:])


def _slopes(
    trace: ExactTrace,
    rows: Tensor,
    sites: Sequence[str],
    predictions: Sequence[Prediction],
    changes: Sequence[Intervention] = (),
) -> dict[str, Tensor]:
    """Derivatives of the objective, summed over rows and predictions, by the values of sites,
    float32."""
    last = all(p.place == rows.shape[1] - 1 for p in predictions)

    def summed(logits: Tensor) -> Tensor:
        each = [objective((logits if last else logits[:, p.place]).float(), p) for p in predictions]
        return torch.stack(each).sum()

    result = slopes(
        trace.target, Rows(rows.cpu().numpy()), sites, summed, changes=changes, every_place=not last
    )
    return {site: slope.float() for site, slope in result.items()}
