"""One pass over a corpus for all units of the chosen sites and both signs.

1. The windows are cut into blocks, each one forward pass of the network's body; a shard is a run
   of blocks.
2. As its values arise, each site gives those at the counted places `[token, unit]`: the largest of
   every group of tokens are compared with each unit's k-th best, sums and counts are added, and
   rows at sampled places are written to disk. No more than one site's values are in memory.
3. From time to time all that is written to a state file, whole or not at all, with the number of
   the next block; a run that was killed goes on there.
4. At the end the parts are put together as in `store`.

Over pictures a place is a picture, and a unit's value there its maximum over space. The greatest
value of the negative side is another one, so that a site whose negative side has a meaning gets
rows of its own for it, under its name with a `-`.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.image_rows import ImageRows
from ..data.keep import save_windows, windows_hash
from ..data.windows import TokenWindows
from ..errors import UsageError
from ..io.files import drop_unfinished, write_whole
from ..io.lock import owned
from ..models import Site, Target
from ..models.site import SparseCode
from .over_space import largest, least
from .places import PICTURES, blocks_of_shard, rows_of_block, sampled_positions
from .sparse import Sample, SparseTally, is_sparse
from .store import FORMAT, HEADER, SAME, disk, read_header, reserved, write_header
from .tally import Tally, signs
from .topk import EMPTY

_WORK = "work.json"
_STATE = "state.npz"
_PART = "sample.part"
_EVERY = 15.0  # seconds between states
_COLUMNS = 512


def build_index(
    target: Target,
    windows: TokenWindows | ImageRows,
    sites: Sequence[str],
    folder: Path | str,
    *,
    k: int = 20,
    shard: tuple[int, int] = (0, 1),
    sample: int = 1024,
    corpus: str = "",
    progress: Callable[[int, int], None] | None = None,
    state_every: float = _EVERY,
) -> Path:
    """Indexes sites over windows; the same call goes on after a kill, or returns when all is done.

    Args:
        target: The network.
        windows: All windows of the corpus, or its pictures; also those of other shards.
        sites: Names of the sites.
        folder: Where the index goes.
        k: Largest values to keep a unit and sign.
        shard: `(i, n)`: the i-th (from 0) of n parts; put them together with `merge`.
        sample: Places at which every unit's value is kept.
        corpus: Name and hash of the corpus, for people to read.
        progress: Called with the windows done and the windows there are in this shard.
        state_every: Seconds between states on the disk.

    Returns:
        The folder.

    Raises:
        UsageError: if the folder holds another index, another process writes it, the disk is
            full, or a site gives values that are not finite.
    """
    folder = Path(folder)
    chosen = [target.site(name) for name in dict.fromkeys(sites)]
    if not chosen or k < 1 or sample < 1 or not 0 <= shard[0] < shard[1]:
        raise UsageError("an index needs at least one site, k and sample above 0, and i < n")
    if windows.ids.size == 0 or windows.ids.size >= 1 << 32:
        raise UsageError(f"cannot index {windows.ids.size} token places; give other data")
    header = {
        "format": FORMAT,
        "target": target.name,
        "fingerprint": target.fingerprint,
        "pictures": isinstance(windows, ImageRows),
        "corpus": corpus,
        "windows": windows_hash(windows),
        "sites": [
            {
                "name": site.name,
                "units": site.units,
                "floor": site.floor,
                "gated": site.gated,
                "signs": list(signs(site)) if site in chosen else [1],
                **({"code": site.code.fingerprint} if isinstance(site.code, SparseCode) else {}),
                **({"sparse": True} if _by_entries(site, windows) else {}),
            }
            for site in _parts(chosen, windows)
        ],
        "k": k,
        "sample": sample,
        "rows": rows_of_block(windows, max(map(partial(_laid_out, windows), chosen))),
        "shards": [list(shard)],
    }
    with disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with owned(folder):
            drop_unfinished(folder)
            if _done(folder, header):
                return folder
            _run(_Pass(target, windows, chosen, header, folder), progress, state_every)
    return folder


@dataclass
class _Pass:
    target: Target
    windows: TokenWindows | ImageRows
    sites: list[Site]
    header: dict[str, Any]
    folder: Path

    def __post_init__(self) -> None:
        self.width = self.windows.ids.shape[1]
        self.rows = self.header["rows"]
        blocks = -(-len(self.windows) // self.rows)
        self.blocks = blocks_of_shard(blocks, tuple(self.header["shards"][0]))
        first, last = self.blocks.start * self.rows, self.blocks.stop * self.rows
        everywhere = sampled_positions(self.windows, self.header["sample"])
        inside = (everywhere >= first * self.width) & (everywhere < last * self.width)
        self.places = everywhere[inside]
        self.tallies: dict[str, Tally] = {}
        self.sparse: dict[str, SparseTally] = {}
        self.rows_of: dict[str, slice] = {}
        self.columns: dict[str, slice] = {}  # of the sampled values of dense sites
        self.units = self.dense = 0
        pictures = isinstance(self.windows, ImageRows)
        k, device = self.header["k"], self.target.device
        for site in _parts(self.sites, self.windows):
            self.rows_of[site.name] = slice(self.units, self.units + site.units)
            self.units += site.units
            if _by_entries(site, self.windows):
                self.sparse[site.name] = SparseTally(site, k, device)
                continue
            self.tallies[site.name] = Tally(site, k, device, sides=(1,) if pictures else None)
            self.columns[site.name] = slice(self.dense, self.dense + site.units)
            self.dense += site.units
        self.count = 0
        self.next = self.blocks.start
        self.tell: Callable[[int], None] = lambda windows: None  # told the number of the next one


def _run(run: _Pass, progress: Callable[[int, int], None] | None, state_every: float) -> None:
    _resume(run)
    total = (run.blocks.stop - run.blocks.start) * run.rows
    total = min(total, len(run.windows) - run.blocks.start * run.rows)
    saved = time.monotonic()
    if progress is not None:
        run.tell = lambda at: progress(min(at - run.blocks.start * run.rows, total), total)
    while run.next < run.blocks.stop:
        _block(run)
        run.next += 1
        run.tell(run.next * run.rows)
        if run.next < run.blocks.stop and time.monotonic() - saved >= state_every:
            _save_state(run)
            saved = time.monotonic()
    _finish(run)


def _block(run: _Pass) -> None:
    if isinstance(run.windows, ImageRows):
        _block_of_pictures(run, run.windows)
        return
    first = run.next * run.rows
    rows = run.windows.rows(slice(first, first + run.rows)).trimmed()
    width = rows.ids.shape[1]
    window, place = rows.counted.nonzero()
    positions = (window + first) * run.width + place  # [token] int64, ascending
    if not len(positions):
        return
    flat = torch.from_numpy(window * width + place).to(run.target.device)
    where = torch.from_numpy(positions).to(run.target.device)
    slots, chosen, sample = _sampled(run, positions)

    which = np.full(len(positions), -1)
    which[chosen.cpu().numpy()] = slots

    def take(name: str, values: Tensor) -> None:
        if name in run.sparse:
            code: Any = run.sparse[name].site.code
            raw = values.flatten(2).flatten(0, 1)[flat]  # [token, d]
            run.sparse[name].take(code.entries(raw), where, which)
            return
        tally = run.tallies[name]
        result = tally.site.scalar(values).flatten(0, 1)  # [row * place, unit]
        kept = tally.take(result, flat, where)  # [token, unit]
        sample[:, run.columns[name]] = kept[chosen].cpu().numpy()

    under = {name: tally.site.under() for name, tally in run.sparse.items()}
    names = [*run.tallies, *run.sparse]
    run.target.trace(rows, names, output=False, take=take, instead=under)
    _keep(run, slots, sample)
    run.count += len(positions)


def _block_of_pictures(run: _Pass, pictures: ImageRows) -> None:
    first = run.next * run.rows
    positions = np.arange(first, min(first + run.rows, len(pictures)))
    slots, chosen, sample = _sampled(run, positions)
    device = run.target.device
    peaks = {  # [image, unit] each; made beforehand, as what is kept between passes parts the heap
        name: torch.zeros(len(positions), tally.site.units, device=device)
        for name, tally in run.tallies.items()
    }
    names = [site.name for site in run.sites]
    for start in range(0, len(positions), PICTURES):
        here = slice(start, min(start + PICTURES, len(positions)))

        def take(name: str, values: Tensor, here: slice = here) -> None:
            result = run.target.sites[name].over_space(values)  # [image, place, unit]
            peaks[name][here] = largest(result)
            if f"{name}-" in peaks:
                peaks[f"{name}-"][here] = -least(result)

        part = pictures.rows(slice(first + here.start, first + here.stop))
        run.target.trace(part, names, output=False, take=take)
        run.tell(first + here.stop)
    every = torch.arange(len(positions), device=device)
    for name, tally in run.tallies.items():
        kept = tally.take(peaks[name], every, every + first)
        sample[:, run.columns[name]] = kept[chosen].cpu().numpy()
    _keep(run, slots, sample)
    run.count += len(positions)


def _sampled(run: _Pass, positions: np.ndarray) -> tuple[np.ndarray, Tensor, np.ndarray]:
    """Which of the sampled places are in a block, which of its positions they are, and room for
    their values `[sampled, unit]`."""
    _, slots, chosen = np.intersect1d(
        run.places, positions, assume_unique=True, return_indices=True
    )
    sample = np.empty((len(slots), run.dense), np.float32)
    return slots, torch.from_numpy(chosen).to(run.target.device), sample


def _keep(run: _Pass, slots: np.ndarray, sample: np.ndarray) -> None:
    """Writes sampled values `[sampled, unit]`: neighbours, as places and positions ascend."""
    if len(slots):
        with (run.folder / _PART).open("r+b") as file:
            file.seek(int(slots[0]) * run.dense * sample.itemsize)
            sample.tofile(file)


def _parts(sites: Sequence[Site], windows: TokenWindows | ImageRows) -> list[Site]:
    """What gets rows of its own: every site, and over pictures its negative side if it is real."""
    if not isinstance(windows, ImageRows):
        return list(sites)
    twins = [replace(site, name=f"{site.name}-") for site in sites if -1 in signs(site)]
    return [*sites, *twins]


def _laid_out(windows: TokenWindows | ImageRows, site: Site) -> int:
    """How many values of a site are in memory for a place."""
    return 1 if _by_entries(site, windows) else site.units


def _by_entries(site: Site, windows: TokenWindows | ImageRows) -> bool:
    """Whether a site is kept by its active entries: over pictures a maximum needs all values."""
    return is_sparse(site) and not isinstance(windows, ImageRows)


def _resume(run: _Pass) -> None:
    """Reads the state where there is one, or begins the file of values `[sampled, unit]`."""
    path = run.folder / _PART
    state = run.folder / _STATE
    if state.exists() and path.exists():
        with np.load(state) as kept:
            run.next = int(kept["next"])
            run.count = int(kept["count"])
            for tally in (*run.tallies.values(), *run.sparse.values()):
                tally.load(dict(kept))
        return
    write_whole(run.folder / _WORK, json.dumps(run.header).encode())
    path.write_bytes(b"")


def _save_state(run: _Pass) -> None:
    arrays: dict[str, Any] = {"next": run.next, "count": run.count}
    for tally in (*run.tallies.values(), *run.sparse.values()):
        arrays |= tally.state()
    part = run.folder / "state.part"
    with part.open("wb") as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, run.folder / _STATE)


def _finish(run: _Pass) -> None:
    _save_state(run)
    folder, k = run.folder, run.header["k"]
    top = reserved(folder / "top.npy", (run.units, 2, k), np.int64)
    sums = reserved(folder / "sums.npy", (run.units, 2, 2), np.int64)
    fired = reserved(folder / "fired.npy", (run.units, 2), np.int64)
    for name, tally in {**run.tallies, **run.sparse}.items():
        units = run.rows_of[name]
        top[units] = EMPTY
        for sign, best in tally.top.items():
            top[units, 0 if sign > 0 else 1] = best.sorted().cpu().numpy()
        sums[units] = tally.sums
        fired[units] = tally.fired
    _turn_sample(run)
    if run.sparse:
        entries = [
            tally.sample._replace(unit=tally.sample.unit + run.rows_of[name].start)
            for name, tally in run.sparse.items()
        ]
        Sample.empty().joined(*entries).save(folder, len(run.places))
    np.save(folder / "places.npy", run.places)
    save_windows(run.windows, folder / "windows")
    write_header(folder, {**run.header, "count": run.count})
    for name in (_PART, _STATE, _WORK):
        (folder / name).unlink(missing_ok=True)


def _turn_sample(run: _Pass) -> None:
    """Writes the sampled values with one row a unit, from the file with one row a place."""
    shape = (len(run.places), run.dense)
    path = run.folder / _PART
    sample = np.memmap(path, np.float32, "r", shape=shape) if all(shape) else np.zeros(shape)
    facts = {"descr": "<f4", "fortran_order": False, "shape": shape[::-1]}
    with (run.folder / "sample.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, facts)
        for start in range(0, run.dense, _COLUMNS):
            some = torch.from_numpy(np.array(sample[:, start : start + _COLUMNS], np.float32))
            some.T.contiguous().numpy().tofile(file)


def _done(folder: Path, header: dict[str, Any]) -> bool:
    """Whether the folder holds this very index.

    Raises:
        UsageError: if it holds another.
    """
    complete = (folder / HEADER).exists()
    path = folder / (HEADER if complete else _WORK)
    if not path.exists():
        others = [item.name for item in folder.iterdir() if item.name != "owner.lock"]
        if others and not {name.partition(".")[0] for name in others} <= {"work", "sample"}:
            raise UsageError(f"{folder} holds other files; give an empty or new folder")
        return False
    there = read_header(folder) if complete else json.loads(path.read_bytes())
    for key, what in {**SAME, "shards": "another shard"}.items():
        if there.get(key) != header[key]:
            raise UsageError(
                f"{folder} holds an index of {what}; give another folder or delete this one"
            )
    return complete
