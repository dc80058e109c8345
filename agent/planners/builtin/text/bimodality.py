"""Whether a unit is on or off: an empty stretch between its background and its activity.

Values on explore are counted in stretches of equal ratio. Where one stretch holds next to none,
and far more lie above it, a threshold in it says of every single place whether the unit is on, so
that one occurrence of a word is enough to know what the unit does at it.
"""

from typing import NamedTuple

import numpy as np

_STRONGEST = 8  # places that set the scale: some units are on at few places
_FROM, _TO = 0.08, 0.6  # of the scale
_STEPS = 24
_LEAST = 5  # places above
_WIDTH = 1.3  # of the stretch that has to be empty, as a ratio
_EMPTY = 0.04  # of the places above
_AS_GOOD = 0.025  # of the places above; the lower stretch counts: a unit may be on at two strengths
_LOW = 0.3  # of the scale


class Bimodality(NamedTuple):
    """A threshold between background and activity."""

    threshold: float
    empty: float
    """Places in the stretch around the threshold, as a share of those above it."""

    @property
    def bimodal(self) -> bool:
        """Whether single places can be said to be on or off."""
        return self.empty <= _EMPTY


def bimodality(values: np.ndarray) -> Bimodality:
    """The emptiest stretch of a unit's finite values."""
    count = min(values.size, _STRONGEST)
    scale = float(np.partition(values, -count)[-count:].mean())
    if scale <= 0:
        return Bimodality(_LOW * scale, 1.0)
    ordered = np.sort(values)
    results: list[Bimodality] = []
    for at in np.geomspace(_FROM, _TO, _STEPS) * scale:
        start, stop = np.searchsorted(ordered, [at / _WIDTH**0.5, at * _WIDTH**0.5])
        above = values.size - int(stop)
        if above < _LEAST:
            break
        results.append(Bimodality(float(at), int(stop - start) / above))
    least = min((one.empty for one in results), default=1.0)
    good = [one for one in results if one.empty <= least + _AS_GOOD]
    lower = [one for one in good if one.threshold < _LOW * scale]
    return (lower[-1:] or good[:1] or [Bimodality(_LOW * scale, 1.0)])[0]
