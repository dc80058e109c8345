"""Sparse codes in an index: what is kept of a dictionary's latents costs their active entries.

A block gives entries (place, unit, value) instead of values `[token, unit]`. Largest values, sums
and counts are those of `Tally`; of the sampled places only what is not 0 is kept, as keys
`unit * places + slot` in ascending order beside their values, so that a unit's row is one run.
"""

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ..errors import not_finite
from ..models import Site
from ..models.site import Entries, SparseCode
from .moments import added, fixed
from .store import ENTRIES, damaged
from .tally import least, signs
from .topk import TopK, keys_of


def is_sparse(site: Site) -> bool:
    """Whether a site's values are kept as entries."""
    return isinstance(site.code, SparseCode)


class SparseTally:
    """The running state of one site over a sparse code."""

    def __init__(self, site: Site, k: int, device: torch.device) -> None:
        self.site = site
        self.top = {
            sign: TopK(site.units, k, least=least(site), device=device) for sign in signs(site)
        }
        self.sums = np.zeros((site.units, 2, 2), np.int64)
        self.fired = np.zeros((site.units, 2), np.int64)
        self.sample = Sample.empty()

    def take(self, entries: Entries, positions: torch.Tensor, slots: np.ndarray) -> None:
        """Takes a block in.

        Args:
            entries: Of its counted tokens, by token.
            positions: `[token]`: their positions, ascending.
            slots: `[token]`: which sampled place a token is; -1 for none.

        Raises:
            UsageError: if there are values that are not finite.
        """
        place, unit, value = entries
        value = value.float()
        if not bool(value.isfinite().all()):
            raise not_finite(self.site.name)
        n = self.site.units
        units, exact = unit.cpu(), value.cpu().double()
        sums = [torch.bincount(units, one, n).numpy() for one in (exact, exact.square())]
        self.sums = added(self.sums, fixed(np.stack(sums, 1)))
        for column, of in enumerate((unit[value > 0], unit[value < 0])):
            self.fired[:, column] += torch.bincount(of, minlength=n).cpu().numpy()
        for sign, top in self.top.items():
            above = sign * value > top.threshold[unit]
            top.put(unit[above], keys_of(sign * value[above], positions[place[above]]))
        slot = slots[place.cpu().numpy()]
        kept = slot >= 0
        self.sample = self.sample.joined(
            Sample(unit.cpu().numpy()[kept], slot[kept], value.cpu().numpy()[kept])
        )

    def state(self) -> dict[str, np.ndarray]:
        """Everything, by name, for a file."""
        name = self.site.name
        tops = {f"top {sign} {name}": top.keys.cpu().numpy() for sign, top in self.top.items()}
        sample = {f"{key} {name}": one for key, one in self.sample._asdict().items()}
        return {f"sums {name}": self.sums, f"fired {name}": self.fired, **tops, **sample}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from a state."""
        name = self.site.name
        self.sums, self.fired = state[f"sums {name}"], state[f"fired {name}"]
        self.sample = Sample(*(state[f"{key} {name}"] for key in Sample._fields))
        for sign, top in self.top.items():
            top.load(torch.from_numpy(state[f"top {sign} {name}"]))


class Sample(NamedTuple):
    """What is not 0 at the sampled places, `[entry]` each."""

    unit: np.ndarray
    slot: np.ndarray
    value: np.ndarray

    @classmethod
    def empty(cls) -> "Sample":
        """No entries."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))

    def joined(self, *others: "Sample") -> "Sample":
        """The entries of several."""
        return Sample(*(np.concatenate(parts) for parts in zip(self, *others, strict=True)))

    def save(self, folder: Path, places: int) -> None:
        """Writes keys and values, in ascending order of the keys."""
        keys = self.unit.astype(np.int64) * places + self.slot
        order = np.argsort(keys, kind="stable")
        for name, array in zip(ENTRIES, (keys, self.value.astype(np.float32)), strict=True):
            np.save(folder / name, array[order])


class SavedSample:
    """The entries of a finished index."""

    def __init__(self, folder: Path, header: Mapping[str, Any], places: int) -> None:
        self.places = places
        arrays = []
        for name in ENTRIES:
            try:
                array = np.load(folder / name)
            except (OSError, ValueError, EOFError) as error:
                raise damaged(folder, name) from error
            if array.ndim != 1 or [zlib.crc32(array.data)] != header["checks"].get(name):
                raise damaged(folder, name)
            arrays.append(array)
        self.keys, self.values = arrays

    def row(self, unit: int) -> np.ndarray:
        """A unit's values at the sampled places, float32 `[place]`."""
        start, stop = np.searchsorted(self.keys, [unit * self.places, (unit + 1) * self.places])
        row = np.zeros(self.places, np.float32)
        row[self.keys[start:stop] - unit * self.places] = self.values[start:stop]
        return row

    def entries(self) -> Sample:
        """All of them."""
        unit, slot = np.divmod(self.keys, max(1, self.places))
        return Sample(unit, slot, self.values)
