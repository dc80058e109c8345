"""The strongest places of a channel, in two halves of explore, beside those of other channels.

A channel is as active as its strongest place, so that what it responds to is sought there and not
in whole pictures. Each half has the channel's strongest places in its strongest pictures, those of
other channels of the site in *their* strongest pictures, and random places. What is chosen in one
half is counted in the other. Our formulation.
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter

from .....tools.activations.unit_stats import Profile, profile
from .....tools.data.image_rows import ImageRows
from .....tools.images.maps import maps
from .....tools.lab import Lab
from .....tools.models import Unit
from .....tools.predicates.patches import GRID

TOPS = 12
"""Strongest pictures of each half."""
_OTHERS = 64  # channels
_PEAKS, _MANY = 3, 36
"""Of one picture, and of a half."""


class Spots(NamedTuple):
    """Places of pictures: `[spot]` rows of explore, and places of the grid of areas."""

    rows: np.ndarray
    y: np.ndarray
    x: np.ndarray


class Half(NamedTuple):
    """What a name is told by in half of the pictures."""

    many: Spots
    """The channel's strongest places, up to three a picture: what looks are chosen by."""
    own: Spots
    """The strongest place of each of its strongest pictures."""
    others: Spots
    """Of other channels."""
    random: Spots


def halves(lab: Lab, unit: Unit, aside: np.ndarray) -> tuple[Half, ...]:
    """The strongest places of a unit and what they are compared with, in two halves of explore.

    Pictures go to the halves in turn, from strong to weak. Empty where the site has no places in
    space, or too few pictures are active.

    Args:
        lab: The lab.
        unit: A channel.
        aside: bool `[picture]` of explore: what decides nothing.
    """
    grid = lab.target.site(unit.site).grid
    if grid is None or grid == (1, 1):
        return ()
    known = profile(lab, unit.site, unit.sign)
    rng = np.random.default_rng([lab.seed, 5])
    used = rng.permutation(np.flatnonzero(~aside[known.rows]))
    others = rng.permutation(known.alive)[: _OTHERS + 1]
    others = others[others != unit.index][:_OTHERS]
    peaks = known.peaks[:, unit.index]
    order = used[np.argsort(-peaks[used], kind="stable")]
    if not len(others) or (peaks[order] > 0).sum() < 4 * TOPS:
        return ()
    out = []
    for inside in (order[::2], order[1::2]):
        half = _half(known, unit.index, inside[:TOPS], inside, others, grid, rng)
        out.append(half._replace(many=_many(lab, unit, known.rows[inside[: 2 * TOPS]])))
    return tuple(out)


def _half(
    known: Profile,
    index: int,
    top: np.ndarray,
    inside: np.ndarray,
    others: np.ndarray,
    grid: tuple[int, int],
    rng: np.random.Generator,
) -> Half:
    own = _spots(known.rows[top], known.places[top, index], grid)
    strongest = np.argsort(-known.peaks[np.ix_(inside, others)], axis=0)[:TOPS]  # [rank, other]
    rows = inside[strongest]
    n = _OTHERS * TOPS
    random = Spots(known.rows[rng.choice(inside, n)], *rng.integers(0, GRID, (2, n)))
    return Half(
        own,
        own,
        _spots(known.rows[rows].ravel(), known.places[rows, others].ravel(), grid),
        random,
    )


def _many(lab: Lab, unit: Unit, rows: np.ndarray) -> Spots:
    """The strongest of the peaks over space in some pictures."""
    pictures = lab.explore.rows(rows)
    assert isinstance(pictures, ImageRows)
    values = maps(lab, pictures, unit)  # [image, y, x]
    assert values is not None
    peak = (values == maximum_filter(values, (1, 3, 3))) & (values > 0)
    height = np.where(peak, values, 0).reshape(len(rows), -1)
    strongest = np.argsort(-height, axis=1)[:, :_PEAKS]  # [image, peak]
    height = np.take_along_axis(height, strongest, 1)
    best = np.argsort(-height.ravel())[:_MANY]
    best = best[height.ravel()[best] > 0]
    return _spots(rows[best // height.shape[1]], strongest.ravel()[best], values.shape[1:])


def _spots(rows: np.ndarray, places: np.ndarray, grid: tuple[int, ...]) -> Spots:
    """Places of a site's own grid as places of the grid of areas."""
    height, width = grid
    y, x = (places // width + 0.5) * GRID / height, (places % width + 0.5) * GRID / width
    return Spots(rows, y.astype(int), x.astype(int))
