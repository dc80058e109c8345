"""Samples of places for what costs too much at every place, with inverse-probability weights.

Half of the sample is drawn from the active places, half from the others, which may be divided once
more, each part evenly without replacement. A place weighs the number of places that it stands for,
so that weighted sums over the sample are unbiased for sums over all places (Horvitz and Thompson
1952). Ratios of them, such as correlations, are consistent; average precision comes out too high in
small samples, by .05 for 400 of 4,000 places in the test.
"""

from typing import NamedTuple

import numpy as np


class Sample(NamedTuple):
    """Some of many places."""

    drawn: np.ndarray
    """int64 `[sample]`, rising."""
    weight: np.ndarray
    """float64 `[sample]`: how many places each stands for."""


def stratified(
    active: np.ndarray, n: int, rng: np.random.Generator, *, beside: np.ndarray | None = None
) -> Sample:
    """Draws at most `n` places, half of them active ones where there are so many.

    Args:
        active: bool `[place]`.
        n: Places; all are taken where there are no more.
        rng: Of the draw.
        beside: bool `[place]`: half of the others are drawn among these; None: anywhere.
    """
    strata = [np.flatnonzero(active), np.flatnonzero(~active)]
    sizes = _halves(n, *map(len, strata))
    if beside is not None:
        near, far = (strata[1][beside[strata[1]] == side] for side in (True, False))
        strata, sizes = [strata[0], near, far], [sizes[0], *_halves(sizes[1], len(near), len(far))]
    drawn = [rng.choice(s, size, replace=False) for s, size in zip(strata, sizes, strict=True)]
    weight = np.concatenate(
        [np.full(len(d), len(s) / max(len(d), 1)) for s, d in zip(strata, drawn, strict=True)]
    )
    places = np.concatenate(drawn).astype(np.int64)
    order = np.argsort(places)
    return Sample(places[order], weight[order])


def _halves(n: int, first: int, second: int) -> list[int]:
    """How many to draw of two groups: half each, and more of one where the other has fewer."""
    few = min(first, second, n // 2)
    many = min(max(first, second), n - few)
    return [few, many] if first <= second else [many, few]
