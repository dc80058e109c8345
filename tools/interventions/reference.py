"""What units hold elsewhere: their mean, their mean on each token, and values to resample from.

CAMA (context-aware mean ablation) puts E[value | token] in the place of a value: what the token by
itself leads to, without its context. The mean is over the rows given; with `by_place` over those
that have this token at this place, for prompts made from one template.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress

import torch
from torch import Tensor

from ..errors import UsageError
from ..models import Inputs, Target

_SAMPLES = 256


@dataclass(frozen=True, eq=False)
class Reference:
    """Values of one site over some text; shapes are `[unit]`, or `[unit, channel]` for heads."""

    site: str
    mean: Tensor
    """float32, over all places."""
    samples: Tensor
    """`[sample, unit]` values at places drawn evenly."""
    tokens: dict[tuple[int, int], Tensor]
    """By (place, token), place -1 for anywhere: the sum over its places."""
    counts: dict[tuple[int, int], int]
    by_place: bool

    def at(self, ids: Sequence[int], places: Sequence[int]) -> tuple[Tensor, int]:
        """E[value | token] at places of a row, `[place, unit]`, and how many tokens were unknown.

        A token that the text lacks gets the mean over all.
        """
        rows, unknown = [], 0
        for place in places:
            key = (place if self.by_place else -1, int(ids[place]))
            if key in self.tokens:
                rows.append(self.tokens[key] / self.counts[key])
            else:
                unknown += 1
                rows.append(self.mean)
        return torch.stack(rows), unknown


def references(
    target: Target,
    batches: Iterable[Inputs],
    sites: Sequence[str],
    *,
    tokens: Iterable[int] | None = None,
    by_place: bool = False,
    samples: int = _SAMPLES,
    seed: int = 0,
) -> dict[str, Reference]:
    """Measures several sites over batches of rows, in one pass.

    Args:
        target: The target.
        batches: Rows of tokens.
        sites: Which sites.
        tokens: Tokens whose own means are wanted; None: all that occur.
        by_place: Keep them apart by place too.
        samples: How many places to keep values of.
        seed: Of the choice of those places.

    Raises:
        UsageError: if there is no token, or a value is not finite.
    """
    wanted = None if tokens is None else set(tokens)
    total: dict[str, Tensor] = {}
    sums: dict[str, dict[tuple[int, int], Tensor]] = {site: {} for site in sites}
    counts: dict[tuple[int, int], int] = {}
    kept: dict[str, list[Tensor]] = {site: [] for site in sites}
    priority: list[Tensor] = []
    seen = 0
    draw = torch.Generator().manual_seed(seed)
    for batch in batches:
        ids = torch.as_tensor(batch.ids).long()
        attended = torch.as_tensor(batch.attended).bool()
        values = target.trace(batch, sites, output=False).values
        where = attended.nonzero()  # [token, 2]
        seen += len(where)
        every = [(p if by_place else -1, int(ids[r, p])) for r, p in where.tolist()]
        mask = [wanted is None or token in wanted for _, token in every]
        keys = list(compress(every, mask))
        for key in keys:
            counts[key] = counts.get(key, 0) + 1
        order = list(dict.fromkeys(keys))
        index = torch.tensor([order.index(key) for key in keys], dtype=torch.long)
        drawn = torch.rand(len(where), generator=draw)
        priority.append(drawn)
        for site in sites:
            flat = values[site].float().cpu()[where[:, 0], where[:, 1]]  # [token, unit(, channel)]
            if not bool(flat.isfinite().all()):
                raise UsageError(f"site {site} holds NaN or infinity on the reference text")
            total[site] = total.get(site, 0) + flat.sum(0)
            if order:
                part = torch.zeros(len(order), *flat.shape[1:])
                part.index_add_(0, index, flat[torch.tensor(mask)])
                for key, row in zip(order, part, strict=True):
                    known = sums[site].get(key)
                    sums[site][key] = row if known is None else known + row
            best = drawn.topk(min(samples, len(drawn))).indices
            kept[site].append(flat[best])
        priority[-1] = drawn.topk(min(samples, len(drawn))).values
    if not seen:
        raise UsageError("the reference text has no tokens")
    chosen = torch.cat(priority).topk(min(samples, len(torch.cat(priority)))).indices
    return {
        site: Reference(
            site, total[site] / seen, torch.cat(kept[site])[chosen], sums[site], counts, by_place
        )
        for site in sites
    }
