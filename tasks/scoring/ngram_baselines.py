"""Three tables that know token and place alone: what any description has to beat.

1. A token table predicts the mean activation that the token had on explore.
2. A bigram table predicts the mean for the token and the one before it, drawn towards the token's
   mean where the pair is rare.
3. A token x place table adds to the token's mean what the place in the window adds, and what the
   token does at about this place, each drawn towards nothing where it is rare.

Token identity alone reaches a median correlation of .6 to .7 on the neurons of small encoders, and
many neurons of untrained copies follow the place, so a score without these beside it says little.
"""

from collections.abc import Callable

import numpy as np

from .measured import Measured, Splits

SHRINKAGE = (1.0, 4.0, 16.0)
"""Strengths tried, in pseudo-counts; the one that fits validation best is kept."""
Key = Callable[[Measured], np.ndarray]


def token_table(splits: Splits) -> np.ndarray:
    """Per-token means learnt on explore, `[token of the test split]`."""
    return _layered(splits, Measured.tokens)


def bigram_table(splits: Splits) -> np.ndarray:
    """Means per pair of tokens, backed off to the token's, `[token of the test split]`."""
    return _layered(splits, Measured.tokens, Measured.pairs)


def token_place_table(splits: Splits) -> np.ndarray:
    """Means per token, what each place adds, and what a token adds about there."""
    return _layered(splits, Measured.tokens, Measured.places, Measured.token_places)


def _layered(splits: Splits, *keys: Key) -> np.ndarray:
    """Tables of rising detail, each learnt from what those before it leave over.

    The last is drawn towards nothing by the strength that fits validation best, the others by one
    pseudo-count.
    """
    explore, validation, test = splits
    mean = float(explore.flat.mean())
    rest = explore.flat - mean
    on_validation, on_test = (np.full(on.flat.shape, mean) for on in (validation, test))
    for key in keys[:-1]:
        known = key(explore)
        on_validation += _table(known, rest, key(validation), 1.0)
        on_test += _table(known, rest, key(test), 1.0)
        rest = rest - _table(known, rest, known, 1.0)
    known, wanted = keys[-1](explore), keys[-1](validation)

    def error(strength: float) -> float:
        predicted = on_validation + _table(known, rest, wanted, strength)
        return float(np.square(predicted - validation.flat).mean())

    return on_test + _table(known, rest, keys[-1](test), min(SHRINKAGE, key=error))


def _table(keys: np.ndarray, values: np.ndarray, asked: np.ndarray, strength: float) -> np.ndarray:
    """Mean of `values` by key, drawn towards 0 by pseudo-counts; 0 for new keys."""
    different, where = np.unique(keys, return_inverse=True)
    sums = np.bincount(where, values, len(different))
    means = sums / (np.bincount(where, minlength=len(different)) + strength)
    i = np.minimum(np.searchsorted(different, asked), len(different) - 1)
    return np.where(different[i] == asked, means[i], 0.0)
