"""The sites of a transformer of one's own, guessed from its structure.

`discover.py` finds the sites of a transformer whose configuration says how wide it is and how many
heads it has; here both are read from the network:

1. The blocks are the longest list of equal modules that run, or those that the user names.
2. The width is that of what a block gives.
3. The heads are a whole number that an attention module, its block or the network's configuration
   holds under one of the usual names (nanoGPT, minGPT, TransformerLens, `torch.nn`, Hugging Face).

Attention that stands in no block is found by its name: `head.0` is the first that runs.

`torch.nn.MultiheadAttention` computes its output projection without running that module, so that no
hook sees the heads: it is given a forward of its own with the same result (`opened`).
"""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .discover import Discovery, attention_sites, discover, find_blocks
from .probe import Probe, verify
from .site import Site

_HEADS = ("n_head", "n_heads", "num_heads", "nhead", "heads", "num_attention_heads", "h")
_CONFIGS = ("config", "cfg", "args", "hparams")


def own_sites(
    probe: Probe, *, heads: int | None = None, blocks: str | None = None
) -> Discovery | None:
    """The sites of blocks, or of attention without blocks; None where the network has neither.

    Args:
        probe: Of a network that reads rows of places.
        heads: Heads of a block; None: found.
        blocks: Path of the list of blocks; None: found.

    Raises:
        LookupError: if there is no list of modules at the path.
    """
    network = probe.network
    if blocks is not None:
        found = dict(network.named_modules()).get(blocks)
        if not isinstance(found, nn.ModuleList | nn.Sequential):
            raise LookupError(f"'{blocks}' is no list of modules")
        path, members = blocks, found
    else:
        try:
            path, members = find_blocks(network)
        except LookupError:
            return _lone_heads(probe, heads)
    first = probe.seen.get(f"{path}.0")
    if first is None or first.gave is None or first.gave.ndim != 3:
        return None
    config = SimpleNamespace(
        hidden_size=int(first.gave.shape[-1]),
        num_hidden_layers=len(members),
        num_attention_heads=heads or _heads(network, members),
    )
    return discover(probe, config)


def _lone_heads(probe: Probe, heads: int | None) -> Discovery | None:
    """The heads and outputs of attention modules that are in no block, in the order they run."""
    inside = [
        (seen.order, path, seen.module)
        for path, seen in probe.seen.items()
        if path and "att" in type(seen.module).__name__.lower() and seen.gave is not None
    ]
    sites: dict[str, Site] = {}
    refused: dict[str, str] = {}
    outer = [each for each in inside if not any(each[1].startswith(f"{p}.") for _, p, _ in inside)]
    for number, (_, path, module) in enumerate(sorted(outer, key=lambda each: each[0])):
        gave = probe.seen[path].gave
        assert gave is not None
        n = heads or _heads(probe.network, [module])
        for name, found in attention_sites(probe, path, module, number, gave.shape[-1], n).items():
            if isinstance(found, Site):
                sites[name] = replace(found, block=None)
            else:
                refused[name] = found
    good, bad = verify(probe, sites)
    return Discovery(good, "", {**refused, **bad}) if outer else None


def logit_site(probe: Probe, tokens: int) -> Site | None:
    """The linear map that gives the network's output, where that is at least so many tokens wide;
    None: no module gives it."""
    runs = sorted(probe.seen.values(), key=lambda seen: seen.order)
    last = [seen for seen in runs if isinstance(seen.module, nn.Linear)][-1:]
    for seen in last:
        if seen.gave is not None and seen.gave.ndim == 3 and seen.gave.shape[-1] >= tokens:
            return Site("logit", seen.path, "output", int(seen.gave.shape[-1]))
    return None


def _heads(network: nn.Module, blocks: Any) -> int:
    """How many heads a block says that it has; 0: nothing says it."""
    inside = list(blocks[0].modules())
    inside.sort(key=lambda module: "att" not in type(module).__name__.lower())
    holders = [*inside, network, *(getattr(network, name, None) for name in _CONFIGS)]
    for holder in holders:
        for name in _HEADS:
            value = holder.get(name) if isinstance(holder, dict) else getattr(holder, name, None)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
    return 0


class _OpenAttention(nn.MultiheadAttention):
    """Attention whose output projection runs as a module."""

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """As in `torch.nn.MultiheadAttention`, in eval mode."""
        turned = not self.batch_first and query.ndim == 3
        if turned:
            query, key, value = (each.transpose(0, 1) for each in (query, key, value))
        weights, biases = self.in_proj_weight.chunk(3), [None] * 3
        if self.in_proj_bias is not None:
            biases = self.in_proj_bias.chunk(3)
        parts = zip((query, key, value), weights, biases, strict=True)
        given = (functional.linear(*part) for part in parts)  # [row, place, d]
        q, k, v = (part.unflatten(-1, (self.num_heads, -1)).transpose(1, 2) for part in given)
        scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5  # [row, head, place, place]
        if attn_mask is not None:
            mask = attn_mask if attn_mask.ndim == 2 else attn_mask.unflatten(0, scores.shape[:2])
            scores = _masked(scores, mask)
        if key_padding_mask is not None:
            scores = _masked(scores, key_padding_mask[:, None, None])
        pattern = scores.softmax(-1)
        out = self.out_proj((pattern @ v).transpose(1, 2).flatten(2))
        out = out.transpose(0, 1) if turned else out
        if not need_weights:
            return out, None
        return out, pattern.mean(1) if average_attn_weights else pattern


def _masked(scores: Tensor, mask: Tensor) -> Tensor:
    return scores.masked_fill(mask, -torch.inf) if mask.dtype == torch.bool else scores + mask


def opened(network: nn.Module) -> bool:
    """Gives attention modules of `torch.nn` a forward that runs their output projection.

    Returns:
        Whether there were any; those with parts that are seldom used stay as they are.
    """
    found = False
    for module in network.modules():
        if type(module) is nn.MultiheadAttention and _usual(module):
            module.__class__ = _OpenAttention
            found = True
    if found:  # a fused kernel for whole layers would run none of their modules
        torch.backends.mha.set_fastpath_enabled(False)
    return found


def _usual(module: nn.MultiheadAttention) -> bool:
    return module.in_proj_weight is not None and module.bias_k is None and not module.add_zero_attn
