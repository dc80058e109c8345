"""Profiles every unit of a site in one pass over (a part of) explore, and finds matched controls.

A claim that removing a unit changes the output means little by itself: any unit's removal does. So
every causal tool measures the same on random units of the same site that are above zero about as
often and are about as large, each on its own strongest pictures.
"""

from typing import NamedTuple

import numpy as np
import torch

from ..images.recipes import pictures_of
from ..lab import Lab
from ..models import Unit
from .unit_stats import CONTROLS, alike, drawn

MOST_PICTURES = 512
"""Pictures of explore that a profile reads, taken evenly."""
_BATCH = 32


class Profile(NamedTuple):
    """All units of one site in one direction."""

    pictures: np.ndarray
    """`[picture]` rows of explore that were read."""
    peaks: np.ndarray
    """float32 `[picture, unit]` maximum over space, in the direction."""
    rate: np.ndarray
    """`[unit]` share of places above 0, in the direction."""
    size: np.ndarray
    """`[unit]` root of the mean square of the scalar."""
    mean: np.ndarray
    """float32 `[unit, channel]`, the site's own values."""


def profile(lab: Lab, site: str, sign: int = 1) -> Profile:
    """The profile of a site; measured once."""
    key = ("picture profile", site, sign)
    return lab.memo.once(key, lambda: _measured(lab, site, sign))


def strongest(lab: Lab, unit: Unit, many: int) -> list[int]:
    """Rows of explore where a unit peaks above zero, highest first."""
    known = profile(lab, unit.site, unit.sign)
    column = known.peaks[:, unit.index]
    order = np.argsort(-column, kind="stable")[:many]
    return [int(known.pictures[at]) for at in order if column[at] > 0]


def matched(
    lab: Lab, unit: Unit, many: int = CONTROLS, *, but: tuple[Unit, ...] = ()
) -> list[Unit]:
    """The units nearest in rate and size among a fixed random pool of the same site, best first."""
    known = profile(lab, unit.site, unit.sign)
    alive = np.flatnonzero((known.size > 0) & (known.peaks > 0).any(0))
    return alike(unit, alive, known.size, known.rate, many=many, but=but, seed=lab.seed)


def pool(lab: Lab, site: str, sign: int = 1) -> list[Unit]:
    """The random units of a site that controls are taken from, in the order of the draw."""
    known = profile(lab, site, sign)
    alive = np.flatnonzero((known.size > 0) & (known.peaks > 0).any(0))
    return [Unit(site, int(at), sign) for at in drawn(alive, lab.seed)]


def _measured(lab: Lab, site: str, sign: int) -> Profile:
    explore = pictures_of(lab)
    there = lab.target.site(site)
    many = min(len(explore), MOST_PICTURES)
    rows = np.unique(np.linspace(0, max(0, len(explore) - 1), many).astype(int))
    peaks = np.zeros((len(rows), there.units), np.float32)
    fired, square = np.zeros(there.units), np.zeros(there.units)
    total = np.zeros((there.units, there.channels))
    places = 0
    for at in range(0, len(rows), _BATCH):
        part = explore.rows(rows[at : at + _BATCH])
        found = lab.target.trace(part, [site], output=False).values[site].float().cpu()
        lab.meter.forward_tokens += len(part)
        found = torch.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0)
        scalar = sign * there.over_space(found)  # [picture, place, unit]
        peaks[at : at + len(part)] = scalar.amax(1).numpy()
        fired += (scalar > 0).sum((0, 1)).numpy()
        square += scalar.cpu().double().square().sum((0, 1)).numpy()
        whole = found[..., None] if there.channels == 1 else found
        total += whole.cpu().double().mean(1).sum(0).numpy()
        places += scalar.shape[0] * scalar.shape[1]
    return Profile(
        rows,
        peaks,
        fired / max(1, places),
        np.sqrt(square / max(1, places)),
        (total / max(1, len(rows))).astype(np.float32),
    )
