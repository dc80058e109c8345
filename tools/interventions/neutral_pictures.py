"""Neutral pictures in two halves, and units of a vision model put into them.

1. Neutral pictures: pictures of explore on which the unit is hardly active, the same order for all
   units. Rows go to the naming half (0) and the scoring half (1) in turn.
2. A unit is held by putting its own maps of pictures where it peaks near one of its percentiles
   into neutral pictures, and resampled by putting in its maps of random pictures.
3. A change of the output is read in classes: the logit over the mean of all classes, in nats.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..activations.unit_stats import Profile, profile, strongest
from ..data.image_rows import ImageRows
from ..data.windows import batches
from ..images.recipes import pictures_of
from ..lab import Lab
from ..models import Intervention, Unit, clamp, scale, zero
from .output_change import ChangedRow, over_mean

HIGH = 0.99
"""The percentile of its peaks over pictures at which a unit is held for the test."""
NAMED = 5
_NEUTRAL = 16
_SOURCES = 4
_RANDOM = 8
"""Pictures whose maps replace a unit's own."""
_OFF = 0.25  # of its 99th percentile: up to there a unit counts as hardly active
_LOWEST = 0.2  # and on this share of pictures in any case
_BATCH = 32


class NeutralPictures:
    """Where units of a vision model are held and resampled."""

    levels = (0.5, 0.9, HIGH)
    has_words = True

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.neutral = self.explore = pictures_of(lab)
        self.width = lab.target.site("logit").units

    def read(self, change: np.ndarray) -> np.ndarray:
        """`[class]`: change of the logit over the mean."""
        return over_mean(change)

    values = read

    def top(self, change: np.ndarray) -> np.ndarray:
        """The classes that a change raises most: at most a quarter of them."""
        n = max(1, min(NAMED, len(change) // 4))
        return np.argsort(-over_mean(change), kind="stable")[:n]

    def half(self, case: ChangedRow) -> int:
        """Of a picture."""
        return case.row % 2

    def usable(self, unit: Unit) -> bool:
        """Whether a unit is somewhere active and somewhere hardly."""
        high = self.values_held(unit)[-1]
        return high > 0 and bool(strongest(self.lab, unit, 1)) and len(self.rows(unit)) > 1

    def values_held(self, unit: Unit) -> list[float]:
        """The peaks at `levels`."""
        return np.quantile(self._peaks(unit), self.levels).tolist()

    def rows(self, unit: Unit) -> list[int]:
        """The neutral pictures of a unit, those of the naming half first."""
        known, peaks = self._profile(unit), self._peaks(unit)
        low, high = np.quantile(peaks, (_LOWEST, HIGH))
        bar = max(_OFF * float(high), float(low))
        order = np.random.default_rng([self.lab.seed, 17]).permutation(len(known.rows))
        rows = [int(known.rows[i]) for i in order if peaks[i] <= bar]
        return [row for side in (0, 1) for row in _of_half(rows, side)[: _NEUTRAL // 2]]

    def held(self, unit: Unit, level: int = -1, factor: float = 1.0) -> list[ChangedRow]:
        """The unit's own maps in neutral pictures; none where it is not above 0 at that level."""
        if self.values_held(unit)[level] <= 0:
            return []
        maps, rows = self._sources(unit, self.levels[level]), self.rows(unit)
        return [
            ChangedRow(row, (put_in(unit, maps[i % len(maps)] * factor),))
            for side in (0, 1)
            for i, row in enumerate(_of_half(rows, side))
        ]

    def resampled(self, unit: Unit, n: int) -> list[ChangedRow]:
        """The unit's maps on its strongest pictures replaced by its maps on random ones."""

        def drawn() -> Tensor:
            known = self._profile(unit)
            rng = np.random.default_rng([self.lab.seed, 19])
            part = self.explore.rows(rng.permutation(known.rows)[:_RANDOM].tolist())
            return self.lab.trace(part, [unit.site], output=False).values[unit.site]

        maps = self.lab.memo.once(("random maps", unit.site), drawn)[:, :, unit.index]
        rows = strongest(self.lab, unit, n)
        rng = np.random.default_rng([self.lab.seed, 23, unit.index])
        order = rng.integers(len(maps), size=len(rows))
        return [
            ChangedRow(row, (put_in(unit, maps[i]),)) for i, row in zip(order, rows, strict=True)
        ]

    def _profile(self, unit: Unit) -> Profile:
        return profile(self.lab, unit.site, unit.sign)

    def _peaks(self, unit: Unit) -> np.ndarray:
        """`[picture]` of the profile."""
        return self._profile(unit).peaks[:, unit.index]

    def _sources(self, unit: Unit, level: float) -> list[Tensor]:
        """The unit's maps of the pictures where it peaks nearest to a level, scaled to it."""

        def measured() -> list[Tensor]:
            known, peaks = self._profile(unit), self._peaks(unit)
            wanted = float(np.quantile(peaks, level))
            near = np.argsort(abs(peaks - wanted), kind="stable")
            near = [int(i) for i in near if peaks[i] > 0][:_SOURCES]
            rows = self.explore.rows([int(known.rows[i]) for i in near])
            maps = own_maps(self.lab, rows, [unit])[unit]
            return [one * (wanted / float(peaks[i])) for one, i in zip(maps, near, strict=True)]

        return self.lab.memo.once(("source maps", unit, level), measured)


def _of_half(rows: Sequence[int], side: int) -> list[int]:
    return [row for row in rows if row % 2 == side]


def removal(lab: Lab, unit: Unit, method: str = "zero", factor: float = 0.0) -> Intervention:
    """The unit set to 0, to its mean over explore, or scaled, at every place."""
    if method == "zero":
        return zero(unit.site, [unit.index])
    if method == "scale":
        return scale(unit.site, [unit.index], factor)
    value = profile(lab, unit.site, unit.sign).mean[unit.index]  # [channel]
    shift = torch.as_tensor(value)[None, None, None]  # [1, 1, 1, channel]
    single = lab.target.site(unit.site).channels == 1
    return clamp(unit.site, [unit.index], shift[..., 0] if single else shift)


def own_maps(lab: Lab, rows: ImageRows, units: Sequence[Unit]) -> dict[Unit, Tensor]:
    """What units are on pictures, place by place: `[image, place]` or `[image, place, channel]`."""
    out: dict[Unit, list[Tensor]] = {unit: [] for unit in units}
    sites = list(dict.fromkeys(unit.site for unit in units))
    for _, part in batches(rows, _BATCH):
        values = lab.trace(part, sites, output=False).values
        for unit in units:
            out[unit].append(values[unit.site][:, :, unit.index].detach().clone())
    return {unit: torch.cat(parts) for unit, parts in out.items()}


def put_in(unit: Unit, values: Tensor) -> Intervention:
    """Sets a unit to a map of its own, `[place]` or `[place, channel]`."""
    return clamp(unit.site, [unit.index], values[None, :, None])
