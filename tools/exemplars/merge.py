"""Puts shards of an index together; in any order and grouping, the result is the same bytes.

Largest values merge by a sort of their keys, sums and counts are integers that add, and each
sampled place lies in one shard.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..data.keep import load_windows, save_windows
from ..errors import UsageError
from ..io.lock import owned
from .index import ExemplarIndex
from .moments import added
from .sparse import Sample
from .store import ROWS, SAME, disk, reserved, write_header


def merge(folders: Sequence[Path | str], out: Path | str) -> Path:
    """Merges shards into one index; a merge of some of the shards can be merged again.

    Args:
        folders: Finished shards, or merges of them.
        out: A new folder.

    Raises:
        UsageError: if they do not belong together, overlap, are unfinished or damaged.
    """
    if not folders:
        raise UsageError("nothing to merge: give the folders of the shards")
    out = Path(out)
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty; give a new folder for the merged index")
    parts = [ExemplarIndex.open(folder) for folder in folders]
    for part in parts:
        part.verify()
    header = _header(parts)
    with disk(out):
        out.mkdir(parents=True, exist_ok=True)
        with owned(out):
            _write(parts, header, out)
    return out


def _header(parts: list[ExemplarIndex]) -> dict[str, Any]:
    first = parts[0]
    for part in parts[1:]:
        for key, what in SAME.items():
            if part.header[key] != first.header[key]:
                raise UsageError(
                    f"{part.folder} and {first.folder} cannot be merged: one is of {what}"
                )
    shards = [tuple(shard) for part in parts for shard in part.header["shards"]]
    sizes = {n for _, n in shards}
    if len(sizes) > 1:
        raise UsageError(f"the shards are cut differently: {_listed(shards)}")
    if len(set(shards)) < len(shards):
        raise UsageError(f"a shard is given twice: {_listed(shards)}")
    n = sizes.pop()
    covered = [[0, 1]] if len(shards) == n else [list(shard) for shard in sorted(shards)]
    header = {key: value for key, value in first.header.items() if key != "checks"}
    return {**header, "shards": covered, "count": sum(part.count for part in parts)}


def _listed(shards: list[tuple[int, int]]) -> str:
    return ", ".join(f"{i + 1}/{n}" for i, n in sorted(shards))


def _write(parts: list[ExemplarIndex], header: dict[str, Any], out: Path) -> None:
    units, k = parts[0].units, header["k"]
    places = np.concatenate([part.places for part in parts])
    order = np.argsort(places, kind="stable")
    top = reserved(out / "top.npy", (units, 2, k), np.int64)
    sums = reserved(out / "sums.npy", (units, 2, 2), np.int64)
    fired = reserved(out / "fired.npy", (units, 2), np.int64)
    sample = reserved(out / "sample.npy", (len(parts[0].sample), len(places)), np.float32)
    for start in range(0, units, ROWS):
        rows = slice(start, start + ROWS)
        keys = np.concatenate([part.top[rows] for part in parts], axis=2)
        top[rows] = np.sort(keys, axis=2)[:, :, ::-1][:, :, :k]
        total = parts[0].sums[rows]
        for part in parts[1:]:
            total = added(total, part.sums[rows])
        sums[rows] = total
        fired[rows] = sum(part.fired[rows] for part in parts)
    for start in range(0, len(sample), ROWS):
        rows = slice(start, start + ROWS)
        sample[rows] = np.concatenate([part.sample[rows] for part in parts], axis=1)[:, order]
    entries, before = [], 0
    new = np.argsort(order, kind="stable")  # [place]: where each place of the parts goes
    for part in parts:
        if part.entries is not None:
            own = part.entries.entries()
            entries.append(own._replace(slot=new[own.slot + before]))
        before += len(part.places)
    if entries:
        Sample.empty().joined(*entries).save(out, len(places))
    np.save(out / "places.npy", places[order])
    save_windows(load_windows(parts[0].folder / "windows"), out / "windows")
    write_header(out, header)
