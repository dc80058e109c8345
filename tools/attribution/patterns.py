"""Attention patterns and values, computed when they are asked for, in a forward of their own.

1. The network runs once more with the plain ("eager") attention, which gives its weights; of each
   pattern only the asked rows are kept.
2. A key-value cache of that run holds the values, `[kv head, place, channel]`; under grouped
   queries each serves a group of heads.
3. Check: weights times values are the heads' outputs z of the exact trace, at every asked place.
"""

from collections.abc import Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..errors import UsageError
from ..models import Target
from ..models.forward import caching
from ..residual.exact import ExactTrace


class Pattern(NamedTuple):
    """The attention of one block."""

    weights: Tensor
    """alpha, `[row, head, asked place, place]`."""
    values: Tensor
    """`[row, head, place, channel]`: W_V LN(h) with its bias, one a head (repeated in a group)."""


def attention_patterns(
    trace: ExactTrace, *, places: Sequence[int] | None = None
) -> tuple[Pattern, ...]:
    """Weights and values of every block.

    Args:
        trace: An exact trace of a causal model.
        places: Query places to keep; None: all.

    Raises:
        UsageError: if the network does not give them, or they do not explain the heads' outputs.
    """
    target = trace.target
    if target.kind != "causal":
        raise UsageError(
            f"{target.name} is no causal model: its attention values are not kept in a cache, so "
            "that patterns cannot be checked; use the head sites"
        )
    kept = list(range(trace.ids.shape[1])) if places is None else list(places)
    weights: list[Tensor | None] = [None] * trace.depth
    shape = (len(trace.ids), trace.ids.shape[1], trace.ids.shape[1])

    def keep(block: int, module: nn.Module, args: Any, output: Any) -> None:
        for item in output if isinstance(output, tuple) else ():
            if (
                isinstance(item, Tensor)
                and item.ndim == 4
                and (item.shape[0], *item.shape[2:]) == shape
            ):
                weights[block] = item[:, :, kept].float().clone()

    from transformers import DynamicCache

    past = DynamicCache()
    with target.lock, torch.no_grad(), _eager(target), ExitStack() as hooks:
        for number, block in enumerate(trace.architecture.blocks):
            for path in _around(target, block.attention.path, number):
                module = target.network.get_submodule(path)
                hooks.callback(module.register_forward_hook(partial(keep, number)).remove)
        mask = {} if bool(trace.attended.all()) else {"attention_mask": trace.attended.long()}
        target.body(input_ids=trace.ids, **caching(target.body, past), **mask)
    return tuple(
        _checked(trace, number, weights[number], _values(past, number), kept)
        for number in range(trace.depth)
    )


def _values(past: Any, block: int) -> Tensor | None:
    layers = past.layers
    return getattr(layers[block], "values", None) if block < len(layers) else None


def _checked(
    trace: ExactTrace, block: int, weights: Tensor | None, values: Tensor | None, kept: list[int]
) -> Pattern:
    name = trace.target.name
    z = trace.heads[block]  # [row, place, head, channel]
    heads, channels = z.shape[2:]
    if (
        weights is None
        or values is None
        or values.ndim != 4
        or values.shape[2] != z.shape[1]
        or values.shape[3] != channels
        or heads % values.shape[1]
        or weights.shape[1] != heads
    ):
        raise UsageError(
            f"{name} does not give attention weights and values at block {block}, so that its "
            "heads cannot be split by place; leave out the kind 'attention'"
        )
    each = values.float().repeat_interleave(heads // values.shape[1], 1)
    again = torch.einsum("rhqp,rhpc->rqhc", weights, each)
    there = trace.attended[:, kept]
    want = z[:, kept].float()[there]
    apart = float((again[there] - want).norm() / want.norm().clamp(min=1e-30))
    if not apart <= 10 * trace.limit:
        raise UsageError(
            f"{name}: attention weights times values are {apart:.1e} away from the heads' outputs "
            f"at block {block}, so that they cannot be split by place; leave out 'attention'"
        )
    return Pattern(weights, each)


def _around(target: Target, path: str, number: int) -> list[str]:
    """The modules of a block that hold its attention output projection."""
    assert target.probe is not None
    block = f"{target.probe.blocks}.{number}"
    parts = path.removeprefix(block + ".").split(".")[:-1]
    return [".".join([block, *parts[: i + 1]]) for i in range(len(parts))]


@contextmanager
def _eager(target: Target) -> Any:
    """While open, attention is computed plainly, so that it gives its weights."""
    network: Any = target.network
    config = getattr(network, "config", None)
    before = getattr(config, "_attn_implementation", None)
    change = getattr(network, "set_attn_implementation", None)
    if change is None or before in (None, "eager"):
        yield
        return
    change("eager")
    try:
        yield
    finally:
        change(before)
