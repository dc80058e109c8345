"""The k largest values of every unit, with their positions, over a stream of blocks.

1. A value and its position make one 64-bit key: the float's bits, made to order like integers,
   above the position turned round. Keys are all different, so the order is total: larger values
   first, then earlier positions, and merging in any order gives the same keys.
2. In a block, tokens are taken in groups of eight and only each group's largest value is looked
   at: a group whose largest does not pass a unit's k-th best so far holds nothing new.
3. What passes is gathered, laid out by unit and merged with the unit's best by one top-k.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

EMPTY = torch.iinfo(torch.int64).min
GROUP = 8
"""Tokens of a group."""
_LOW = 0xFFFFFFFF
_MOST = 1 << 21  # candidates handled at once


def keys_of(values: Tensor, positions: Tensor) -> Tensor:
    """Keys of float32 values at positions below 2**32, int64; of the same shape."""
    bits = (values + 0.0).view(torch.int32)  # adding zero makes -0.0 plain zero
    ordered = torch.where(bits >= 0, bits, bits ^ 0x7FFFFFFF).long()
    return (ordered << 32) | (_LOW - positions)


def values_of(keys: Tensor) -> Tensor:
    """The float32 values of keys; -inf where empty."""
    ordered = (keys >> 32).int()
    bits = torch.where(ordered >= 0, ordered, ordered ^ 0x7FFFFFFF)
    return torch.where(keys == EMPTY, -torch.inf, bits.view(torch.float32))


def positions_of(keys: Any) -> Any:
    """The positions of keys, int64; of a tensor or an array."""
    return _LOW - (keys & _LOW)


class TopK:
    """The k largest values of each unit so far."""

    def __init__(self, units: int, k: int, *, least: float, device: torch.device) -> None:
        self.keys = torch.full((units, k), EMPTY, device=device)  # [unit, k]
        self.least = least
        """Only larger values are kept: 0 where a unit that is not positive is not active."""
        self.threshold = torch.full((units,), least, device=device)  # [unit]
        self._fresh = True

    def load(self, keys: Tensor) -> None:
        """Goes on from keys that were kept."""
        self.keys = keys.to(self.keys.device)
        self._fresh = bool((self.keys == EMPTY).all())
        self._raise()

    def update(
        self,
        values: Tensor,
        positions: Tensor,
        peaks: Tensor,
        groups: "Groups",
        *,
        sign: int = 1,
    ) -> None:
        """Takes a block in; blocks come in the order of their positions.

        Args:
            values: `[token, unit]` float32, contiguous.
            positions: `[token]` int64, ascending.
            peaks: `[group, unit]` the largest value of each group, from `group_peaks`.
            groups: Which tokens the groups hold.
            sign: -1 for the largest values of the negative; then `peaks` are of the negative.
        """
        threshold = self.threshold
        k = self.keys.shape[1]
        if self._fresh and peaks.shape[0] >= k:
            # k groups reach the k-th largest peak, so nothing below it can be among the k best
            low = _best(peaks.T.contiguous(), k).amin(dim=1)
            threshold = torch.maximum(threshold, low.nextafter(low.new_tensor(-torch.inf)))
        self._fresh = False
        unit, group = (peaks > threshold).T.nonzero(as_tuple=True)  # [candidate], by unit
        for start in range(0, len(unit), _MOST // GROUP):
            part = slice(start, start + _MOST // GROUP)
            self._merge(sign, values, positions, threshold, unit[part], groups.at(group[part]))
        if len(unit):
            self._raise()

    def _merge(
        self,
        sign: int,
        values: Tensor,
        positions: Tensor,
        threshold: Tensor,
        unit: Tensor,
        groups: "Groups",
    ) -> None:
        tokens = groups.tokens  # [candidate, 8]
        result = values.flatten().take(tokens * values.shape[1] + unit[:, None])
        if sign < 0:
            result = -result
        keep = result > threshold[unit][:, None]
        keep[:, 1:] &= groups.step[:, None] > 0
        candidate, _ = keep.nonzero(as_tuple=True)
        self._put(unit[candidate], keys_of(result[keep], positions[tokens[keep]]))

    def put(self, unit: Tensor, keys: Tensor) -> None:
        """Takes single values in.

        Args:
            unit: `[value]`.
            keys: `[value]`, from `keys_of`.
        """
        self._fresh = False
        if not len(unit):
            return
        order = torch.argsort(keys, descending=True)
        order = order[torch.argsort(unit[order], stable=True)]  # by unit, the largest first
        unit, keys = unit[order], keys[order]
        counts = unit.unique_consecutive(return_counts=True)[1]
        rank = torch.arange(len(unit), device=unit.device) - (
            counts.cumsum(0) - counts
        ).repeat_interleave(counts)
        best = rank < self.keys.shape[1]
        self._put(unit[best], keys[best])
        self._raise()

    def _put(self, unit: Tensor, keys: Tensor) -> None:
        which, counts = unit.unique_consecutive(return_counts=True)  # keys `[value]`, by unit
        if not len(which):
            return
        k = self.keys.shape[1]
        wide = torch.full((len(which), k + int(counts.max())), EMPTY, device=keys.device)
        wide[:, :k] = self.keys[which]
        first = counts.cumsum(0) - counts
        row = torch.arange(len(which), device=keys.device).repeat_interleave(counts)
        rank = torch.arange(len(keys), device=keys.device) - first[row]
        wide[row, k + rank] = keys
        self.keys[which] = _best(wide, k)

    def _raise(self) -> None:
        self.threshold = values_of(self.keys.amin(dim=1)).clamp(min=self.least)

    def sorted(self) -> Tensor:
        """The keys, best first, `[unit, k]`."""
        return self.keys.sort(dim=1, descending=True).values


class Groups(NamedTuple):
    """Which tokens of a block make groups: `first + i * step` for i below 8, `first` if step is 0.

    Groups interleave inside a piece of the block (group g of n holds tokens g, g + n, ...), so that
    finding their largest value reduces along whole rows. What is left at the end stands alone.
    """

    first: Tensor
    step: Tensor

    @classmethod
    def over(cls, tokens: int, piece: int, device: torch.device) -> "Groups":
        """The groups of a block that is taken in by pieces of `piece` tokens."""
        first: list[Tensor] = []
        step: list[Tensor] = []
        for start in range(0, tokens, piece):
            size = min(piece, tokens - start)
            n = size // GROUP
            alone = size % GROUP
            first += [torch.arange(n) + start, torch.arange(alone) + start + size - alone]
            step += [torch.full((n,), n), torch.zeros(alone, dtype=torch.long)]
        return cls(torch.cat(first).to(device), torch.cat(step).to(device))

    def at(self, chosen: Tensor) -> "Groups":
        """Some of the groups."""
        return Groups(self.first[chosen], self.step[chosen])

    @property
    def tokens(self) -> Tensor:
        """`[group, 8]`: the tokens; one token again and again where it stands alone."""
        turn = torch.arange(GROUP, device=self.first.device)
        return self.first[:, None] + turn * self.step[:, None]


def group_peaks(values: Tensor, sign: int = 1) -> Tensor:
    """The largest value of each group of one piece, of `sign * values`, `[group, unit]`."""
    n = values.shape[0] // GROUP
    whole = values[: n * GROUP].view(GROUP, n, values.shape[1])
    alone = values[n * GROUP :]
    if sign > 0:
        return torch.cat([whole.amax(0), alone]) if len(alone) else whole.amax(0)
    return -(torch.cat([whole.amin(0), alone]) if len(alone) else whole.amin(0))


def _best(rows: Tensor, k: int) -> Tensor:
    """The k largest of each row, in any order; NumPy's partition is several times faster."""
    if rows.device.type != "cpu":
        return torch.topk(rows, k, dim=1, sorted=False).values
    at = rows.shape[1] - k
    return torch.from_numpy(np.partition(rows.numpy(), at, axis=1)[:, at:])
