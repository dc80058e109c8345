"""The vocabulary projection of units: which next tokens their own write vectors favour.

1. The write vector v of a unit: what it adds to the residual stream at activation 1. For a neuron
   it is its row of the projection behind it (through the norm behind that, where there is one:
   Gemma-2), for a coordinate of the stream the basis vector, for a dictionary's latent its row of
   the decoder; a head writes one vector a channel.
2. LN_f(v) W_U: the final norm with v's own statistics and without its bias, then the vocabulary
   head, less the mean over the vocabulary (Geva et al. 2022; VocabProj of Gur-Arieh et al. 2025).
3. All units of a site are one matrix product, in slices of bounded memory; kept are the tokens at
   both ends. The bottom is what a unit promotes while its activation is negative.

It is the direct path alone: later layers, and norms between, are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..data.tokens import surfaces
from ..errors import UsageError
from ..models import Site, Target, Unit
from ..models.dictionaries import Dictionary
from ..residual.architecture import read_architecture
from ..residual.norms import read_norm
from ..residual.weights import output_weight

Tokens = list[tuple[str, float]]
"""Tokens as text, with their values."""
_ROOM = 1 << 24  # logits in memory at a time
_ROWS = 1024  # basis vectors that go through a module at a time


@dataclass(frozen=True, eq=False)
class Projection:
    """Tokens at both ends of units of one site."""

    site: str
    units: tuple[int, ...]
    top: Tensor
    """Token ids, `[unit, k]`, most favoured first."""
    top_value: Tensor
    """`[unit, k]`: logit less the mean over the vocabulary, v scaled by the norm."""
    bottom: Tensor
    """`[unit, k]`, least favoured first."""
    bottom_value: Tensor
    names: tuple[str, ...]

    def tokens(self, row: int, *, bottom: bool = False) -> Tokens:
        """Tokens of one unit as text, with their values."""
        ids = (self.bottom if bottom else self.top)[row].tolist()
        values = (self.bottom_value if bottom else self.top_value)[row].tolist()
        named = [self.names[i] if i < len(self.names) else f"#{i}" for i in ids]
        return list(zip(named, values, strict=True))


def vocabulary_projection(
    target: Target, site: str, *, units: Sequence[int] | None = None, limit: int = 50
) -> Projection:
    """Units of a site, all of them unless named.

    Args:
        target: A language model.
        site: Of neurons or of coordinates of the stream.
        units: Which; None: all.
        limit: Tokens at each end.

    Raises:
        UsageError: if the target has no vocabulary head, or the units do not write one vector each
            into the residual stream.
    """
    there = target.site(site)
    wrong = next((u for u in units or () if not 0 <= u < there.units), None)
    if wrong is not None:
        raise UsageError(f"{site}/{wrong}: site {site} has units 0 to {there.units - 1}")
    if there.channels > 1:
        raise UsageError(
            f"a unit of {site} writes a vector that changes from place to place, and has no one "
            "projection; `attribute` shows what a head writes on a prompt"
        )
    if "logit" not in target.sites:
        raise UsageError(f"{target.name} has no vocabulary head: nothing to project units on")
    rows = write_rows(target, there)
    if rows is None:
        raise UsageError(f"what units of {site} write cannot be read off it")
    chosen = tuple(range(there.units)) if units is None else tuple(units)
    vectors = rows[list(chosen), 0]  # [unit, d]
    names: tuple[str, ...] = surfaces(target) if target.tokenizer is not None else ()
    ends: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    for part in vectors.split(max(1, _ROOM // _vocabulary(target))):
        logits = project(target, part)
        if logits is None:
            raise UsageError(f"{site} does not write into what the vocabulary head reads")
        logits = logits[:, : len(names)] if names else logits  # no padding of the vocabulary
        if not bool(logits.isfinite().all()):
            raise UsageError(f"the weights behind {site} hold NaN or infinity")
        k = min(limit, logits.shape[1])
        high, low = logits.topk(k, 1), logits.topk(k, 1, largest=False)
        ends.append((high.indices, high.values, low.indices, low.values))
    joined = [torch.cat(parts).cpu() for parts in zip(*ends, strict=True)]
    return Projection(site, chosen, joined[0], joined[1], joined[2], joined[3], names)


def write_rows(target: Target, site: Site) -> Tensor | None:
    """What every unit writes at activation 1, `[unit, channel, d]` float32; None: not known."""
    if isinstance(site.code, Dictionary):
        rows, under = site.code.rows.float(), site.under()
        if site.port != "input":
            return rows[:, None]
        behind = write_rows(target, replace(under, units=rows.shape[1]))  # [coordinate, 1, d]
        return None if behind is None else (rows @ behind[:, 0])[:, None]
    if site.code is not None or site.layout != "sequence":
        return None
    size = site.units * site.channels
    weight = next(target.network.parameters())
    if site.port == "output":
        if site.block is None:
            return None
        return torch.eye(size, device=weight.device)[:, None]
    module = target.network.get_submodule(site.module)
    inner = getattr(module, "weight", None)
    if not isinstance(inner, Tensor) or inner.ndim != 2:
        return None
    with torch.no_grad():
        if type(module) is nn.Linear or type(module).__name__ == "Conv1D":
            known = output_weight(target, site)
            rows = torch.empty(0) if known is None else known.flatten(0, 1).float()
        else:
            parts = torch.eye(size, device=weight.device, dtype=weight.dtype).split(_ROWS)
            zero = module(torch.zeros_like(parts[0][None, :1]))
            rows = torch.cat([(module(part[None]) - zero)[0].float() for part in parts])
        if rows.shape[0] != size:
            return None
        return _behind(target, site, rows).unflatten(0, (site.units, site.channels))


def project(target: Target, vectors: Tensor) -> Tensor | None:
    """Centred logits `[n, vocabulary]` float32 of vectors `[n, d]` of the stream; None: no head."""
    site = target.sites.get("logit")
    head: Any = None if site is None else target.network.get_submodule(site.module)
    weight = getattr(head, "weight", None)
    if not isinstance(weight, Tensor) or weight.shape[1] != vectors.shape[1]:
        return None
    vectors = vectors.float()
    with torch.no_grad():
        module = final_norm(target)
        if module is not None:
            norm = read_norm("", module, vectors.shape[1])
            if norm is not None:
                vectors = norm.frozen(vectors, norm.scale(vectors))
            else:
                both = torch.cat([vectors, torch.zeros_like(vectors[:1])]).to(weight.dtype)
                out = module(both[None])[0].float()
                vectors = out[:-1] - out[-1:]
        logits = vectors @ weight.float().T
        return logits - logits.mean(1, keepdim=True)


def unit_logits(target: Target, unit: Unit, direction: np.ndarray) -> np.ndarray | None:
    """Logits `[vocabulary]` float64, centred, that what a unit writes gives by itself; None where
    it cannot be read off its site.

    Args:
        target: The target.
        unit: The unit.
        direction: `[channel]` the unit's value: 1 for a coordinate, a head's mean direction.
    """
    rows = write_rows(target, target.site(unit.site))
    if rows is None:
        return None
    value = torch.as_tensor(direction, dtype=rows.dtype, device=rows.device)
    logits = project(target, (value @ rows[unit.index])[None])
    return None if logits is None else logits[0].cpu().double().numpy()


def token_ends(target: Target, values: np.ndarray, n: int) -> tuple[Tokens, Tokens]:
    """The n tokens with the highest of `values` `[vocabulary]` and those with the lowest."""
    names = surfaces(target)
    order = np.argsort(-values[: len(names)], kind="stable")
    high, low = (
        [(names[i], float(values[i])) for i in side] for side in (order[:n], order[::-1][:n])
    )
    return high, low


def final_norm(target: Target) -> nn.Module | None:
    """The norm before the vocabulary head: the last one outside the blocks."""
    blocks = [site.module for name, site in target.sites.items() if name.startswith("resid.")]
    result = None
    for path, module in target.network.named_modules():
        inside = any(path == block or path.startswith(block + ".") for block in blocks)
        if "norm" in type(module).__name__.lower() and not inside and not list(module.children()):
            result = module
    return result


def _behind(target: Target, site: Site, rows: Tensor) -> Tensor:
    """Rows through the norm that their sub-update passes before it is added, if it has one."""
    kind = site.name.partition(".")[0]
    if kind not in ("mlp", "head") or site.block is None or target.sites.get(site.name) != site:
        return rows
    try:
        blocks = read_architecture(target).blocks
    except UsageError:  # no exact trace: nothing is known of such a norm
        return rows
    if site.block >= len(blocks):
        return rows
    write = blocks[site.block].mlp if kind == "mlp" else blocks[site.block].attention
    if write.after is None or write.path != site.module:
        return rows
    return write.after.frozen(rows, torch.ones(1, device=rows.device))


def _vocabulary(target: Target) -> int:
    head: Any = target.network.get_submodule(target.sites["logit"].module)
    return len(head.weight) if isinstance(getattr(head, "weight", None), Tensor) else 1
