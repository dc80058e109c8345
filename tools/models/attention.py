"""Attention weights of any network that has heads: Hugging Face's, nanoGPT's form, `torch.nn`'s.

1. While the network runs, every call of `scaled_dot_product_attention` and of `softmax` is seen
   (`torch.overrides`); of the first the weights are computed again from its queries and keys.
2. A head site is the input of the output projection. The weights that were seen last before it
   passes are its own.
3. Check: what the network made of these weights and its values is what passes at the site. Where
   that does not hold (gates, a softmax of one's own), the site is refused.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from ..errors import UsageError
from .forward import Inputs
from .target import Target

_SOFTMAX = (torch.softmax, Tensor.softmax, functional.softmax)
_PRODUCT = (torch.matmul, Tensor.matmul, Tensor.__matmul__, torch.bmm, Tensor.bmm, torch.einsum)
PATTERNS = {
    "previous": "the token before",
    "next": "the token behind it",
    "itself": "the token itself",
    "copies": "other copies of the same token",
    "induction": "the token behind an earlier copy (induction)",
    "first": "the first token",
    "delimiter": "delimiters",
    "uniform": "all that it sees alike",
}
"""In words; `uniform` is a pattern of weights, and has no places of its own."""
_ROWS = 4
_STEP = 1e-3
"""Relative distance of weights times values from the heads: single precision, or bfloat16's .01."""


def attention_weights(
    target: Target, rows: Inputs, sites: Sequence[str] | None = None
) -> dict[str, Tensor]:
    """What each head looks at.

    Args:
        target: A network with head sites.
        rows: Rows of tokens, of one length where the target is a plain module.
        sites: Head sites; None: all.

    Returns:
        By site `[row, head, place, seen place]`, float32; rows add up to 1.

    Raises:
        UsageError: if it has no heads, or their weights cannot be seen.
    """
    known = [name for name in target.sites if name.startswith("head.")]
    wanted = list(known if sites is None else sites)
    if not wanted:
        why = next((v for k, v in target.refused.items() if k.startswith("head.")), "")
        raise UsageError(f"{target.name} has no attention heads{f': {why}' if why else ''}")
    out: dict[str, Tensor] = {}
    with _Watch() as seen:

        def take(name: str, values: Tensor) -> None:
            out[name] = _checked(target, name, seen, values, rows)

        target.trace(rows, wanted, output=False, take=take)
    return out


class _Watch(TorchFunctionMode):
    """Keeps the last attention weights of a run, and what was made of them and the values."""

    def __init__(self) -> None:
        super().__init__()
        self.weights: Tensor | None = None
        self.product: Tensor | None = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func is functional.scaled_dot_product_attention:
            self.weights, self.product = _again(*args, **kwargs), result
        elif func in _SOFTMAX and isinstance(result, Tensor) and _square(result):
            self.weights, self.product = result, None
        elif self.product is None and self.weights is not None and func in _PRODUCT:
            same = (self.weights.data_ptr(), self.weights.shape)
            tensors = (one for one in args if isinstance(one, Tensor))
            if any((one.data_ptr(), one.shape) == same for one in tensors):
                self.product = result
        return result


class SeenHeads(NamedTuple):
    """The heads that a run shows, beside those of a site."""

    heads: int
    """By the weights of the attention."""
    order: Literal["head", "channel"] | None
    """What the output projection reads: the channels of a head together, or those of one number of
    all heads together; None: it is something else."""


def heads_seen(target: Target, rows: Inputs, site: str) -> SeenHeads | None:
    """How many heads the attention before a site has, and how they lie in what the site reads.

    Args:
        target: A network with head sites.
        rows: Rows of tokens, of one length.
        site: Such as `head.0`.

    Returns:
        None where no weights are seen.
    """
    out: list[SeenHeads | None] = []
    with _Watch() as seen:

        def take(name: str, values: Tensor) -> None:
            raw = values.flatten(2)  # [row, place, head * channel]
            many, places, size = raw.shape
            weights, product = seen.weights, seen.product
            square = many * places * places
            if weights is None or weights.numel() % square:
                return
            n = weights.numel() // square
            order = None
            if product is not None and product.numel() == raw.numel() and size % n == 0:
                by_head = product.reshape(many, n, places, size // n)
                together = by_head.transpose(1, 2)  # [row, place, head, channel]
                apart = by_head.permute(0, 2, 3, 1)  # [row, place, channel, head]
                step = max(_STEP, 4 * torch.finfo(raw.dtype).eps) * float(raw.norm())
                if float((together.flatten(2) - raw).norm()) <= step:
                    order = "head"
                elif float((apart.flatten(2) - raw).norm()) <= step:
                    order = "channel"
            out.append(SeenHeads(n, order))

        target.trace(rows, [site], output=False, take=take)
    return out[0] if out else None


def _square(result: Tensor) -> bool:
    return result.ndim >= 3 and result.shape[-1] == result.shape[-2]


def _again(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """The weights that `scaled_dot_product_attention` computes, as PyTorch documents it."""
    if enable_gqa:
        key = key.repeat_interleave(query.shape[-3] // key.shape[-3], -3)
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = query.float() @ key.float().transpose(-1, -2) * factor
    if is_causal:
        behind = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(behind, -torch.inf)
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, -torch.inf)
    elif attn_mask is not None:
        scores = scores + attn_mask
    return scores.softmax(-1)


def _checked(target: Target, name: str, seen: _Watch, values: Tensor, rows: Inputs) -> Tensor:
    """The weights of a site `[row, head, place, seen place]`, as its heads bear out."""
    z = values if values.ndim == 4 else values[..., None]  # [row, place, head, channel]
    many, places, heads = z.shape[:3]
    weights, product = seen.weights, seen.product
    size = many * heads * places * places
    if weights is not None and weights.numel() == size and _made(product, z, rows):
        return weights.reshape(many, heads, places, places).float()
    raise UsageError(
        f"{target.name} does not show the attention weights of {name}: its heads are not what a "
        "softmax, or scaled_dot_product_attention, makes of them; describe its heads by norm"
    )


def _made(product: Tensor | None, z: Tensor, rows: Inputs) -> bool:
    """Whether weights times values are the heads, `[row, place, head, channel]`."""
    if product is None or product.numel() != z.numel():
        return False
    there = torch.as_tensor(rows.attended, device=z.device).bool()  # [row, place]
    most = max(_STEP, 4 * torch.finfo(z.dtype).eps) * float(z[there].norm())
    by_head = product.reshape(z.transpose(1, 2).shape).transpose(1, 2)
    return any(
        float((made - z)[there].norm()) <= most for made in (by_head, product.reshape(z.shape))
    )


def delimiters_of(vocabulary: tuple[str, ...]) -> np.ndarray:
    """bool `[vocabulary]`: tokens without a letter or digit."""
    return np.array([not any(c.isalnum() for c in text) for text in vocabulary])


def pattern_mask(kind: str, ids: Tensor, there: Tensor, delimiters: np.ndarray | None) -> Tensor:
    """The places of a pattern, bool `[row, place, seen place]`, whether or not they are seen.

    Args:
        kind: Of `PATTERNS`, but `uniform`.
        ids: `[row, place]`.
        there: bool `[row, place]`: not padding.
        delimiters: bool `[vocabulary]`, for that kind.
    """
    many, width = ids.shape
    i = torch.arange(width)
    away = (i[:, None] - i[None, :]).expand(many, width, width)
    if kind in ("previous", "next", "itself"):
        return away == {"previous": 1, "next": -1, "itself": 0}[kind]
    if kind == "first":
        return (i == 0).expand(many, width, width).clone()
    if kind == "delimiter":
        assert delimiters is not None
        chosen = torch.as_tensor(delimiters)[ids]
        return chosen[:, None, :].expand(many, width, width) & (away != 0)
    same = (ids[:, :, None] == ids[:, None, :]) & there[:, None, :] & (away != 0)
    if kind == "copies":
        return same
    behind = torch.zeros_like(same)
    behind[:, :, 1:] = same[:, :, :-1]
    return behind & (away != 0)


def by_length(target: Target, windows: Any) -> list[np.ndarray]:
    """Indices of a few rows at a time; of one length where a plain module could see padding."""
    sizes = np.asarray(windows.attended).sum(1)
    rows = np.flatnonzero(sizes > 0)
    if target.kind != "module":
        return [rows[at : at + _ROWS] for at in range(0, len(rows), _ROWS)]
    groups = [rows[sizes[rows] == size] for size in np.unique(sizes[rows])]
    return [part[at : at + 64] for part in groups for at in range(0, len(part), 64)]
