"""Gradient methods: how the prediction answers to a change of a unit's activation.

- Taylor: |dL/dh . h|, the first-order estimate of what zeroing the unit does (FuxiTranyu), with the
  whole network behind it and not the direct path alone; L = log p(w), or the difference of two
  logits. At the place of the prediction, or summed over all places (`everywhere`).
- Integrated gradients: h . mean over steps of dL/dh, while all units of the unit's site at the
  place go from 0 to their values together (as in Dai et al. 2022, who integrate the probability;
  here log p). Over a site they sum to L(full) - L(site zeroed), up to the steps.

Weights need no gradients, so that a backward pass costs about one forward.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ..metrics.target_tokens import Prediction
from ..models import Intervention, Target, scale
from ..models.forward import keeps_logits
from ..models.trace import first_tensor, hooked
from ..residual.readout import objective
from .sources import Kind, Sources

_ROWS = 8
"""Steps of a path that run together."""


def slopes(
    target: Target,
    ids: Tensor,
    sites: Sequence[str],
    predictions: Sequence[Prediction],
    *,
    changes: Sequence[Intervention] = (),
    first: int = 0,
) -> dict[str, Tensor]:
    """Derivatives of the summed objective by the values of sites.

    Args:
        target: A causal target.
        ids: `[row, place]`.
        sites: Neuron and head sites (inputs of projections), none below block `first`.
        predictions: What is predicted on every row.
        changes: Interventions to carry.
        first: The block from whose input on gradients are kept.

    Returns:
        By site, `[row, place, unit]` or `[row, place, head, channel]`, float32.
    """
    assert target.probe is not None
    start = target.network.get_submodule(f"{target.probe.blocks}.{first}")
    raws: dict[str, Tensor] = {}
    with target.lock, torch.enable_grad():
        with (
            _leaf(start),
            hooked(target.network, target.sites, (), changes, inputs=len(ids)),
            _kept(target, sites, raws),
        ):
            total = _summed(target, ids, predictions)
        found = torch.autograd.grad(total, [raws[name] for name in sites])
    out = {}
    for name, slope in zip(sites, found, strict=True):
        out[name] = target.sites[name].read(slope, inputs=len(ids)).float()
    return out


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
    found = slopes(trace.target, trace.ids, names, predictions)
    out: dict[Kind, Tensor] = {}
    for kind in kinds:
        parts = []
        for block in range(depth):
            end = "mlp" if kind == "mlp" else "head"
            if _silent(sources[0], end, block):
                continue
            slope = found[f"{end}.{block}"][0]  # [place, unit] or [place, head, channel]
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
                for at in range(0, steps, _ROWS):
                    some = middles[at : at + _ROWS]
                    changes = [
                        scale(name, None, part).at(rows=[row], places=[source.place])
                        for row, part in enumerate(some)
                    ]
                    rows = trace.ids.expand(len(some), -1)
                    found = slopes(
                        trace.target, rows, [name], [prediction], changes=changes, first=block
                    )[name][:, source.place].sum(0)
                    total = found if total is None else total + found
                assert total is not None
                means.append(total / steps)
            for kind in kinds:
                if ("mlp" if kind == "mlp" else "head") == end:
                    each = [
                        source.weigh(kind, block, mean.reshape(_shape(source, kind, block)))
                        for source, mean in zip(sources, means, strict=True)
                    ]
                    parts[kind].append(torch.stack(each).sum(0))
    return {kind: torch.cat(found) for kind, found in parts.items()}


def _silent(source: Sources, end: str, block: int) -> bool:
    """Whether there is no site, because the block's MLP writes nothing."""
    return end == "mlp" and source.trace.architecture.blocks[block].mlp.silent


def _ends(kinds: tuple[Kind, ...]) -> list[str]:
    return list(dict.fromkeys("mlp" if kind == "mlp" else "head" for kind in kinds))


def _shape(source: Sources, kind: Kind, block: int) -> tuple[int, ...]:
    """Of a slope at one place."""
    values = source.trace.neurons[block] if kind == "mlp" else source.trace.heads[block]
    return tuple(values.shape[2:])


def _summed(target: Target, ids: Tensor, predictions: Sequence[Prediction]) -> Tensor:
    network: Any = target.network
    places = sorted({prediction.place for prediction in predictions})
    if keeps_logits(network):
        kept = torch.tensor(places, device=ids.device)
        logits = network(input_ids=ids, use_cache=False, logits_to_keep=kept).logits
    else:
        logits = network(input_ids=ids, use_cache=False).logits[:, places]
    logits = logits.float()  # [row, asked place, vocabulary]
    each = [objective(logits[:, places.index(p.place)], p).sum() for p in predictions]
    return torch.stack(each).sum()


@contextmanager
def _leaf(block: nn.Module) -> Iterator[None]:
    """While open, what goes into a block is where gradients begin."""

    def begin(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = first_tensor(args, kwargs)
        assert given is not None
        given = given.detach().requires_grad_(True)
        if args:
            return (given, *args[1:]), kwargs
        name = next(key for key, value in kwargs.items() if isinstance(value, Tensor))
        return args, {**kwargs, name: given}

    handle = block.register_forward_pre_hook(begin, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def _kept(target: Target, sites: Sequence[str], raws: dict[str, Tensor]) -> Iterator[None]:
    """While open, forwards keep the tensors that hold the sites, as they stand in the graph."""
    handles = []

    def keep(name: str) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            raw = first_tensor(args, kwargs)
            assert raw is not None
            raws[name] = raw

        return hook

    try:
        for name in sites:
            module = target.network.get_submodule(target.sites[name].module)
            handles.append(module.register_forward_pre_hook(keep(name), with_kwargs=True))
        yield
    finally:
        for handle in handles:
            handle.remove()
