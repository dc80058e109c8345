"""What one pass keeps of a site: largest values, sums and counts of every unit.

A block is taken in by pieces that fit the processor's cache: copying the counted tokens, summing,
counting and finding each group's largest value then cost little more than one reading.
"""

import numpy as np
import torch
from torch import Tensor

from ..errors import not_finite
from ..models import Site
from .moments import added, fixed
from .topk import GROUP, Groups, TopK, group_peaks

_PIECE = 1 << 19  # values of one piece at most, 2 MB


def signs(site: Site) -> tuple[int, ...]:
    """The signs of a site that carry meaning: a norm or a floored activation has one."""
    return (1,) if site.floor is not None or site.channels > 1 else (1, -1)


def least(site: Site) -> float:
    """Values have to be larger to be exemplars: 0 for neurons and heads, which rest at 0."""
    neuron = site.floor is not None or site.gated or site.channels > 1
    return 0.0 if neuron else -torch.inf


class Tally:
    """The running state of one site."""

    def __init__(
        self, site: Site, k: int, device: torch.device, *, sides: tuple[int, ...] | None = None
    ) -> None:
        self.site = site
        self.top = {
            sign: TopK(site.units, k, least=least(site), device=device)
            for sign in (signs(site) if sides is None else sides)
        }
        self.sums = np.zeros((site.units, 2, 2), np.int64)
        """`[unit, (sum, sum of squares), 2]`, fixed point."""
        self.fired = np.zeros((site.units, 2), np.int64)
        """`[unit, sign]`: places above 0, and below."""
        self.piece = min(4096, max(64, _PIECE // site.units)) // GROUP * GROUP
        self._kept = torch.empty(0, device=device)

    def take(self, values: Tensor, rows: Tensor, positions: Tensor) -> Tensor:
        """Takes a block in.

        Args:
            values: `[row * place, unit]`, as the site gave them.
            rows: `[token]`: which of them count.
            positions: `[token]`: their positions, ascending.

        Returns:
            The counted values, float32 `[token, unit]`, good until the next call.

        Raises:
            UsageError: if there are values that are not finite.
        """
        tokens, units = len(rows), values.shape[1]
        if self._kept.shape != (tokens, units):
            self._kept = torch.empty(tokens, units, device=values.device)
        kept = self._kept
        values = values.float()
        groups = Groups.over(tokens, self.piece, values.device)
        peaks = {sign: kept.new_empty(len(groups.first), units) for sign in self.top}
        scratch = kept.new_empty(min(tokens, self.piece), units)
        sums = np.zeros((2, units))
        fired = {sign: torch.zeros(units, device=values.device) for sign in self.top}
        at = 0
        for start in range(0, tokens, self.piece):
            stop = min(start + self.piece, tokens)
            piece, work = kept[start:stop], scratch[: stop - start]
            torch.index_select(values, 0, rows[start:stop], out=piece)
            ones = piece.new_ones(stop - start)
            sums += block_sums(piece, ones, work)
            for sign in self.top:
                torch.gt(piece, 0, out=work) if sign > 0 else torch.lt(piece, 0, out=work)
                fired[sign] += ones @ work
                result = group_peaks(piece, sign)  # [group, unit]
                peaks[sign][at : at + len(result)] = result
            at += sum(divmod(stop - start, GROUP))
        if not np.isfinite(sums).all():
            raise not_finite(self.site.name)
        self.sums = added(self.sums, fixed(sums.T))
        for sign, top in self.top.items():
            self.fired[:, 0 if sign > 0 else 1] += fired[sign].cpu().numpy().astype(np.int64)
            top.update(kept, positions, peaks[sign], groups, sign=sign)
        return kept

    def state(self) -> dict[str, np.ndarray]:
        """Everything, by name, for a file."""
        name = self.site.name
        tops = {f"top {sign} {name}": top.keys.cpu().numpy() for sign, top in self.top.items()}
        return {f"sums {name}": self.sums, f"fired {name}": self.fired, **tops}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from a state."""
        name = self.site.name
        self.sums, self.fired = state[f"sums {name}"], state[f"fired {name}"]
        for sign, top in self.top.items():
            top.load(torch.from_numpy(state[f"top {sign} {name}"]))


def block_sums(values: Tensor, ones: Tensor, scratch: Tensor) -> np.ndarray:
    """Sum and sum of squares of each unit, float64 `[2, unit]`.

    Squares are summed about the mean of these tokens, so that a large offset costs no digits.

    Args:
        values: `[token, unit]` float32.
        ones: `[token]` ones.
        scratch: `[token, unit]`, overwritten.
    """
    n = values.shape[0]
    mean = (ones @ values) / n  # [unit]
    torch.sub(values, mean, out=scratch)
    spread = (ones @ scratch.square_()).cpu().numpy().astype(np.float64)
    mean = mean.cpu().numpy().astype(np.float64)
    return np.stack([n * mean, spread + n * mean * mean])
