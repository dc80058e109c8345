"""Profiles every unit of a site in one pass over (a part of) explore, and finds matched units.

A claim that ablating a unit changes the output means little by itself: any unit's ablation does.
So every causal tool measures the same on random units of the same site that are above zero about
as often and are about as large, each on its *own* peaks, found in the same rows in the same way.

The profile depends on target, explore and site alone and is kept in `lab.memo`.
"""

from typing import NamedTuple

import numpy as np
import torch

from ..data.image_rows import ImageRows
from ..lab import Lab
from ..models import Unit
from .records import Rows

MOST_TOKENS = 8_192
"""Tokens of explore that a profile reads; windows are taken evenly."""
MOST_PICTURES = 512
"""Pictures of explore that a profile reads, taken evenly."""
TOPS = 12
"""Peaks used of each unit."""
CONTROLS = 20
LEVELS = (0.5, 0.99, 0.999)
POOL = 128
"""Random units of a site that matched units are taken from."""
_PLACES = 4096  # places behind the quantiles
_SAMPLES = 256
_ROWS = 16
_PICTURES = 32


class Profile(NamedTuple):
    """All units of one site in one direction. Values are the site's own, without the sign."""

    rows: np.ndarray
    """`[row]` rows of explore that were read."""
    rate: np.ndarray
    """`[unit]` share of places above 0, in the direction; on pictures of places in space."""
    size: np.ndarray
    """`[unit]` root of the mean square of the scalar."""
    mean: np.ndarray
    """float32 `[unit, channel]`."""
    peaks: np.ndarray
    """float32 `[row, unit]` the highest scalar of each row, in the direction; -inf where none."""
    places: np.ndarray
    """`[row, unit]` where that is."""
    samples: np.ndarray
    """`[sample, unit, channel]` values at random places of texts."""
    levels: np.ndarray
    """`[level, unit]` quantiles `LEVELS` of the scalar in the direction, from random places of
    texts."""

    @property
    def alive(self) -> np.ndarray:
        """Indices of the units that ever move, in the direction on pictures."""
        moves = (self.size > 0) & np.isfinite(self.size)
        return np.flatnonzero(moves if len(self.samples) else moves & (self.peaks > 0).any(0))

    def tops(self, index: int, n: int = TOPS) -> np.ndarray:
        """Which of `rows` have the highest peaks of a unit above zero, best first."""
        column = self.peaks[:, index]
        order = np.argsort(-column, kind="stable")[:n]
        return order[(column[order] > 0) & np.isfinite(column[order])]

    def top_values(self, index: int) -> np.ndarray:
        """A unit's highest peaks, those above zero, best first."""
        return self.peaks[self.tops(index), index]


def profile(lab: Lab, site: str, sign: int = 1) -> Profile:
    """The profile of a site; measured once."""
    key = ("profile", site, sign)
    return lab.memo.once(key, lambda: _measured(lab, site, sign))


def peaks(lab: Lab, units: tuple[Unit, ...], n: int) -> list[tuple[int, int]]:
    """`(window, place)` of the highest peaks of the units in turn, windows all different."""
    out: dict[int, int] = {}
    known = [profile(lab, unit.site, unit.sign) for unit in units]
    tops = [one.tops(unit.index) for one, unit in zip(known, units, strict=True)]
    for rank in range(TOPS):
        for one, unit, rows in zip(known, units, tops, strict=True):
            if rank < len(rows):
                at = int(rows[rank])
                out.setdefault(int(one.rows[at]), int(one.places[at, unit.index]))
            if len(out) >= n:
                return list(out.items())
    return list(out.items())


def strongest(lab: Lab, unit: Unit, n: int) -> list[int]:
    """Rows of explore where a unit peaks above zero, highest first."""
    known = profile(lab, unit.site, unit.sign)
    return [int(known.rows[at]) for at in known.tops(unit.index, n)]


def matched(lab: Lab, unit: Unit, n: int = CONTROLS, *, but: tuple[Unit, ...] = ()) -> list[Unit]:
    """The units nearest in rate and size among a fixed random pool of the same site, best first.

    The pool is the same for all units of a site, so that what was measured on it serves again.

    Args:
        lab: The lab.
        unit: The unit.
        n: How many at most.
        but: Units that may not serve.
    """
    known = profile(lab, unit.site, unit.sign)
    barred = {unit.index, *(other.index for other in but if other.site == unit.site)}
    others = np.array(sorted(set(_drawn(known, lab.seed).tolist()) - barred), int)
    if not others.size:
        return []
    traits = np.stack([np.log(np.maximum(known.size, 1e-12)), known.rate])
    near = nearest(traits, unit.index, others)[:n]
    return [Unit(unit.site, int(index), unit.sign) for index in near]


def pool(lab: Lab, site: str, sign: int = 1) -> list[Unit]:
    """The random units of a site that matched units are taken from, in the order of the draw."""
    return [Unit(site, int(at), sign) for at in _drawn(profile(lab, site, sign), lab.seed)]


def nearest(traits: np.ndarray, index: int, pool: np.ndarray) -> np.ndarray:
    """The members of a pool, nearest first, by the sum of differences in units of spread.

    Args:
        traits: `[trait, unit]`.
        index: The unit they are compared with.
        pool: Indices.
    """
    spread = traits[:, pool].std(1, keepdims=True)
    gap = (traits - traits[:, [index]]) / np.where(spread > 1e-9, spread, 1.0)
    return pool[np.argsort(np.abs(gap[:, pool]).sum(0).round(4), kind="stable")]


def mean_direction(lab: Lab, unit: Unit) -> np.ndarray:
    """`[channel]`: 1 for a coordinate; for a head its mean value at its peaks, of length 1."""
    site = lab.target.site(unit.site)
    if site.channels == 1:
        return np.ones(1)
    spots = peaks(lab, (unit,), 6)
    if not spots:
        return np.eye(1, site.channels)[0]
    rows = lab.explore.rows([window for window, _ in spots])
    values = lab.trace(rows, [unit.site], output=False).values[unit.site]
    at = [values[row, place, unit.index] for row, (_, place) in enumerate(spots)]
    mean = torch.stack(at).cpu().double().mean(0)
    return (mean / mean.norm().clamp_min(1e-12)).cpu().numpy()


def _drawn(known: Profile, seed: int) -> np.ndarray:
    """At most `POOL` of the units that are alive, in random order."""
    return np.random.default_rng([seed, 11]).permutation(known.alive)[:POOL]


def _rows_read(explore: Rows) -> np.ndarray:
    """Rows taken evenly, as many as a profile reads."""
    if isinstance(explore, ImageRows):
        n = min(len(explore), MOST_PICTURES)
    else:
        share = min(1.0, MOST_TOKENS / max(1, int(explore.attended.sum())))
        n = max(1, int(share * len(explore)))
    return np.unique(np.linspace(0, max(0, len(explore) - 1), n).astype(int))


def _measured(lab: Lab, name: str, sign: int) -> Profile:
    explore: Rows = lab.explore
    pictures = isinstance(explore, ImageRows)
    site, rows = lab.target.site(name), _rows_read(explore)
    units, channels = site.units, site.channels
    spots = np.argwhere(explore.counted[rows] & (not pictures))  # [place, (row, place)]
    order = np.random.default_rng([lab.seed, 7]).permutation(len(spots))
    sampled, ranked = (spots[np.sort(order[:n])] for n in (_SAMPLES, _PLACES))
    samples = np.zeros((len(sampled), units, channels), np.float32)
    scalars = np.zeros((len(ranked), units), np.float32)
    highest = np.zeros((len(rows), units), np.float32)
    places = np.zeros((len(rows), units), np.int64)
    n, n_values = 0, 0
    fired, square, total = np.zeros(units), np.zeros(units), np.zeros((units, channels))
    step = _PICTURES if pictures else _ROWS
    for start in range(0, len(rows), step):
        part = explore.rows(rows[start : start + step])
        values = lab.trace(part, [name], output=False).values[name].float().cpu()
        whole = (values[..., None] if channels == 1 else values).nan_to_num(0.0, 0.0, 0.0)
        scalar = sign * (site.over_space(values) if pictures else site.scalar(values))
        mask = torch.as_tensor(part.counted).expand(scalar.shape[:2])  # [row, place]
        good = scalar[mask].nan_to_num(0.0, 0.0, 0.0)  # [place, unit]
        n += len(good)
        fired += (good > 0).sum(0).numpy()
        square += good.cpu().double().square().sum(0).numpy()
        kept = whole.flatten(0, 1) if pictures else whole[mask]  # class token and registers too
        n_values += len(kept)
        total += kept.cpu().double().sum(0).numpy()
        hidden = scalar.masked_fill(~mask[..., None], -torch.inf).nan_to_num(nan=-torch.inf)
        best, where = hidden.max(1)  # [row, unit]
        highest[start : start + len(part)], places[start : start + len(part)] = best, where
        for chosen, source, out in ((sampled, whole, samples), (ranked, scalar, scalars)):
            here = (chosen[:, 0] >= start) & (chosen[:, 0] < start + step)
            out[here] = source[chosen[here, 0] - start, chosen[here, 1]].nan_to_num(nan=0.0)
    return Profile(
        rows,
        fired / max(1, n),
        np.sqrt(square / max(1, n)),
        (total / max(1, n_values)).astype(np.float32),
        highest,
        places,
        samples,
        np.quantile(scalars, LEVELS, axis=0) if len(ranked) else np.zeros((len(LEVELS), units)),
    )
