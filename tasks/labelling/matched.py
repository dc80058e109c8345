"""All units of a site on the held-out splits: whom a unit is compared with.

1. One pass over select and report reads every unit of a site at all counted places; of a site too
   large for `MEMORY` a random part of its units is kept.
2. How often a unit is active, and how high its peaks stand, are read on select.
3. Matched units are those of the same site and sign that are active as often and as strongly,
   each within a factor of `FACTOR`: a predictor scores higher on common and steady units than on
   rare and sharp ones whatever it says, so units of another kind are no comparison.
"""

import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from ...tools.data.image_rows import ImageRows
from ...tools.data.windows import TokenWindows
from ...tools.lab import at_places
from ...tools.measured import activity
from ...tools.models.target import Target

MEMORY = 384 * 2**20
"""Bytes that the units of one site may take."""
KEPT = 2
"""Sites held at once: units are worked on site by site, by a few threads."""
FACTOR = 2.0
"""How many times rarer or commoner, weaker or stronger, a matched unit may be. Our choice."""
_ROWS = {True: 32, False: 64}  # pictures, windows of one pass
_COLUMNS = 64


class Standard(NamedTuple):
    """Values `[place, unit]` with mean 0 and length 1 in every column; a constant column is 0."""

    values: np.ndarray
    mean: np.ndarray
    """`[unit]` as measured."""
    length: np.ndarray
    """`[unit]` norm around the mean."""


class Kind(NamedTuple):
    """What units are matched on, `[unit]` each."""

    rate: np.ndarray
    """Share of places above half of the mean of the strongest 0.1%."""
    peak: np.ndarray
    """Mean of the strongest 0.1%, in standard deviations above the mean."""

    def like(self, other: "Kind") -> np.ndarray:
        """Whether each unit is of the kind of `other`, a single unit: bool `[unit]`."""
        far = np.log(FACTOR)
        with np.errstate(divide="ignore", invalid="ignore"):
            rates = np.abs(np.log(self.rate / other.rate)) <= far
            return rates & (np.abs(np.log(self.peak / other.peak)) <= far)


class SiteUnits:
    """Units of one site on select and report.

    Args:
        units: Their numbers in the site, `[unit]`.
        select: Their activations at the counted places of select, float32 `[place, unit]`.
        report: The same on report. Both are changed in place.
    """

    def __init__(self, units: np.ndarray, select: np.ndarray, report: np.ndarray) -> None:
        self.units, self.select, self.report = units, standard(select), standard(report)
        self._kinds: dict[int, Kind] = {}
        self._lock = threading.Lock()

    @classmethod
    def measured(cls, target: Target, windows: Mapping[str, Any], site: str) -> "SiteUnits":
        """Measures a site on the `select` and `report` of windows."""
        parts = [windows[name] for name in ("select", "report")]
        places = sum(int(part.counted.sum()) for part in parts)
        order = np.random.default_rng(0).permutation(target.sites[site].units)
        units = np.sort(order[: max(1, MEMORY // (4 * max(places, 1)))])
        return cls(units, *(_values(target, part, site, units) for part in parts))

    def kinds(self, sign: int) -> Kind:
        """How often and how strongly the units are active on select, in one direction."""
        with self._lock:
            if sign not in self._kinds:
                values, mean, length = self.select
                parts = [
                    kind_of(sign * (values[:, at] * length[at] + mean[at]))
                    for first in range(0, len(self.units), _COLUMNS)
                    for at in [slice(first, first + _COLUMNS)]
                ]
                rates, peaks = zip(*parts, strict=True)
                self._kinds[sign] = Kind(np.concatenate(rates), np.concatenate(peaks))
            return self._kinds[sign]


class Sites:
    """The sites that were looked at last; one pass a site, whoever asks."""

    def __init__(self, target: Target, windows: Mapping[str, Any]) -> None:
        self._target, self._windows = target, windows
        self._kept: dict[str, SiteUnits] = {}
        self._lock = threading.Lock()

    def __getitem__(self, site: str) -> SiteUnits:
        with self._lock:
            found = self._kept.pop(site, None) or SiteUnits.measured(
                self._target, self._windows, site
            )
            while len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[site] = found
            return found


def kind_of(values: np.ndarray) -> Kind:
    """How often and how strongly units are active.

    Args:
        values: `[place, unit]`, in the direction that counts.
    """
    thresholds = np.array([activity(column) for column in values.T])  # half of the top mean
    spread = np.maximum(values.std(0), 1e-30)
    return Kind(
        (values > thresholds).mean(0), np.maximum(2 * thresholds - values.mean(0), 0) / spread
    )


def standard(values: np.ndarray) -> Standard:
    """Brings columns to mean 0 and length 1, in place."""
    mean = values.mean(0, dtype=np.float64).astype(values.dtype)
    values -= mean
    length = np.sqrt(np.square(values).sum(0, dtype=np.float64)).astype(values.dtype)
    flat = length <= 1e-6 * np.sqrt(max(len(values), 1))
    values /= np.where(flat, np.inf, length)
    return Standard(values, mean, length)


def _values(
    target: Target, windows: TokenWindows | ImageRows, site: str, units: np.ndarray
) -> np.ndarray:
    """Units at all counted places, float32 `[place, unit]`; what is not finite is 0."""
    out = np.zeros((int(windows.counted.sum()), len(units)), np.float32)
    size, start = _ROWS[isinstance(windows, ImageRows)], 0
    for at in range(0, len(windows), size):
        rows = windows.rows(slice(at, at + size))
        parts: list[np.ndarray] = []

        def take(name: str, values: Tensor, rows: Any = rows, parts: Any = parts) -> None:
            parts.append(at_places(target, rows, name, values)[:, units])

        target.trace(rows, [site], output=False, take=take)
        out[start : start + len(parts[0])] = np.nan_to_num(parts[0], posinf=0, neginf=0)
        start += len(parts[0])
    return out
