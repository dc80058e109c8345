"""Attention masks by layer: who may look at whom.

What a model needs:

- A Hugging Face causal model (GPT-2, Llama, GPT-NeoX and their kin, `eager` or `sdpa` attention):
  the attention module of each block takes a keyword `attention_mask`, added to its scores. A
  pre-hook puts the mask there.
- Any other module: one module for each layer, in order, with an attribute `extra_mask` that is None
  or a tensor `[query, key]` to be added to the scores before the softmax, -inf where a query may
  not look. It is set for the run and set back.

A model may ignore either. So it is tried: with nobody looking at anything between, the last
place's output must not depend on the tokens between, and the plain causal mask must change nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import UsageError
from ..metrics.rows import Rows
from ..models import Target

_FLASH = ("flash_attention_2", "flash_attention_3", "flex_attention")


def causal(places: int) -> Tensor:
    """`[query, key]` bool: every place looks at itself and what lies before."""
    return torch.ones(places, places).tril().bool()


def closed(places: int, *, sink: bool = True, last_sees_all: bool = False) -> Tensor:
    """`[query, key]` bool: every place looks at itself.

    Args:
        places: How many.
        sink: And at the first place.
        last_sees_all: And the last place at all.
    """
    seen = torch.eye(places).bool()
    seen[:, 0] |= sink
    if last_sees_all:
        seen[-1] = True
    return seen


@contextmanager
def masked(target: Target, masks: Mapping[int, Tensor]) -> Iterator[None]:
    """While open, attention in these layers is masked.

    Args:
        target: The target.
        masks: By layer, `[query, key]` bool: who may look at whom.

    Raises:
        UsageError: if the model has no place for a mask.
    """
    modules = layers(target)
    with ExitStack() as undo:
        for layer, seen in masks.items():
            module = modules[layer]
            if target.kind == "module":
                undo.callback(setattr, module, "extra_mask", getattr(module, "extra_mask", None))
                module.extra_mask = _additive(seen, target)  # type: ignore[assignment]
            else:
                hook = partial(_put, _additive(seen, target)[None, None])
                handle = module.register_forward_pre_hook(hook, with_kwargs=True)
                undo.callback(handle.remove)
        yield


def layers(target: Target) -> list[nn.Module]:
    """The attention module of every layer.

    Raises:
        UsageError: if the model has none that takes a mask; says what it needs.
    """
    if target.kind == "module":
        result = [m for m in target.network.modules() if hasattr(m, "extra_mask")]
        if not result:
            raise UsageError(
                f"{target.name} has no mask hook: give the attention of each layer an attribute "
                "`extra_mask` (None, or [query, key] to be added to its scores)"
            )
        return result
    config = getattr(target.network, "config", None)
    if target.kind != "causal" or getattr(config, "_attn_implementation", "") in _FLASH:
        raise UsageError(
            f"attention of {target.name} cannot be masked by layer: it has to be a causal model "
            "with eager or sdpa attention"
        )
    names = [name for name in target.sites if name.startswith("head.")]
    if not names:
        raise UsageError(f"{target.name} has no attention that could be masked")
    numbered = sorted(names, key=lambda name: int(name.partition(".")[2]))
    return [
        target.network.get_submodule(target.sites[name].module.rpartition(".")[0])
        for name in numbered
    ]


def check_masks(target: Target, ids: Sequence[int], *, sink: bool = True) -> None:
    """Tries both promises of the module's docstring on one row.

    Raises:
        UsageError: if the model does not keep them.
    """
    row = np.asarray([list(ids)], np.int32)
    places, depth = row.shape[1], len(layers(target))
    if places < 3:
        raise UsageError("a route needs prompts of three tokens or more")
    other = row.copy()
    between = slice(int(sink), places - 1)
    other[0, between] = np.where(row[0, between] == row[0, -1], row[0, 0], row[0, -1])
    plain = last_logits(target, row)
    with masked(target, dict.fromkeys(range(depth), causal(places))):
        same = last_logits(target, row)
    with masked(target, dict.fromkeys(range(depth), closed(places, sink=sink))):
        one, two = last_logits(target, row), last_logits(target, other)
    step = max(1e-3, 16 * torch.finfo(plain.dtype).eps) * (1 + float(plain.float().abs().max()))
    if float((plain - same).float().abs().max()) > step:
        raise UsageError(
            f"{target.name} changes under the plain causal mask: its attention is not the plain "
            "causal one (a sliding window, perhaps), so that a route through it would be wrong"
        )
    if float((one - two).float().abs().max()) > step:
        raise UsageError(
            f"{target.name} ignores attention masks: with all tokens between masked its last "
            "place still depends on them"
        )


def last_logits(target: Target, ids: np.ndarray, changes: Sequence[Any] = ()) -> Tensor:
    """Logits of the last place, `[row, vocabulary]`."""
    output = target.trace(Rows(ids), interventions=changes, output="last").output
    assert output is not None
    return output[:, -1] if output.ndim == 3 else output


def _additive(seen: Tensor, target: Target) -> Tensor:
    weight = next(target.network.parameters())
    mask = torch.zeros(seen.shape, dtype=weight.dtype, device=target.device)
    return mask.masked_fill_(~seen.to(target.device), torch.finfo(weight.dtype).min)


def _put(mask: Tensor, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if "attention_mask" not in kwargs:
        raise UsageError(
            f"the attention {type(module).__name__} takes no keyword attention_mask, so that "
            "it cannot be masked by layer"
        )
    return args, {**kwargs, "attention_mask": mask}
