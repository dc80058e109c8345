"""Finds the sites of a transformer from its module structure, and checks them with a probe run.

1. The blocks are the longest `ModuleList` whose members are of one class.
2. A probe forward records, in order, every linear map inside each block with its shapes.
3. In a block, the last linear map of the attention part that writes d_model is the attention
   output projection: its input, cut by heads, holds the heads. The last linear map outside the
   attention part that writes d_model is the down-projection: its input holds the neurons.
4. What a block does not have in this form (fused experts, say) is refused by name.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .site import Site

_FLOORS = {
    "gelu": -0.17,
    "gelu_new": -0.17,
    "gelu_pytorch_tanh": -0.17,
    "gelu_fast": -0.17,
    "quick_gelu": -0.17,
    "relu": 0.0,
    "silu": -0.2785,
    "swish": -0.2785,
}


class Found(NamedTuple):
    """Sites, the path of the blocks, and what is refused with the reason."""

    sites: dict[str, Site]
    blocks: str
    refused: dict[str, str]


def discover(network: nn.Module, config: Any, probe: Callable[[], Any]) -> Found:
    """The sites of a transformer.

    Args:
        network: The model.
        config: Its Hugging Face configuration.
        probe: Runs one small forward of `network`.
    """
    blocks_path, blocks = _blocks(network)
    width = int(config.hidden_size)
    heads = int(config.num_attention_heads)
    calls = _record(network, probe)
    sites: dict[str, Site] = {}
    refused: dict[str, str] = {}

    def put(name: str, module: str, port: Any, units: int, block: int | None, **more: Any) -> None:
        sites[name] = Site(name, module, port, units, block=block, **more)

    for number, block in enumerate(blocks):
        path = f"{blocks_path}.{number}"
        linear = [call for call in calls if call.path.startswith(path + ".") and call.linear]
        attention = _attention(block, path)
        inside = [c for c in linear if attention and c.path.startswith(attention + ".")]
        writes = [c for c in inside if c.output == width]
        if attention and writes and writes[-1].input % heads == 0:
            out = writes[-1]
            put(
                f"head.{number}",
                out.path,
                "input",
                heads,
                number,
                channels=out.input // heads,
                readout="norm",
            )
            put(f"attn_out.{number}", out.path, "output", width, number)
        else:
            refused[f"head.{number}"] = "no attention output projection was found in its block"
        outside = [c for c in linear if c not in inside and c.output == width]
        if outside:
            down = outside[-1]
            same = [c for c in linear if c not in inside and c.output == down.input]
            act = getattr(config, "hidden_act", None) or getattr(
                config, "activation_function", None
            )
            put(
                f"mlp.{number}",
                down.path,
                "input",
                down.input,
                number,
                gated=len(same) > 1,
                floor=None if len(same) > 1 else _FLOORS.get(str(act)),
            )
            put(f"mlp_out.{number}", down.path, "output", width, number)
        else:
            refused[f"mlp.{number}"] = (
                "its block has no linear down-projection (fused experts cannot be reached by hooks)"
            )
        put(f"resid.{number}", path, "output", width, number)
    head = _head(network)
    if head is not None:
        put("logit", head[0], "output", head[1], None)
    return Found(sites, blocks_path, refused)


class _Call(NamedTuple):
    path: str
    linear: bool
    input: int
    output: int


def _record(network: nn.Module, probe: Callable[[], Any]) -> list[_Call]:
    calls: list[_Call] = []

    def hook(path: str) -> Any:
        def record(module: nn.Module, args: Any, output: Any) -> None:
            if args and isinstance(args[0], Tensor) and isinstance(output, Tensor):
                weight = getattr(module, "weight", None)
                linear = isinstance(weight, Tensor) and weight.ndim == 2
                calls.append(_Call(path, linear, args[0].shape[-1], output.shape[-1]))

        return record

    handles = [
        module.register_forward_hook(hook(path))
        for path, module in network.named_modules()
        if not any(True for _ in module.children())
    ]
    try:
        with torch.no_grad():
            probe()
    finally:
        for handle in handles:
            handle.remove()
    return calls


def _blocks(network: nn.Module) -> tuple[str, nn.ModuleList]:
    lists = [
        (path, module)
        for path, module in network.named_modules()
        if isinstance(module, nn.ModuleList)
        and len(module) > 0
        and len({type(member) for member in module}) == 1
        and _attention(module[0], "") is not None
    ]
    if not lists:
        raise LookupError("no list of transformer blocks")
    return max(lists, key=lambda item: len(item[1]))


def _attention(block: nn.Module, path: str) -> str | None:
    for name, module in block.named_modules():
        if name and "attention" in type(module).__name__.lower():
            return f"{path}.{name}" if path else name
    return None


def _head(network: nn.Module) -> tuple[str, int] | None:
    get = getattr(network, "get_output_embeddings", None)
    head = get() if get is not None else None
    if head is None:
        return None
    for path, module in network.named_modules():
        if module is head:
            return path, int(head.weight.shape[0])
    return None
