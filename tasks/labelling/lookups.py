"""Two lookups that know nothing but token identity: what any description has to beat.

A per-token table predicts the mean activation that the token had on explore; a bigram table
predicts the mean for the token and the one before it, drawn towards the token's mean where the
pair is rare. Token identity alone reaches a median correlation of .6 to .7 on the neurons of small
encoders, untrained copies included, so a score without these beside it says little.
"""

from dataclasses import dataclass

import numpy as np

from ...tools.data.image_rows import ImageRows
from ...tools.data.windows import TokenWindows

SHRINKAGE = (1.0, 4.0, 16.0)
"""Strengths tried, in pseudo-counts; the one that fits select best is kept."""


@dataclass(frozen=True)
class Measured:
    """One unit's activations on one split."""

    windows: TokenWindows
    values: np.ndarray
    """float32 `[window, place]`, signed; NaN on places that are not counted."""

    @property
    def counted(self) -> np.ndarray:
        """bool `[window, place]`."""
        return np.isfinite(self.values)

    @property
    def flat(self) -> np.ndarray:
        """The counted activations, float64 `[token]`."""
        return self.values[self.counted].astype(np.float64)

    @property
    def documents(self) -> np.ndarray:
        """The document of each counted token, `[token]`."""
        return np.broadcast_to(self.windows.document[:, None], self.values.shape)[self.counted]

    def tokens(self) -> np.ndarray:
        """Ids of the counted tokens, `[token]`."""
        return self.windows.ids[self.counted].astype(np.int64)

    def pairs(self) -> np.ndarray:
        """Previous id and id as one key, `[token]`."""
        before = np.roll(self.windows.ids, 1, axis=1).astype(np.int64)
        before[:, 0] = -1
        size = len(self.windows.vocabulary) + 1
        return ((before + 1) * size + self.windows.ids)[self.counted]


def lookup_tables(explore: Measured, select: Measured, report: Measured) -> dict[str, np.ndarray]:
    """What every lookup predicts on report, by name; the plainest first."""
    if isinstance(explore.windows, ImageRows):
        from .picture_lookups import colour_grid, colour_shares

        return {
            "colours": colour_shares(explore, select, report),
            "grid": colour_grid(explore, select, report),
        }
    return {
        "token": token_table(explore, select, report),
        "bigram": bigram_table(explore, select, report),
    }


def token_table(explore: Measured, select: Measured, report: Measured) -> np.ndarray:
    """Per-token means learnt on explore, `[token of report]`."""
    mean = float(explore.flat.mean())

    def fitted(strength: float, on: Measured) -> np.ndarray:
        base = np.full(on.flat.shape, mean)
        return _table(explore.tokens(), explore.flat, on.tokens(), base, strength, mean)

    best = min(SHRINKAGE, key=lambda k: float(np.square(fitted(k, select) - select.flat).mean()))
    return fitted(best, report)


def bigram_table(explore: Measured, select: Measured, report: Measured) -> np.ndarray:
    """Means per pair of tokens, backed off to the token's, `[token of report]`."""
    mean = float(explore.flat.mean())

    def fitted(strength: float, on: Measured) -> np.ndarray:
        token = _table(
            explore.tokens(), explore.flat, on.tokens(), np.full(on.flat.shape, mean), 1.0, mean
        )
        own = _table(
            explore.tokens(), explore.flat, explore.tokens(), explore.flat * 0 + mean, 1.0, mean
        )
        rest = _table(explore.pairs(), explore.flat - own, on.pairs(), token * 0, strength, 0.0)
        return token + rest

    best = min(SHRINKAGE, key=lambda k: float(np.square(fitted(k, select) - select.flat).mean()))
    return fitted(best, report)


def _table(
    keys: np.ndarray,
    values: np.ndarray,
    asked: np.ndarray,
    unseen: np.ndarray,
    strength: float,
    towards: float,
) -> np.ndarray:
    """Mean of `values` by key, drawn towards a value by pseudo-counts; `unseen` for new keys."""
    different, where = np.unique(keys, return_inverse=True)
    sums = np.bincount(where, values, len(different))
    counts = np.bincount(where, minlength=len(different))
    means = (sums + strength * towards) / (counts + strength)
    at = np.minimum(np.searchsorted(different, asked), len(different) - 1)
    return np.where(different[at] == asked, means[at], unseen)
