"""The k largest values of every unit, with their positions, over a stream of blocks.

1. A value and its position make one 64-bit key: the float's bits, made to order like integers,
   above the position turned round. Keys are all different, so the order is total: larger values
   first, then earlier positions, and merging in any order gives the same keys.
2. In a block, tokens are taken in groups of eight and only each group's largest value is looked
   at: a group whose largest does not pass a unit's k-th best so far holds nothing new.
3. What passes is gathered, laid out by unit and merged with the unit's best by one top-k.
"""

import torch
from torch import Tensor

EMPTY = torch.iinfo(torch.int64).min
_GROUP = 8
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


def positions_of(keys: Tensor) -> Tensor:
    """The positions of keys, int64."""
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

    def update(self, values: Tensor, positions: Tensor, peaks: Tensor, *, sign: int = 1) -> None:
        """Takes a block in; blocks come in the order of their positions.

        Args:
            values: `[token, unit]` float32, contiguous.
            positions: `[token]` int64, ascending.
            peaks: `[group, unit]` the largest value of each group, from `group_peaks`.
            sign: -1 for the largest values of the negative; then `peaks` are of the negative.
        """
        threshold = self.threshold
        k = self.keys.shape[1]
        if self._fresh and peaks.shape[0] >= k:
            # k groups reach the k-th largest peak, so nothing below it can be among the k best
            low = torch.topk(peaks.T, k, dim=1).values[:, -1]
            threshold = torch.maximum(threshold, low.nextafter(low.new_tensor(-torch.inf)))
        self._fresh = False
        passing = peaks > threshold  # [group, unit]
        many = int(passing.sum())
        if many == 0:
            return
        parts = -(-many * _GROUP // _MOST)
        step = -(-passing.shape[1] // parts)
        for at in range(0, passing.shape[1], step):
            units = slice(at, at + step)
            self._merge(values, positions, passing[:, units], threshold, at, sign)
        self._raise()

    def _merge(
        self,
        values: Tensor,
        positions: Tensor,
        passing: Tensor,
        threshold: Tensor,
        offset: int,
        sign: int,
    ) -> None:
        unit, group = passing.T.nonzero(as_tuple=True)  # by unit
        if not len(unit):
            return
        unit = unit + offset
        groups = values.shape[0] // _GROUP
        full = group < groups
        step = torch.arange(_GROUP, device=values.device)
        # a full group holds every groups-th token; the rest are groups of one token
        tokens = torch.where(
            full[:, None],
            group[:, None] + step * groups,
            (group + groups * (_GROUP - 1))[:, None],
        )  # [candidate, 8]
        found = sign * values.flatten().take(tokens * values.shape[1] + unit[:, None])
        keep = found > threshold[unit][:, None]
        keep[:, 1:] &= full[:, None]
        unit = unit[:, None].expand_as(found)[keep]
        keys = keys_of(found[keep], positions[tokens[keep]])  # [value], by unit
        which, counts = unit.unique_consecutive(return_counts=True)
        k = self.keys.shape[1]
        wide = torch.full((len(which), k + int(counts.max())), EMPTY, device=keys.device)
        wide[:, :k] = self.keys[which]
        first = counts.cumsum(0) - counts
        row = torch.arange(len(which), device=keys.device).repeat_interleave(counts)
        rank = torch.arange(len(keys), device=keys.device) - first[row]
        wide[row, k + rank] = keys
        self.keys[which] = torch.topk(wide, k, dim=1, sorted=False).values

    def _raise(self) -> None:
        self.threshold = values_of(self.keys.amin(dim=1)).clamp(min=self.least)

    def sorted(self) -> Tensor:
        """The keys, best first, `[unit, k]`."""
        return self.keys.sort(dim=1, descending=True).values


def group_peaks(values: Tensor, *, lowest: bool = False) -> Tensor:
    """The largest (or lowest) value of each group of tokens, `[group, unit]`.

    Groups interleave: group g holds tokens g, g + n, g + 2n, ..., which reduces along whole rows.
    What is left over at the end makes groups of one.
    """
    groups = values.shape[0] // _GROUP
    whole = values[: groups * _GROUP].view(_GROUP, groups, values.shape[1])
    peaks = whole.amin(0) if lowest else whole.amax(0)
    return torch.cat([peaks, values[groups * _GROUP :]])
