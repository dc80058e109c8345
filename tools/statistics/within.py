"""How well predictions rank places that hold the same token.

What a token table cannot know is taken out: places are compared with places of their own token
only, so that a prediction by token identity alone gets an AUROC of .5 and a correlation of 0.

1. **AUROC** runs over pairs of an active and a silent place of one token; ties count one half. A
   token weighs as many pairs as it can form one to one, min(active, silent), at most 20.
2. **Correlation** is of deviations from token means, over tokens with at least three places; all
   places of a token together weigh at most as much as 20.

Intervals are bootstraps over documents; token means are taken anew in each resample. Our
formulation of a within-group comparison.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from .bootstrap import Interval, Resampler, interval

MOST = 20
"""Places of one token that count: frequent tokens would decide alone else."""
LEAST_PLACES = 3
"""Of a token, from which deviations from its mean say something."""
LEAST_PARTNERED = 20
"""Active places with a silent place of their token, under which there is no score."""
_DRAWN = 3.0
"""Places at the mean of all that a token's mean is drawn towards it by."""
_CELLS = 2**22  # resamples times tokens or values that are held at once


class Within(NamedTuple):
    """Scores within tokens; None where too few active places have a silent partner."""

    auroc: Interval | None
    correlation: Interval | None
    n: int
    """Active places whose token is silent somewhere."""
    tokens: int
    """Tokens that are active at some places and silent at others."""

    def as_dict(self) -> dict[str, Any]:
        """For records."""
        return {
            "auroc": self.auroc and self.auroc.as_dict(),
            "correlation": self.correlation and self.correlation.as_dict(),
            "n": self.n,
            "tokens": self.tokens,
        }


def within(
    group: np.ndarray,
    prediction: np.ndarray,
    truth: np.ndarray,
    active: np.ndarray,
    resampler: Resampler,
) -> Within:
    """Scores a prediction within groups of places.

    Args:
        group: The token of each place, `[place]` integers.
        prediction: `[place]`.
        truth: `[place]` activations.
        active: bool `[place]`.
        resampler: Draws documents of these places.
    """
    group = np.unique(group, return_inverse=True)[1]
    positives = np.bincount(group, active)
    negatives = np.bincount(group, ~active)
    partnered = (positives > 0) & (negatives > 0)
    n = int(positives[partnered].sum())
    if n < LEAST_PARTNERED:
        return Within(None, None, n, int(partnered.sum()))
    return Within(
        interval(aurocs(group, prediction, active, partnered, resampler)),
        interval(_correlation(group, prediction, truth, resampler)),
        n,
        int(partnered.sum()),
    )


def partners(
    group: np.ndarray, active: np.ndarray, silent: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Pairs of an active and a silent place of one group, drawn one to one, `[pair, 2]`.

    A group gives min(active, silent) pairs, at most `MOST`: as many as it weighs in the AUROC.

    Args:
        group: The token of each place, `[place]` integers.
        active: bool `[place]`.
        silent: bool `[place]`; a place may be neither.
        rng: Draws the partners.
    """
    pairs = [np.zeros((0, 2), np.int64)]
    for token in np.intersect1d(group[active], group[silent]):
        here = group == token
        on, off = (rng.permutation(np.flatnonzero(here & side)) for side in (active, silent))
        n = min(len(on), len(off), MOST)
        pairs.append(np.stack([on[:n], off[:n]], 1))
    return np.concatenate(pairs)


def beyond_tokens(token: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values less their token's mean over the other places, drawn towards the mean of all.

    Args:
        token: `[place]` integers.
        values: `[place]`.
    """
    y = values.astype(np.float64)
    _, token = np.unique(token, return_inverse=True)
    n, total = np.bincount(token), np.bincount(token, y)
    return y - (total[token] - y + _DRAWN * y.mean()) / (n[token] - 1 + _DRAWN)


def aurocs(
    group: np.ndarray,
    prediction: np.ndarray,
    active: np.ndarray,
    partnered: np.ndarray,
    resampler: Resampler,
) -> np.ndarray:
    """AUROC within groups on the places and on each resample of documents, `[1 + resample]`.

    Args:
        group: Of each place, `[place]` integers from 0.
        prediction: `[place]`.
        active: bool `[place]`.
        partnered: bool `[group]`: which of them count.
        resampler: Draws documents of these places.
    """
    place = np.flatnonzero(partnered[group])
    order = place[np.lexsort((prediction[place], group[place]))]
    key, value = group[order], prediction[order]
    new_group = np.diff(key, prepend=-1) != 0
    new_tie = new_group | (np.diff(value, prepend=np.nan) != 0)
    tie = new_tie.cumsum() - 1  # [place]: equal predictions of one token
    of_tie = key[new_tie]
    token = np.flatnonzero(np.diff(of_tie, prepend=-1))  # the first tie of each token
    up = _by_document(resampler, order, tie, active[order].astype(float))
    down = _by_document(resampler, order, tie, (~active[order]).astype(float))
    out = []
    for weights in _parts(resampler.weights, len(of_tie)):
        on, off = weights @ up, weights @ down  # [resample, tie]
        below = off.cumsum(1) - off
        below -= np.repeat(below[:, token], np.diff(token, append=len(of_tie)), axis=1)
        won = np.add.reduceat(on * (below + off / 2), token, axis=1)  # [resample, token]
        n_on, n_off = (np.add.reduceat(each, token, axis=1) for each in (on, off))
        pairs = n_on * n_off
        share = np.divide(won, pairs, out=np.zeros_like(won), where=pairs > 0)
        weight = np.where(pairs > 0, np.minimum(np.minimum(n_on, n_off), MOST), 0)
        total = weight.sum(1)
        out.append(
            np.divide(
                (weight * share).sum(1), total, out=np.full(len(total), np.nan), where=total > 0
            )
        )
    return np.concatenate(out)


def _correlation(
    group: np.ndarray, prediction: np.ndarray, truth: np.ndarray, resampler: Resampler
) -> np.ndarray:
    """`[1 + resample]`; 0 where the prediction, or the truth, does not vary within a token."""
    count = np.bincount(group)
    place = np.flatnonzero(count[group] >= LEAST_PLACES)
    key = np.unique(group[place], return_inverse=True)[1]
    size = np.bincount(key, resampler.weight[place])
    weight = np.minimum(1.0, MOST / np.maximum(size, 1))  # [token]
    x, y = prediction[place], truth[place]
    x, y = x - _means(key, x)[key], y - _means(key, y)[key]  # for precision; resamples have others
    columns = (np.ones_like(x), x, y, x * x, y * y, x * y)
    tables = [_by_document(resampler, place, key, column) for column in columns]
    out = []
    for weights in _parts(resampler.weights, len(weight)):
        n, sx, sy, sxx, syy, sxy = (weights @ table for table in tables)  # [resample, token]
        n = np.maximum(n, 1)
        covariance = (sxy - sx * sy / n) @ weight
        spread = ((sxx - sx**2 / n) @ weight) * ((syy - sy**2 / n) @ weight)
        scale = (sxx @ weight) * (syy @ weight)
        varies = spread > 1e-12 * np.maximum(scale, 1e-30)
        root = np.sqrt(np.maximum(spread, 1e-300))
        out.append(np.where(varies, covariance / root, 0.0))
    return np.concatenate(out)


def _means(key: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.bincount(key, values) / np.maximum(np.bincount(key), 1)


def _by_document(
    resampler: Resampler, place: np.ndarray, column: np.ndarray, values: np.ndarray
) -> sparse.csr_matrix:
    """Sums of values at places, sparse `[document, column]`."""
    shape = (resampler.count, int(column.max(initial=-1)) + 1)
    values = values * resampler.weight[place]
    return sparse.csr_matrix((values, (resampler.where[place], column)), shape=shape)


def _parts(weights: np.ndarray, width: int) -> Iterator[np.ndarray]:
    """The resamples in parts whose tables fit into memory."""
    rows = max(1, _CELLS // max(width, 1))
    for start in range(0, len(weights), rows):
        yield weights[start : start + rows]
