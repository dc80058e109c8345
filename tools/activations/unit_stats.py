"""Profiles every unit of a site in one pass over (a part of) explore, and finds matched controls.

A claim that ablating a unit changes the output means little by itself: any unit's ablation does.
So every causal tool measures the same on random units of the same site that fire about as often
and are about as large, each on its *own* peaks, found in the same windows in the same way.

The profile depends on target, explore and site alone and is kept in `lab.memo`.
"""

from typing import NamedTuple

import numpy as np
import torch

from ..interventions.controls import nearest
from ..lab import Lab
from ..models import Unit

MOST_TOKENS = 8_192
"""Tokens of explore that a profile reads; windows are taken evenly."""
TOPS = 12
"""Peaks kept for each unit."""
CONTROLS = 20
LEVELS = (0.5, 0.99, 0.999)
POOL = 128
"""Random units of a site that controls are taken from."""
_PLACES = 4096  # places behind the quantiles
_SAMPLES = 256
_ROWS = 16


class Profile(NamedTuple):
    """All units of one site in one direction. Values are the site's own, without the sign."""

    windows: np.ndarray
    """`[window]` rows of explore that were read."""
    rate: np.ndarray
    """`[unit]` share of places above 0, in the direction."""
    size: np.ndarray
    """`[unit]` root of the mean square of the scalar."""
    mean: np.ndarray
    """`[unit, channel]`."""
    samples: np.ndarray
    """`[sample, unit, channel]` values at random places."""
    levels: np.ndarray
    """`[level, unit]` quantiles `LEVELS` of the scalar in the direction, from random places."""
    top_window: np.ndarray
    """`[unit, rank]` rows of explore with the highest peaks, best first; -1 where none is left."""
    top_place: np.ndarray
    """`[unit, rank]`."""
    top_value: np.ndarray
    """`[unit, rank]` the scalar there, in the direction; -inf where none is left."""


def profile(lab: Lab, site: str, sign: int = 1) -> Profile:
    """The profile of a site; measured once."""
    key = ("profile", site, sign)
    return lab.memo.once(key, lambda: _measured(lab, site, sign))


def peaks(lab: Lab, units: tuple[Unit, ...], many: int) -> list[tuple[int, int]]:
    """`(window, place)` of the highest peaks of the units in turn, windows all different."""
    out: list[tuple[int, int]] = []
    used: set[int] = set()
    for rank in range(TOPS):
        for unit in units:
            known = profile(lab, unit.site, unit.sign)
            window = int(known.top_window[unit.index, rank])
            if window >= 0 and window not in used and known.top_value[unit.index, rank] > 0:
                used.add(window)
                out.append((window, int(known.top_place[unit.index, rank])))
            if len(out) >= many:
                return out
    return out


def matched(
    lab: Lab, unit: Unit, many: int = CONTROLS, *, but: tuple[Unit, ...] = ()
) -> list[Unit]:
    """The units nearest in rate and size among a fixed random pool of the same site, best first.

    The pool is the same for all units of a site, so that what was measured on it serves again.
    """
    known = profile(lab, unit.site, unit.sign)
    alive = np.flatnonzero((known.size > 0) & np.isfinite(known.size))
    return alike(unit, alive, known.size, known.rate, many=many, but=but, seed=lab.seed)


def pool(lab: Lab, site: str, sign: int = 1) -> list[Unit]:
    """The random units of a site that controls are taken from, in the order of the draw."""
    known = profile(lab, site, sign)
    alive = np.flatnonzero((known.size > 0) & np.isfinite(known.size))
    return [Unit(site, int(at), sign) for at in drawn(alive, lab.seed)]


def alike(
    unit: Unit,
    alive: np.ndarray,
    size: np.ndarray,
    rate: np.ndarray,
    *,
    many: int,
    but: tuple[Unit, ...],
    seed: int,
) -> list[Unit]:
    """The units nearest to one in rate and size, of a random pool of those that are alive.

    Args:
        unit: The unit.
        alive: Indices of the units of its site that may serve.
        size: `[unit]` root of the mean square.
        rate: `[unit]` share of places above 0.
        many: How many at most.
        but: Units that may not serve.
        seed: Draws the pool.
    """
    barred = {unit.index, *(other.index for other in but if other.site == unit.site)}
    others = np.array(sorted(set(drawn(alive, seed).tolist()) - barred), int)
    if not others.size:
        return []
    log = np.log(np.maximum(size, 1e-12))
    near = nearest(np.stack([log, rate]), unit.index, others)[:many]
    return [Unit(unit.site, int(index), unit.sign) for index in near]


def mean_direction(lab: Lab, unit: Unit) -> np.ndarray:
    """`[channel]`: 1 for a coordinate; for a head its mean value at its peaks, of length 1."""
    site = lab.target.site(unit.site)
    if site.channels == 1:
        return np.ones(1)
    spots = peaks(lab, (unit,), 6)
    if not spots:
        return np.eye(1, site.channels)[0]
    rows = lab.explore.rows([window for window, _ in spots])
    values = lab.target.trace(rows, [unit.site], output=False).values[unit.site]
    lab.meter.forward_tokens += int(rows.attended.sum())
    at = [values[row, place, unit.index] for row, (_, place) in enumerate(spots)]
    mean = torch.stack(at).cpu().double().mean(0)
    return (mean / mean.norm().clamp_min(1e-12)).cpu().numpy()


def drawn(alive: np.ndarray, seed: int) -> np.ndarray:
    """At most `POOL` of the units that are alive, in random order."""
    return np.random.default_rng([seed, 11]).permutation(alive)[:POOL]


def _measured(lab: Lab, site: str, sign: int) -> Profile:
    explore = lab.explore
    sizes = explore.attended.sum(1)
    share = min(1.0, MOST_TOKENS / max(1, int(sizes.sum())))
    rows = np.unique(
        np.linspace(0, len(explore) - 1, max(1, int(share * len(explore)))).astype(int)
    )
    there = lab.target.site(site)
    units, channels = there.units, there.channels
    counted = explore.counted[rows]
    spots = np.argwhere(counted)
    rng = np.random.default_rng([lab.seed, 7])
    order = rng.permutation(len(spots))
    picked = spots[np.sort(order[:_SAMPLES])]
    asked = spots[np.sort(order[:_PLACES])]
    count, fired, square = 0, np.zeros(units), np.zeros(units)
    total = np.zeros((units, channels))
    samples = np.zeros((len(picked), units, channels), np.float32)
    scalars = np.zeros((len(asked), units), np.float32)
    value = np.full((units, TOPS), -np.inf, np.float32)
    window = np.full((units, TOPS), -1, np.int64)
    place = np.zeros((units, TOPS), np.int64)
    for at in range(0, len(rows), _ROWS):
        part = explore.rows(rows[at : at + _ROWS])
        found = lab.target.trace(part, [site], output=False).values[site].float().cpu()
        lab.meter.forward_tokens += int(part.attended.sum())
        scalar = sign * there.scalar(found)  # [window, place, unit]
        mask = torch.as_tensor(part.counted)
        good = scalar[mask]  # [token, unit]
        good = torch.nan_to_num(good, nan=0.0, posinf=0.0, neginf=0.0)
        count += len(good)
        fired += (good > 0).sum(0).numpy()
        square += good.cpu().double().square().sum(0).numpy()
        whole = found.unflatten(-1, (units, 1)) if channels == 1 else found
        whole = torch.nan_to_num(whole, nan=0.0, posinf=0.0, neginf=0.0)
        total += whole[mask].cpu().double().sum(0).numpy()
        here = (picked[:, 0] >= at) & (picked[:, 0] < at + _ROWS)
        samples[here] = whole[picked[here, 0] - at, picked[here, 1]].numpy()
        here = (asked[:, 0] >= at) & (asked[:, 0] < at + _ROWS)
        scalars[here] = scalar[asked[here, 0] - at, asked[here, 1]].nan_to_num(nan=0.0).numpy()
        hidden = scalar.masked_fill(~mask[..., None], -torch.inf).nan_to_num(nan=-torch.inf)
        best, where = hidden.max(1)  # [window, unit]
        value = np.concatenate([value, best.numpy().T], 1)
        names = np.broadcast_to(rows[at : at + _ROWS], (units, len(part)))
        window = np.concatenate([window, names], 1)
        place = np.concatenate([place, where.numpy().T], 1)
        order = np.argsort(-value, axis=1, kind="stable")[:, :TOPS]
        value, window, place = (np.take_along_axis(x, order, 1) for x in (value, window, place))
    return Profile(
        rows,
        fired / max(1, count),
        np.sqrt(square / max(1, count)),
        total / max(1, count),
        samples,
        np.quantile(scalars, LEVELS, axis=0) if len(asked) else np.zeros((len(LEVELS), units)),
        np.where(np.isfinite(value), window, -1),
        place,
        value,
    )
