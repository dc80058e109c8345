"""Three lookups that know token and place alone: what any description has to beat.

1. A token table predicts the mean activation that the token had on explore.
2. A bigram table predicts the mean for the token and the one before it, drawn towards the token's
   mean where the pair is rare.
3. A token x place table adds to the token's mean what the place in the window adds, and what the
   token does at about this place, each drawn towards nothing where it is rare.

Token identity alone reaches a median correlation of .6 to .7 on the neurons of small encoders, and
many neurons of untrained copies follow the place, so a score without these beside it says little.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...tools.data.image_rows import ImageRows
from ...tools.data.windows import TokenWindows

SHRINKAGE = (1.0, 4.0, 16.0)
"""Strengths tried, in pseudo-counts; the one that fits validation best is kept."""


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

    def places(self) -> np.ndarray:
        """Place in the window of each counted token, `[token]`."""
        return np.nonzero(self.counted)[1].astype(np.int64)

    def token_places(self) -> np.ndarray:
        """Token and place, to the nearest power of two, as one key, `[token]`."""
        about = np.log2(self.places() + 1).round().astype(np.int64)
        return about * (len(self.windows.vocabulary) + 1) + self.tokens()


def lookup_tables(explore: Measured, validation: Measured, test: Measured) -> dict[str, np.ndarray]:
    """What every lookup predicts on test, by name; the plainest first."""
    if isinstance(explore.windows, ImageRows):
        from .picture_baselines import colour_grid, colour_shares

        return {
            "colours": colour_shares(explore, validation, test),
            "grid": colour_grid(explore, validation, test),
        }
    return {
        "token": token_table(explore, validation, test),
        "bigram": bigram_table(explore, validation, test),
        "token_place": token_place_table(explore, validation, test),
    }


def token_table(explore: Measured, validation: Measured, test: Measured) -> np.ndarray:
    """Per-token means learnt on explore, `[token of the test split]`."""
    return _layered((Measured.tokens,), explore, validation, test)


def bigram_table(explore: Measured, validation: Measured, test: Measured) -> np.ndarray:
    """Means per pair of tokens, backed off to the token's, `[token of the test split]`."""
    return _layered((Measured.tokens, Measured.pairs), explore, validation, test)


def token_place_table(explore: Measured, validation: Measured, test: Measured) -> np.ndarray:
    """Means per token, what each place adds, and what a token adds about there."""
    keys = (Measured.tokens, Measured.places, Measured.token_places)
    return _layered(keys, explore, validation, test)


def _layered(
    keys: Sequence[Callable[[Measured], np.ndarray]],
    explore: Measured,
    validation: Measured,
    test: Measured,
) -> np.ndarray:
    """Tables of rising detail, each learnt from what those before it leave over.

    The last is drawn towards nothing by the strength that fits validation best, the others by one
    pseudo-count.
    """
    mean = float(explore.flat.mean())
    left = explore.flat - mean
    on_validation, on_test = (np.full(on.flat.shape, mean) for on in (validation, test))
    for key in keys[:-1]:
        known = key(explore)
        on_validation += _table(known, left, key(validation), 1.0)
        on_test += _table(known, left, key(test), 1.0)
        left = left - _table(known, left, known, 1.0)
    known, asked = keys[-1](explore), keys[-1](validation)

    def error(strength: float) -> float:
        said = on_validation + _table(known, left, asked, strength)
        return float(np.square(said - validation.flat).mean())

    return on_test + _table(known, left, keys[-1](test), min(SHRINKAGE, key=error))


def _table(keys: np.ndarray, values: np.ndarray, asked: np.ndarray, strength: float) -> np.ndarray:
    """Mean of `values` by key, drawn towards 0 by pseudo-counts; 0 for new keys."""
    different, where = np.unique(keys, return_inverse=True)
    sums = np.bincount(where, values, len(different))
    means = sums / (np.bincount(where, minlength=len(different)) + strength)
    at = np.minimum(np.searchsorted(different, asked), len(different) - 1)
    return np.where(different[at] == asked, means[at], 0.0)
