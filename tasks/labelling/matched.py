"""All units of a site on the held-out splits: whom a unit is compared with.

1. One pass over validation and test reads every unit of one or more sites at all counted places, in
   half precision; of a site too large for `MEMORY` a random part of its units is kept.
2. How often a unit is active, and how high its peaks stand, are read on validation.
3. Matched units are of the same site and sign, and active as often and as strongly within a factor
   of `FACTOR`; the `NEAREST` of them are drawn from. A predictor scores higher on common and
   steady units than on rare and sharp ones whatever it says, so others are no comparison.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from ...tools.activations.records import activity
from ...tools.data.image_rows import ImageRows
from ...tools.data.windows import TokenWindows
from ...tools.lab import at_places
from ...tools.models.target import Target

MEMORY = 2**30
"""Bytes that all sites held at once may take: the neurons of a small encoder, six times 1,536."""
FACTOR = 4.0
"""How many times rarer or commoner, weaker or stronger, a matched unit may be. In sites of 128
neurons a factor of 2 leaves one unit in four with fewer than 20 matched ones, 4 one in sixteen."""
NEAREST = 200
_ROWS = {True: 32, False: 64}  # pictures, windows of one pass
_COLUMNS = 64
_PLACES = 4096


class Kind(NamedTuple):
    """What units are matched on, `[unit]` each."""

    rate: np.ndarray
    """Share of places above half of the mean of the strongest 0.1%."""
    peak: np.ndarray
    """Mean of the strongest 0.1%, in standard deviations above the mean."""

    def nearest(self, own: "Kind", able: np.ndarray) -> np.ndarray:
        """Indices of the units nearest in kind to a single unit, nearest first.

        Args:
            own: The kind of that unit.
            able: Which units may be taken, bool `[unit]`.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            far = np.abs(np.log(np.stack([self.rate / own.rate, self.peak / own.peak])))
        near = np.flatnonzero(able & (far <= np.log(FACTOR)).all(0))
        return near[np.argsort(far[:, near].sum(0), kind="stable")]


@dataclass(frozen=True)
class Columns:
    """Units at the counted places of one split."""

    values: np.ndarray
    """`[place, unit]`, shifted and scaled so that half precision holds them."""
    shift: np.ndarray
    """float32 `[unit]`."""
    scale: np.ndarray
    """float32 `[unit]`."""

    def take(self, chosen: Any) -> np.ndarray:
        """Activations of some units, float32 `[place, unit]`."""
        result = self.values[:, chosen].astype(np.float32)
        return result * self.scale[chosen] + self.shift[chosen]

    def at(self, places: np.ndarray) -> "Columns":
        """At some of the places, bool `[place]`."""
        return self if places.all() else Columns(self.values[places], self.shift, self.scale)

    def correlations(self, x: np.ndarray) -> np.ndarray:
        """Pearson's r of `x`, `[place]`, with every unit: `[unit]`; 0 for a constant."""
        x = standard(x[:, None].astype(np.float32))[:, 0]
        sums = np.zeros((3, len(self.scale)))
        for i in range(0, len(x), _PLACES):
            here = self.values[i : i + _PLACES].astype(np.float32)
            sums += here.sum(0), np.square(here).sum(0), x[i : i + _PLACES] @ here
        total, squares, products = sums
        length = np.sqrt(np.maximum(squares - total**2 / max(len(x), 1), 0))
        flat = length <= 1e-3 * np.sqrt(max(len(x), 1))  # the resolution of half precision
        return np.where(flat, 0.0, products / np.where(flat, 1.0, length))


class SiteUnits:
    """Units of one site on validation and test.

    Args:
        units: Their numbers in the site, `[unit]`.
        validation: Their activations on validation.
        test: On test.
    """

    def __init__(self, units: np.ndarray, validation: Columns, test: Columns) -> None:
        self.units, self.validation, self.test = units, validation, test
        self._kinds: dict[int, Kind] = {}
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes."""
        return self.validation.values.nbytes + self.test.values.nbytes

    def at(self, validation: np.ndarray, test: np.ndarray) -> "SiteUnits":
        """At some of the places of both splits, bool `[place]`."""
        if validation.all() and test.all():
            return self
        return SiteUnits(self.units, self.validation.at(validation), self.test.at(test))

    def kinds(self, sign: int) -> Kind:
        """How often and how strongly the units are active on validation, in one direction."""
        with self._lock:
            if sign not in self._kinds:
                parts = [
                    kind_of(sign * self.validation.take(slice(i, i + _COLUMNS)))
                    for i in range(0, len(self.units), _COLUMNS)
                ]
                rates, peaks = zip(*parts, strict=True)
                self._kinds[sign] = Kind(np.concatenate(rates), np.concatenate(peaks))
            return self._kinds[sign]


class Sites:
    """The sites that were looked at last; as many a pass as memory allows, whoever asks."""

    def __init__(self, target: Target, windows: Mapping[str, Any]) -> None:
        self._target, self._windows = target, windows
        self._kept: dict[str, SiteUnits] = {}
        self._coming: dict[str, None] = {}
        self._lock = threading.Lock()

    def expect(self, sites: Iterable[str]) -> None:
        """Says which sites will be asked for, in this order, so that one pass reads several."""
        self._coming = dict.fromkeys(sites)

    def __getitem__(self, site: str) -> SiteUnits:
        with self._lock:
            if site not in self._kept:
                self._measure(site)
            return self._kept[site]

    def passes(self, sites: Iterable[str]) -> int:
        """How many passes over validation and test these sites take."""
        left, n = list(dict.fromkeys(sites)), 0
        while left:
            left, n = left[len(self._together(left)) :], n + 1
        return n

    def _most(self) -> int:
        """Units that fit in memory."""
        places = sum(int(self._windows[name].counted.sum()) for name in ("validation", "test"))
        return max(1, MEMORY // (2 * max(places, 1)))

    def _together(self, sites: Sequence[str]) -> Sequence[str]:
        """The first site and those behind it that fit in memory beside it."""
        n = np.cumsum([self._target.sites[name].units for name in sites])
        return sites[: max(1, int((n <= self._most()).sum()))]

    def _measure(self, site: str) -> None:
        self._coming.pop(site, None)
        chosen = self._together([site, *self._coming])
        self._kept = {}  # the memory is needed
        self._kept = measured(self._target, self._windows, chosen, self._most())
        self._coming = {name: None for name in self._coming if name not in self._kept}


def measured(
    target: Target, windows: Mapping[str, Any], sites: Sequence[str], most: int
) -> dict[str, SiteUnits]:
    """Measures sites on the `validation` and `test` of windows, at most so many units of each."""
    units = {}
    for name in sites:
        order = np.random.default_rng(0).permutation(target.sites[name].units)
        units[name] = np.sort(order[:most])
    parts = [_columns(target, windows[name], units) for name in ("validation", "test")]
    return {name: SiteUnits(units[name], *(part[name] for part in parts)) for name in sites}


def kind_of(values: np.ndarray) -> Kind:
    """How often and how strongly units are active.

    Args:
        values: `[place, unit]`, in the direction that counts.
    """
    thresholds = np.array([activity(column) for column in values.T])  # half of the top mean
    spread = np.maximum(values.std(0), 1e-30)
    above = np.maximum(2 * thresholds - values.mean(0), 0)
    return Kind((values > thresholds).mean(0), above / spread)


def standard(values: np.ndarray) -> np.ndarray:
    """Columns with mean 0 and length 1, float `[place, column]`; a constant one becomes 0."""
    values = values - values.mean(0, dtype=np.float64).astype(values.dtype)
    length = np.sqrt(np.square(values).sum(0, dtype=np.float64)).astype(values.dtype)
    flat = length <= 1e-6 * np.sqrt(max(len(values), 1))
    return values / np.where(flat, np.inf, length)


def _columns(
    target: Target, windows: TokenWindows | ImageRows, units: Mapping[str, np.ndarray]
) -> dict[str, Columns]:
    """Units by site at all counted places; what is not finite is 0."""
    places = int(windows.counted.sum())
    result: dict[str, Columns] = {}
    size, start = _ROWS[isinstance(windows, ImageRows)], 0
    for i in range(0, len(windows), size):
        rows = windows.rows(slice(i, i + size))
        parts: dict[str, np.ndarray] = {}

        def take(name: str, values: Tensor, rows: Any = rows, parts: Any = parts) -> None:
            here = at_places(target, rows, name, values)[:, units[name]]
            parts[name] = np.nan_to_num(here, posinf=0, neginf=0)

        target.trace(rows, list(units), output=False, take=take)
        for name, here in parts.items():
            if name not in result:
                empty = np.zeros((places, here.shape[1]), np.float16)
                result[name] = Columns(empty, here.mean(0), _scale(here))
            there = result[name]
            scaled = (here - there.shift) / there.scale
            there.values[start : start + len(here)] = np.clip(scaled, -6e4, 6e4)
        start += int(rows.counted.sum())
    return result


def _scale(values: np.ndarray) -> np.ndarray:
    """Standard deviations `[unit]`; the median of all for a unit that does not vary here."""
    spread = values.std(0)
    known = spread[spread > 0]
    return np.where(spread > 0, spread, np.median(known) if known.size else 1.0).astype(np.float32)
