"""What all units of a run do on its explore windows, measured in one pass and kept.

1. Activations of a unit are one row over all counted places, less their mean: the correlation of
   two units is the cosine of their rows.
2. Where the rows of all units together are too large to keep, they are projected by a fixed
   CountSketch (Charikar et al. 2002; Weinberger et al. 2009): each place is added, with a random
   sign, to one of `width` numbers. A correlation r is then right up to a standard error of at most
   1 / sqrt(width), whether units are active everywhere or at a few places only.
3. A unit's exemplars are its windows with the highest peaks; windows whose peak is not above the
   unit's mean are none.
4. The control: correlations of random units one of which has its windows shuffled, from rows of a
   few units that are kept whole during the pass.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from ...tools.data.image_rows import ImageRows
from ...tools.data.windows import TokenWindows
from ...tools.errors import UsageError
from ...tools.io.arrays import load_arrays, save_arrays
from ...tools.lab import measure
from ...tools.models.target import Target
from ...tools.models.unit import Unit
from ..labelling.data import RunData, load_data
from ..labelling.folder import RunFolder
from ..labelling.shape import Measurable
from ..labelling.trusted import allowed, load_allowed

FILE = "similar.npz"
FORMAT = 1
MOST_NUMBERS = 32 * 2**20
"""Numbers that the rows of all units may take together."""
LEAST_WIDTH = 1024
MOST_EXEMPLARS = 20
_CONTROL_NUMBERS = 16 * 2**20
_CONTROL_UNITS = 64
_CONTROL_PAIRS = 1000
_ROWS = 64  # windows of one step
_BATCH_NUMBERS = 16 * 2**20  # activations that are in memory at a time


@dataclass(frozen=True, eq=False)
class Activity:
    """What the units of a run did on explore."""

    units: np.ndarray
    """str `[unit]`."""
    rows: np.ndarray
    """float16 `[unit, width]`: activations less their mean, of mean square one; 0: constant."""
    exemplars: np.ndarray
    """int32 `[unit, k]`: windows with the highest peaks, highest first; -1 for none."""
    shuffled: np.ndarray
    """float32 `[pair]`: correlations of random units, one with its windows shuffled."""
    windows: int
    places: int
    """Counted places."""
    exact: bool
    """The rows hold every place."""
    seen: str
    """Fingerprint of the target and hash of the corpus."""

    @property
    def error(self) -> float:
        """Standard error of a correlation that comes from the projection."""
        return 0.0 if self.exact else 1 / math.sqrt(self.rows.shape[1])


def activity(
    folder: Path, units: Sequence[str], data: Callable[[], RunData] | None = None
) -> Activity:
    """What these units do, from the run folder or measured now and kept there.

    Args:
        folder: A run folder with `run.json`.
        units: Units that must be in it.
        data: Gives the run's target and windows; None: they are loaded as `run.json` names them,
            so far as that may be (`tools/models/trust.py`).

    Raises:
        UsageError: if the target or corpus cannot be loaded, or is not the one of the run.
    """
    run = RunFolder(folder).facts(Measurable)
    seen = f"{run['target']['fingerprint']} {run['corpus']['hash']}"
    kept = _kept(folder / FILE, seen)
    if kept is not None and set(units) <= set(kept.units.tolist()):
        return kept
    made = data_of(folder) if data is None else data()
    same = made.target.is_known_as(run["target"]["fingerprint"])
    if not (same and made.corpus.is_known_as(run["corpus"]["hash"])):
        here = f"{made.target.fingerprint} {made.corpus.hash}"
        raise UsageError(
            f"{made.target.name} and {made.corpus.name} are no longer what the run in {folder} was "
            f"made with (weights and corpus {seen} there, {here} here); activations of its units "
            "cannot be compared; use --by label"
        )
    wanted = list(dict.fromkeys([*run["units"], *units]))  # units still to come are measured too
    result = _measure(made.target, made.windows["explore"], wanted, seen)
    arrays = {item.name: np.asarray(getattr(result, item.name)) for item in fields(result)}
    with suppress(OSError):  # the folder may be read-only
        save_arrays(folder / FILE, {"format": np.asarray(FORMAT), **arrays})
    return result


def data_of(
    folder: Path,
    *,
    target: str | Target | None = None,
    data: str | None = None,
    reader: str | None = None,
    special: str | None = None,
    trust_remote_code: bool = False,
) -> RunData:
    """The target of a run and its windows, loaded.

    Args:
        folder: A run folder with `run.json`.
        target: Instead of the run's, where the person named it or it is loaded already.
        data: Instead of the run's.
        reader: Instead of the run's.
        special: Instead of the run's.
        trust_remote_code: Run the own code of the model that `target` names.

    Raises:
        UsageError: if something cannot be loaded, or may not be (`tools/models/trust.py`).
    """
    run = RunFolder(folder).facts(Measurable)
    named = target if isinstance(target, str) else None
    there = target if isinstance(target, Target) else None
    loaded = there is not None
    settings = allowed(
        folder,
        run,
        target=named,
        data=data,
        reader=reader,
        special=special,
        images=(),
        loaded=loaded,
    )
    if there is None:
        there = load_allowed(folder, settings, target=named, trust_remote_code=trust_remote_code)
    return load_data(there, settings)


def _kept(path: Path, seen: str) -> Activity | None:
    arrays = load_arrays(path) or {}
    names = [item.name for item in fields(Activity)]
    if {"format", *names} - arrays.keys() or int(arrays["format"]) != FORMAT:
        return None
    values: dict[str, Any] = {
        name: arrays[name] if arrays[name].ndim else arrays[name].item() for name in names
    }
    result = Activity(**values)
    return result if result.seen == seen else None


def _measure(
    target: Target, windows: TokenWindows | ImageRows, names: Sequence[str], seen: str
) -> Activity:
    """One pass over the windows for all units."""
    units = [target.unit(name) for name in names]
    rng = np.random.default_rng(0)
    size = int(windows.counted.size)
    width = min(size, max(LEAST_WIDTH, MOST_NUMBERS // len(units)))
    sums = _Sums(len(units), width, exact=width == size)
    tops = _Tops(len(units), max(1, min(MOST_EXEMPLARS, len(windows) // 10)))
    n = min(_CONTROL_UNITS, len(units), max(2, _CONTROL_NUMBERS // size))
    chosen = np.sort(rng.permutation(len(units))[:n])
    whole = []
    length = windows.counted.shape[1]
    step = max(1, min(_ROWS, _BATCH_NUMBERS // (len(units) * length)))
    for i in range(0, len(windows), step):
        part = windows.rows(slice(i, i + step))
        values = measure(target, part, units)  # [unit, window, place]
        whole.append(values[chosen])
        tops.add(values, i)
        sums.add(values, part.counted, rng)
    control = np.concatenate(whole, 1)  # [chosen, window, place]
    return Activity(
        units=np.array([str(name) for name in names]),
        rows=sums.rows(),
        exemplars=tops.above(sums.mean),
        shuffled=_shuffled(control, [units[i] for i in chosen], rng),
        windows=len(windows),
        places=int(windows.counted.sum()),
        exact=sums.exact,
        seen=seen,
    )


class _Sums:
    """The rows of all units, as batches come in; the last row is the counted places themselves."""

    def __init__(self, units: int, width: int, *, exact: bool) -> None:
        self.exact = exact
        self._rows = np.zeros((units + 1, width), np.float32)
        self._total = np.zeros(units)
        self._count = 0
        self._at = 0
        self._shift: np.ndarray | None = None

    def add(self, values: np.ndarray, counted: np.ndarray, rng: np.random.Generator) -> None:
        """Takes in `[unit, window, place]`, NaN where not counted."""
        if self._shift is None:
            self._shift = _means(values)  # a first idea of the mean, so that little cancels later
        shift: np.ndarray = self._shift
        shifted = np.nan_to_num(values - shift[:, None, None]).reshape(len(values), -1)
        self._total += shifted.sum(1, dtype=np.float64)
        self._count += int(counted.sum())
        batch = np.concatenate([shifted, counted.reshape(1, -1)]).astype(np.float32)
        places = batch.shape[1]
        if self.exact:
            self._rows[:, self._at : self._at + places] = batch
            self._at += places
            return
        from scipy.sparse import csr_matrix

        bucket = rng.integers(0, self._rows.shape[1], places)
        sign = rng.choice(np.array([-1, 1], np.float32), places)
        sketch = csr_matrix((sign, (bucket, np.arange(places))), (self._rows.shape[1], places))
        self._rows += (sketch @ batch.T).T

    @property
    def mean(self) -> np.ndarray:
        """float64 `[unit]`."""
        assert self._shift is not None
        return self._shift + self._total / max(self._count, 1)

    def rows(self) -> np.ndarray:
        """Centred, with a mean square of one; float16 `[unit, width]`."""
        offset = (self._total / max(self._count, 1)).astype(np.float32)
        result = np.empty((len(offset), self._rows.shape[1]), np.float16)
        for i, row in enumerate(self._rows[:-1]):
            centred = row - offset[i] * self._rows[-1]
            size = math.sqrt(float(np.square(centred, dtype=np.float64).mean()))
            still = size <= 1e-6 * (abs(float(self.mean[i])) + 1e-6)
            result[i] = 0 if still else centred / size
        return result


class _Tops:
    """The windows with the highest peaks of every unit, as batches come in."""

    def __init__(self, units: int, k: int) -> None:
        self._peaks = np.full((units, k), -np.inf, np.float32)
        self._windows = np.full((units, k), -1, np.int32)

    def add(self, values: np.ndarray, at: int) -> None:
        """Takes in `[unit, window, place]` of the windows from `at` on."""
        k = self._peaks.shape[1]
        fresh = np.where(np.isnan(values), -np.inf, values).max(2)  # [unit, window]
        here = np.broadcast_to(np.arange(at, at + fresh.shape[1], dtype=np.int32), fresh.shape)
        peaks = np.concatenate([self._peaks, fresh], 1)
        windows = np.concatenate([self._windows, here], 1)
        order = np.argsort(-peaks, axis=1, kind="stable")[:, :k]
        self._peaks = np.take_along_axis(peaks, order, 1)
        self._windows = np.take_along_axis(windows, order, 1)

    def above(self, mean: np.ndarray) -> np.ndarray:
        """Windows whose peak is above the unit's mean, else -1; int32 `[unit, k]`."""
        return np.where(self._peaks > mean[:, None], self._windows, -1).astype(np.int32)


def _shuffled(values: np.ndarray, units: Sequence[Unit], rng: np.random.Generator) -> np.ndarray:
    """Correlations of random pairs, the second unit's windows shuffled; float32 `[pair]`."""
    centred = np.nan_to_num(values - _means(values)[:, None, None])  # [unit, window, place]
    sizes = np.sqrt(np.square(centred).sum((1, 2)))
    alive = [i for i in range(len(units)) if sizes[i] > 0]
    if len(alive) < 2:
        return np.zeros(0, np.float32)
    result = []
    for _ in range(min(_CONTROL_PAIRS, 20 * len(alive))):
        first, second = rng.choice(alive, 2, replace=False)
        order = rng.permutation(values.shape[1])
        product = float(np.vdot(centred[first], centred[second][order]))
        result.append(product / (sizes[first] * sizes[second]))
    return np.array(result, np.float32)


def _means(values: np.ndarray) -> np.ndarray:
    """Of `[unit, window, place]` where counted, `[unit]`."""
    counted = np.maximum(np.isfinite(values).sum((1, 2)), 1)
    return np.nan_to_num(values).sum((1, 2), dtype=np.float64).astype(np.float32) / counted
