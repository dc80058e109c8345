"""Which windows make a block, and which places are sampled.

Both depend on the windows and the sites alone, not on shards: the same windows share a forward
pass whoever runs it, and the sample is the places with the lowest hashes of (document text, token
offset), the same for all units, so that shards merge to the very index that one pass gives.
"""

import hashlib

import numpy as np

from ..data.image_rows import ImageRows
from ..data.windows import TokenWindows

_VALUES = 15 << 19  # values of one site that a block holds at most: 30 MB, which the heap can keep
_TOKENS = 4096
_FEWEST = 512
PICTURES = 16
"""Pictures of one forward pass."""
_PASSES = 16


def rows_of_block(windows: TokenWindows | ImageRows, units: int) -> int:
    """Windows of one block, where the largest site has so many units.

    Token windows of a block share a forward pass; pictures take several.
    """
    if isinstance(windows, ImageRows):
        return PICTURES * _PASSES
    tokens = min(_TOKENS, max(_FEWEST, _VALUES // max(units, 1)))
    return max(1, tokens // max(1, windows.ids.shape[1]))


def blocks_of_shard(blocks: int, shard: tuple[int, int]) -> range:
    """The numbers of a shard's blocks: one run of neighbours."""
    index, n = shard
    return range(blocks * index // n, blocks * (index + 1) // n)


def sampled_positions(windows: TokenWindows | ImageRows, n: int) -> np.ndarray:
    """Positions (`window * width + place`) of the sampled places, ascending int64."""
    if isinstance(windows, ImageRows):
        digests = [hashlib.sha256(picture.key.encode()).digest() for picture in windows.pictures]
        order = sorted(range(len(digests)), key=lambda at: (digests[at], at))
        return np.sort(np.array(order[:n], np.int64))
    width = windows.ids.shape[1]
    positions = np.flatnonzero(windows.counted)
    if len(positions) <= n:
        return positions.astype(np.int64)
    seeds = np.zeros(len(windows.texts), np.uint64)
    for number in np.unique(windows.document):
        digest = hashlib.sha256(windows.texts[int(number)].encode()).digest()
        seeds[number] = int.from_bytes(digest[:8], "big")
    window = positions // width
    start = windows.start.reshape(-1)[positions].astype(np.uint64)
    offset = start << np.uint64(32) | (positions % width).astype(np.uint64)
    hashes = mixed(seeds[windows.document[window]] ^ mixed(offset))
    order = np.lexsort((positions, hashes))[:n]
    return np.sort(positions[order]).astype(np.int64)


def mixed(numbers: np.ndarray) -> np.ndarray:
    """A hash of uint64 numbers: SplitMix64's finalizer."""
    with np.errstate(over="ignore"):
        x = numbers + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))
