"""Finds the sites of a transformer from its module structure and a probe run.

1. The blocks are the list of modules of one class, with attention in them, that is as long as the
   configuration says (the longest one otherwise).
2. A probe run records every module inside each block with its shapes.
3. In a block, the last linear map of the attention part that writes d_model is the attention
   output projection: its input, cut by heads, holds the heads. Of the linear maps outside the
   attention part that write d_model, the one that reads most (the last of them) is the
   down-projection: its input holds the neurons. They are gated when more than the activation
   function shapes them; else its minimum is their floor.
4. What a block does not have in this form (fused experts, say) is refused by name.
5. A second probe run verifies every site (see `probe.py`).
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .probe import Probe, Seen, floor_of, is_leaf, layout_of, verify
from .site import Site


class Discovery(NamedTuple):
    """Sites, the path of the blocks, and what is refused with the reason."""

    sites: dict[str, Site]
    blocks: str
    refused: dict[str, str]


def discover(probe: Probe, config: Any) -> Discovery:
    """The sites of a transformer; `config` is its Hugging Face configuration.

    Raises:
        LookupError: if there is no list of blocks.
    """
    network = probe.network
    path, blocks = find_blocks(network, getattr(config, "num_hidden_layers", None))
    width = int(config.hidden_size)
    sites: dict[str, Site] = {}
    refused: dict[str, str] = {}
    for number, block in enumerate(blocks):
        if f"{path}.{number}" not in probe.seen:
            continue
        heads = getattr(config, "num_attention_heads", None)
        if isinstance(heads, Sequence):
            heads = heads[number]
        parts = _Block(probe, f"{path}.{number}", block, number, width, int(heads or 0))
        for name, result in parts.sites().items():
            if isinstance(result, Site):
                sites[name] = result
            else:
                refused[name] = result
    good, bad = verify(probe, sites)
    head = _head(probe, network)
    if head is not None:
        good["logit"] = head
    return Discovery(good, path, {**refused, **bad})


def attention_sites(
    probe: Probe, path: str, attention: nn.Module, number: int, width: int, heads: int
) -> dict[str, Site | str]:
    """`head.N` and `attn_out.N` of an attention module that is in no block; a text says why there
    is none."""
    alone = _Block(probe, path, attention, number, width, heads)
    alone.attention = path
    found = alone.sites()
    return {name: found[name] for name in (f"head.{number}", f"attn_out.{number}")}


def find_blocks(network: nn.Module, depth: int | None = None) -> tuple[str, nn.ModuleList]:
    """The list of blocks of a transformer, with its path."""
    lists = [
        (path, module)
        for path, module in network.named_modules()
        if isinstance(module, nn.ModuleList)
        and len(module) > 0
        and len({type(member) for member in module}) == 1
        and any(True for _ in module.parameters())
    ]
    result = [item for item in lists if any(_attention(member) for member in item[1])] or lists
    if not result:
        raise LookupError("no list of transformer blocks")
    return max(result, key=lambda item: (len(item[1]) == depth, len(item[1])))


class _Block:
    """One block of the probe run."""

    def __init__(
        self, probe: Probe, path: str, block: nn.Module, number: int, width: int, heads: int
    ) -> None:
        self.path, self.block, self.number = path, block, number
        self.width, self.heads, self.places = width, heads, probe.places
        inside = [s for s in probe.seen.values() if s.path.startswith(path + ".")]
        self.seen = sorted(inside, key=lambda item: item.order)
        self.whole = probe.seen[path]
        name = _attention(block)
        self.attention = f"{path}.{name}" if name else None

    def sites(self) -> dict[str, Site | str]:
        """Sites by name; a text is the reason why there is none."""
        number = self.number
        linear = [s for s in self.seen if _linear(s)]
        attends = [s for s in linear if self._attends(s)]
        other = [s for s in linear if not self._attends(s)]
        result: dict[str, Site | str] = {}
        writes = [s for s in attends if _last(s.gave) == self.width]
        out = writes[-1] if writes else None
        if out is None:
            reason = "no attention output projection was found in its block"
            result[f"head.{number}"] = result[f"attn_out.{number}"] = reason
        else:
            result[f"head.{number}"] = self._head(out)
            result[f"attn_out.{number}"] = self._site("attn_out", out, "output")
        experts = self._experts()
        downs = [s for s in other if _last(s.gave) == self.width]
        if self.attention is None:  # a state-space block: only what says that it is an MLP
            downs = [s for s in downs if re.search(r"mlp|ffn|feed_forward|fc\d", s.path)]
        down = max(downs, key=lambda s: (_last(s.given) or 0, s.order)) if downs else None
        if experts is not None:
            whole = self._part(experts)
            extra = ""
            if down is not None:
                extra = f"; the shared expert is the site '{down.path}:in'"
            result[f"mlp.{number}"] = (
                f"the experts in '{experts}' are fused into three-dimensional tensors, so that no "
                f"module passes their neurons{extra}; mlp_out.{number} is their summed output"
            )
            result[f"mlp_out.{number}"] = (
                self._site("mlp_out", whole, "output")
                if whole
                else "the experts' output is no tensor of places"
            )
        elif down is not None:
            result[f"mlp.{number}"] = self._neurons(down, other)
            result[f"mlp_out.{number}"] = self._site("mlp_out", down, "output")
        else:
            reason = "its block has no linear down-projection"
            result[f"mlp.{number}"] = result[f"mlp_out.{number}"] = reason
        result[f"resid.{number}"] = self._site("resid", self.whole, "output")
        return result

    def _site(self, kind: str, seen: Seen, port: Any, **more: Any) -> Site | str:
        raw = seen.given if port == "input" else seen.gave
        if seen.calls != 1:
            return f"module '{seen.path}' runs {seen.calls} times in one forward pass"
        layout = layout_of(raw, self.places)
        if raw is None or layout not in ("sequence", "joined"):
            shape = None if raw is None else list(raw.shape)
            return f"the {port} of '{seen.path}' has the shape {shape}, not [input, place, unit]"
        more.setdefault("units", raw.shape[-1])
        name = f"{kind}.{self.number}"
        return Site(
            name=name, module=seen.path, port=port, block=self.number, layout=layout, **more
        )

    def _head(self, out: Seen) -> Site | str:
        size = _last(out.given) or 0
        if not self.heads or size % self.heads:
            return f"the {size} inputs of '{out.path}' do not divide into {self.heads} heads"
        channels = size // self.heads
        if channels == 1:
            return self._site("head", out, "input", units=self.heads)
        return self._site("head", out, "input", units=self.heads, channels=channels, readout="norm")

    def _neurons(self, down: Seen, linear: list[Seen]) -> Site | str:
        size = _last(down.given)
        ups = [s for s in linear if s.order < down.order and _last(s.gave) == size]
        joined = [s for s in linear if s.order < down.order and _last(s.gave) == 2 * (size or 0)]
        gated = len(ups) > 1 or (not ups and bool(joined))
        act = None
        for seen in self.seen:
            if seen.gave is None or down.given is None or self._attends(seen):
                continue
            if torch.equal(seen.gave, down.given):
                act = seen if floor_of(seen.module) is not None else act
        floor = floor_of(act.module) if act is not None and not gated else None
        return self._site("mlp", down, "input", gated=gated, floor=floor)

    def _attends(self, seen: Seen) -> bool:
        return self.attention is not None and seen.path.startswith(self.attention + ".")

    def _experts(self) -> str | None:
        """The module that holds fused experts."""
        for name, module in self.block.named_modules():
            if "expert" in f"{name} {type(module).__name__}".lower():
                own = list(module.parameters(recurse=False))
                if any(weight.ndim == 3 for weight in own):
                    return f"{self.path}.{name}"
        return None

    def _part(self, inner: str) -> Seen | None:
        """The widest part of the block around a module that gives a tensor of places."""
        around = [s for s in self.seen if (inner + ".").startswith(s.path + ".")]
        fit = [s for s in around if s.gave is not None and s.gave.ndim == 3]
        return max(fit, key=lambda item: item.order) if fit else None


def _head(probe: Probe, network: nn.Module) -> Site | None:
    """The vocabulary projection's output, before any soft cap of the model."""
    get = getattr(network, "get_output_embeddings", None)
    head = get() if get is not None else None
    for path, module in network.named_modules():
        if head is not None and module is head:
            return Site("logit", path, "output", int(module.weight.shape[0]))  # pyright: ignore
    return None


def _attention(block: nn.Module) -> str | None:
    for name, module in block.named_modules():
        kind = type(module).__name__.lower()
        if name and ("attention" in kind or "attn" in kind):
            return name
    return None


def _linear(seen: Seen) -> bool:
    weight = getattr(seen.module, "weight", None)
    return (
        isinstance(weight, Tensor)
        and weight.ndim == 2
        and is_leaf(seen.module)
        and seen.given is not None
        and seen.given.is_floating_point()
        and seen.gave is not None
    )


def _last(raw: Tensor | None) -> int | None:
    return None if raw is None else int(raw.shape[-1])
