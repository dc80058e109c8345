"""Reading an index: what one unit does over a corpus, in milliseconds."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ..data.image_rows import ImageRows
from ..data.keep import load_windows, windows_hash
from ..data.windows import TokenWindows
from ..errors import UsageError, nearest
from ..models import Target, Unit
from .moments import mean_and_sd
from .places import mixed
from .sparse import SavedSample
from .store import ROWS, checksums, damaged, open_array, read_header
from .topk import EMPTY, positions_of, values_of

QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
BANDS = ((0.5, 0.75), (0.75, 0.9), (0.9, 0.99), (0.99, 1.0))


class Exemplar(NamedTuple):
    """A place and the unit's value there, in the unit's own direction."""

    window: int
    place: int
    value: float


class Band(NamedTuple):
    """Sampled places between two quantiles of the unit's values."""

    low: float
    """Quantile, 0..1."""
    high: float
    exemplars: tuple[Exemplar, ...]
    """In an arbitrary fixed order, of distinct windows."""


@dataclass(frozen=True)
class UnitExemplars:
    """One unit over the corpus. All values are in the unit's direction: negated for `-`."""

    unit: Unit
    meaning: str
    """What this sign is, where that needs saying; empty for a plain unit."""
    real: bool
    """Whether the sign carries meaning; where it does not there are no exemplars."""
    top: tuple[Exemplar, ...]
    """The k largest values, best first; neurons and heads list active places only."""
    bands: tuple[Band, ...]
    low: tuple[Exemplar, ...]
    """Sampled places with the lowest values, lowest first."""
    count: int
    """Counted places of the corpus."""
    fired: int
    """Places with a value above 0 in the unit's direction."""
    mean: float
    sd: float
    max: float
    """The largest value; NaN where there is none."""
    quantiles: dict[float, float]
    """From the sampled places; those far out in the tail from the largest values."""

    @property
    def rate(self) -> float:
        """The share of places where the unit fires."""
        return self.fired / self.count if self.count else 0.0


class ExemplarIndex:
    """A finished index, memory-mapped."""

    def __init__(self, folder: Path, header: dict[str, Any]) -> None:
        self.folder = folder
        self.header = header
        self.count: int = header["count"]
        self._first: dict[str, int] = {}
        self._dense: dict[str, int] = {}
        self._sites: dict[str, dict[str, Any]] = {}
        at = dense = 0
        for site in header["sites"]:
            self._first[site["name"]] = at
            self._sites[site["name"]] = site
            at += site["units"]
            if not site.get("sparse"):
                self._dense[site["name"]] = dense
                dense += site["units"]
        self.units = at
        self._checked: set[int] = set()
        self._checked_sample: set[int] = set()
        k = header["k"]
        self.places = np.asarray(self._open_places())
        self.top = open_array(folder, "top", (at, 2, k))
        self.sums = open_array(folder, "sums", (at, 2, 2))
        self.fired = open_array(folder, "fired", (at, 2))
        self.sample = open_array(folder, "sample", (dense, len(self.places)))
        """Of dense sites, `[unit, place]`."""
        self.entries = SavedSample(folder, header, len(self.places)) if dense < at else None

    @classmethod
    def open(
        cls,
        folder: Path | str,
        *,
        target: Target | None = None,
        windows: TokenWindows | ImageRows | None = None,
    ) -> "ExemplarIndex":
        """Opens a finished index.

        Args:
            folder: Where it lies.
            target: The model that it must be of.
            windows: The windows that it must be over.

        Raises:
            UsageError: if it is missing, unfinished, damaged, or of another model or corpus.
        """
        folder = Path(folder)
        header = read_header(folder)
        if target is not None and not target.is_known_as(header["fingerprint"]):
            raise UsageError(
                f"the index in {folder} is of another model ({header['target']}), not of "
                f"{target.name} as it is now; build one for it in another folder"
            )
        if windows is not None and header["windows"] != windows_hash(windows):
            raise UsageError(
                f"the index in {folder} is over another corpus ({header['corpus'] or 'unnamed'}) "
                "or window length; build one for these windows in another folder"
            )
        return cls(folder, header)

    @property
    def sites(self) -> tuple[str, ...]:
        """Names of the sites in the index."""
        return tuple(name for name in self._sites if name.removesuffix("-") == name)

    @cached_property
    def windows(self) -> Any:
        """The token windows that exemplars point into; over pictures a `PictureList`."""
        return load_windows(self.folder / "windows")

    @property
    def pictures(self) -> bool:
        """Whether it is over pictures: then a window is a picture, with one place."""
        return bool(self.header.get("pictures"))

    def unit(self, unit: Unit | str, *, limit: int = 8) -> UnitExemplars:
        """What the corpus shows of one unit.

        Args:
            unit: The unit, with its sign.
            limit: Exemplars in each band and among the lowest, of distinct windows.

        Raises:
            UsageError: if the index does not hold the unit, or its rows are damaged.
        """
        unit = Unit.parse(unit) if isinstance(unit, str) else unit
        site = self._site(unit.site)
        if not 0 <= unit.index < site["units"]:
            raise UsageError(f"{unit}: site {unit.site} has units 0 to {site['units'] - 1}")
        real = unit.sign in site["signs"]
        sign, own = unit.sign, unit.site
        if self.pictures and real and sign < 0:  # has rows of its own, in its own direction
            sign, own = 1, f"{unit.site}-"
        row = self._first[own] + unit.index
        self._check(row // ROWS)
        side = 0 if sign > 0 else 1
        keys = self.top[row, side]
        keys = keys[keys != EMPTY]
        top = tuple(
            Exemplar(*divmod(int(position), self._width), float(value))
            for position, value in zip(
                positions_of(keys), values_of(torch.from_numpy(keys)), strict=True
            )
        )
        sample = sign * self._sampled(own, unit.index)
        mean, sd = mean_and_sd(np.asarray(self.sums[row]), self.count)
        if real:
            largest = top[0].value if top else float(sample.max(initial=np.nan))
        else:
            largest = float("nan")
        return UnitExemplars(
            unit=unit,
            meaning=_meaning(site, unit.sign, sample, self.pictures),
            real=real,
            top=top,
            bands=self._bands(sample, limit) if real else (),
            low=self._picked(sample, np.argsort(sample, kind="stable"), limit) if real else (),
            count=self.count,
            fired=int(self.fired[row, side]),
            mean=float(mean) * sign,
            sd=float(sd),
            max=largest,
            quantiles=_quantiles(sample, top, self.count),
        )

    def _sampled(self, site: str, index: int) -> np.ndarray:
        """A unit's values at the sampled places, `[place]`."""
        if site in self._dense:
            row = self._dense[site] + index
            self._check_sample(row // ROWS)
            return np.asarray(self.sample[row])
        assert self.entries is not None
        return self.entries.row(self._first[site] + index)

    def size(self, site: str) -> int:
        """Units of a site."""
        return self._site(site)["units"]

    def signs(self, site: str) -> tuple[int, ...]:
        """The directions of a site that carry meaning."""
        return tuple(self._site(site)["signs"])

    def top_places(self, site: str, sign: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Windows and places of every unit's largest values, best first: int64 `[unit, k]`, -1
        where a unit has fewer.
        """
        own, side = site, 0 if sign > 0 else 1
        if self.pictures and sign < 0:  # has rows of its own, in its own direction
            own, side = f"{site}-", 0
        rows = self._rows(own)
        keys = np.asarray(self.top[rows, side])
        positions = np.where(keys == EMPTY, -1, positions_of(keys))
        return positions // self._width, np.where(positions < 0, -1, positions % self._width)

    def verify(self) -> None:
        """Reads everything and checks it.

        Raises:
            UsageError: if anything is damaged.
        """
        for block in range(-(-self.units // ROWS)):
            self._check(block)
        for block in range(-(-len(self.sample) // ROWS)):
            self._check_sample(block)
        load_windows(self.folder / "windows")

    def _site(self, name: str) -> dict[str, Any]:
        if name not in self._sites:
            raise UsageError(
                f"the index in {self.folder} has no site '{name}'; it has: "
                f"{nearest(name, self._sites, most=12)}"
            )
        return self._sites[name]

    def _rows(self, site: str) -> slice:
        """The rows of a site, checked."""
        rows = slice(self._first[site], self._first[site] + self.size(site))
        for block in range(rows.start // ROWS, -(-rows.stop // ROWS)):
            self._check(block)
        return rows

    def _open_places(self) -> np.ndarray:
        try:
            places = np.load(self.folder / "places.npy")
        except (OSError, ValueError, EOFError) as error:
            raise damaged(self.folder, "places.npy") from error
        if places.ndim != 1 or checksums(places) != self.header["checks"]["places"]:
            raise damaged(self.folder, "places.npy")
        return places

    def _check(self, block: int) -> None:
        if block in self._checked:
            return
        for name in ("top", "sums", "fired"):
            self._compare(name, block)
        self._checked.add(block)

    def _check_sample(self, block: int) -> None:
        if block not in self._checked_sample:
            self._compare("sample", block)
            self._checked_sample.add(block)

    def _compare(self, name: str, block: int) -> None:
        rows = getattr(self, name)[block * ROWS : (block + 1) * ROWS]
        if checksums(rows) != self.header["checks"][name][block : block + 1]:
            raise damaged(self.folder, f"{name}.npy")

    @cached_property
    def _width(self) -> int:
        return self.windows.ids.shape[1]

    def _bands(self, sample: np.ndarray, limit: int) -> tuple[Band, ...]:
        if not len(sample):
            return ()
        rank = np.empty(len(sample))
        rank[np.argsort(sample, kind="stable")] = (np.arange(len(sample)) + 0.5) / len(sample)
        order = np.argsort(mixed(self.places.astype(np.uint64)), kind="stable")
        rank = rank[order]
        return tuple(
            Band(low, high, self._picked(sample, order[(rank >= low) & (rank < high)], limit))
            for low, high in BANDS
        )

    def _picked(self, sample: np.ndarray, order: np.ndarray, limit: int) -> tuple[Exemplar, ...]:
        """The first places in this order, at most one a window."""
        seen: dict[int, Exemplar] = {}
        for slot in order:
            window, place = divmod(int(self.places[slot]), self._width)
            seen.setdefault(window, Exemplar(window, place, float(sample[slot])))
            if len(seen) == limit:
                break
        return tuple(seen.values())


def _quantiles(sample: np.ndarray, top: tuple[Exemplar, ...], count: int) -> dict[float, float]:
    """From the sample, and where the k largest values reach that far, from them, exactly."""
    if not len(sample):
        return {}
    out = dict(zip(QUANTILES, np.quantile(sample, QUANTILES).tolist(), strict=True))
    values = [item.value for item in top]
    for share in (0.99, 0.999, 0.9999):
        above = round((1 - share) * count)  # values above this quantile
        if 0 < above < len(values):
            out[share] = values[above]
    if values:
        out[1.0] = values[0]
    return out


def _meaning(site: dict[str, Any], sign: int, sample: np.ndarray, pictures: bool) -> str:
    if sign not in site["signs"]:
        floor = site["floor"]
        if floor is None:
            return "a norm is never negative: this side does not exist"
        if floor == 0:
            return "the activation function is never negative: this side does not exist"
        near = float(np.mean(-sample < 0.5 * floor)) if len(sample) else 0.0
        return (
            f"the negative side is the floor of the activation function, at {floor:g}: "
            f"{near:.0%} of the places lie in its lower half, so there is nothing to list"
        )
    if site["gated"] and pictures:
        return "a gated unit: both signs are real and described apart"
    if site["gated"]:
        energy = float(np.square(sample).sum())
        share = float(np.square(sample[sample > 0]).sum()) / energy if energy else 0.0
        return (
            f"a gated unit: both signs are real and described apart; this one, "
            f"{'positive' if sign > 0 else 'negative'}, holds {share:.0%} of its energy"
        )
    return ""
