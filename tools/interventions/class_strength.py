"""What one channel does to the classes, in numbers that are ranked among channels that match it.

The same for the unit under study and for those beside it, by the rule of `causal_rule`:

1. Given: pictures on which the unit is hardly active get its own map from pictures where it peaks
   at its 99th percentile. On the naming half of the pictures this names its classes.
2. Reach: on the scoring half the map is multiplied so that the size (KL) should be that of the
   site, the middle size of 16 random units; how small a factor does it.
3. Needed: on its strongest pictures its map is replaced by that of random pictures.
"""

from collections.abc import Sequence
from itertools import islice

import numpy as np
from torch import Tensor

from ..activations.unit_stats import POOL, matched, pool, profile, strongest
from ..images.recipes import pictures_of
from ..lab import Lab
from ..models import Unit
from ..statistics.causal_rule import Causal, causal
from .class_change import Case, measure, own_maps, put_in
from .neutral_prompts import PEAKS, Strength, auroc, balanced, matched_size

HIGH = 0.99
"""The percentile of its peaks over pictures at which a unit is given."""
NAMED = 5
_NEUTRAL = 16
_MATCHED = 4
_SOURCES = 4
_RANDOM = 8
"""Pictures whose maps replace a unit's own."""
_REFERENCE = 16
_RANGE = 16.0
_OFF = 0.25  # of its 99th percentile: up to there a unit counts as hardly active
_LOWEST = 0.2  # and on this share of pictures in any case


def half_of(row: int) -> int:
    """0: the picture names classes; 1: it scores them."""
    return row % 2


def unit_peaks(lab: Lab, unit: Unit) -> np.ndarray:
    """`[picture]` of the profile."""
    return profile(lab, unit.site, unit.sign).peaks[:, unit.index]


def neutral(lab: Lab, unit: Unit) -> list[int]:
    """Pictures of explore on which the unit is hardly active, the same few for all units."""
    known = profile(lab, unit.site, unit.sign)
    low, high = np.quantile(unit_peaks(lab, unit), (_LOWEST, HIGH))
    bar = max(_OFF * float(high), float(low))
    order = np.random.default_rng([lab.seed, 17]).permutation(len(known.rows))
    rows = [int(known.rows[at]) for at in order if known.peaks[at, unit.index] <= bar]
    halves = [[row for row in rows if half_of(row) == side][: _NEUTRAL // 2] for side in (0, 1)]
    return [*halves[0], *halves[1]]


def given(
    lab: Lab, unit: Unit, rows: Sequence[int], level: float = HIGH, factor: float = 1.0
) -> list[Case]:
    """The unit's own maps, of pictures where it peaks near a level, put into pictures; none where
    it is not above 0 at that level."""
    wanted = float(np.quantile(unit_peaks(lab, unit), level))
    if wanted <= 0:
        return []
    maps = _sources(lab, unit, level)
    return [
        Case(row, (put_in(unit, maps[at % len(maps)] * factor),)) for at, row in enumerate(rows)
    ]


def resampled(lab: Lab, unit: Unit, rows: Sequence[int]) -> list[Case]:
    """The unit's map on pictures replaced by its maps on random ones."""
    key = ("random maps", unit.site)
    if key not in lab.memo:
        known = profile(lab, unit.site, unit.sign)
        rng = np.random.default_rng([lab.seed, 19])
        drawn = rng.permutation(known.rows)[:_RANDOM]
        part = pictures_of(lab).rows(drawn.tolist())
        lab.memo[key] = lab.target.trace(part, [unit.site], output=False).values[unit.site]
        lab.meter.forward_tokens += len(part)
    maps = lab.memo[key][:, :, unit.index]  # [random picture, place] or [..., channel]
    rng = np.random.default_rng([lab.seed, 23, unit.index])
    order = rng.integers(len(maps), size=len(rows))
    return [Case(row, (put_in(unit, maps[at]),)) for at, row in zip(order, rows, strict=True)]


def controls(lab: Lab, unit: Unit) -> list[Unit]:
    """Units that match one; 39 where the site has as many."""
    near = [other for other in matched(lab, unit, POOL) if _usable(lab, other)]
    return balanced(unit, near, profile(lab, unit.site, unit.sign).size)


def causal_test(lab: Lab, unit: Unit) -> tuple[Causal, Strength, list[Strength]]:
    """The rule of `causal_rule` for one unit: verdict, what the unit does, what its controls do."""
    n = max(1, len(strongest(lab, unit, PEAKS)))
    own, *others = strengths(lab, [unit, *controls(lab, unit)], n)
    found = causal(
        own.needed, [one.needed for one in others], own.reach, [one.reach for one in others]
    )
    return found, own, others


def strengths(lab: Lab, units: Sequence[Unit], n_peaks: int = PEAKS) -> list[Strength]:
    """What units do, each resampled on as many pictures; kept for the next unit of the site."""
    key = ("reference units", units[0].site, units[0].sign)
    if key not in lab.memo:
        drawn = (one for one in pool(lab, units[0].site, units[0].sign) if _usable(lab, one))
        lab.memo[key] = list(islice(drawn, _REFERENCE))
    reference = lab.memo[key]
    first = _first(lab, [*reference, *units], n_peaks)
    size = matched_size([first[unit].held for unit in reference])
    others = np.array([at for unit in reference for at in first[unit].words], int)
    keys = {unit: ("picture strength", unit, n_peaks) for unit in units}
    missing = [unit for unit in keys if keys[unit] not in lab.memo]
    factors = [
        float(np.clip(np.sqrt(size / max(first[one].held, 1e-30)), 1 / _RANGE, _RANGE))
        for one in missing
    ]
    cases = [
        given(lab, one, _on_half(lab, one, 1)[:_MATCHED], factor=factor)
        for one, factor in zip(missing, factors, strict=True)
    ]
    for one, factor, (reached, change) in zip(missing, factors, _means(lab, cases), strict=True):
        reach = float(np.sqrt(reached / size)) / factor
        own = np.array(first[one].words)
        rest = np.setdiff1d(others, own)
        rest = rest if rest.size else np.setdiff1d(np.arange(len(change)), own)
        score = auroc(change[own], change[rest])
        lab.memo[keys[one]] = first[one]._replace(reach=reach, score=score)
    return [lab.memo[keys[unit]] for unit in units]


def top(change: np.ndarray) -> np.ndarray:
    """The classes that a change raises most: at most a quarter of them."""
    n = max(1, min(NAMED, len(change) // 4))
    return np.argsort(-change, kind="stable")[:n]


def _first(lab: Lab, units: Sequence[Unit], n_peaks: int) -> dict[Unit, Strength]:
    keys = {unit: ("first picture strength", unit, n_peaks) for unit in units}
    missing = [unit for unit in keys if keys[unit] not in lab.memo]
    held = _means(lab, [given(lab, one, _on_half(lab, one, 0)) for one in missing])
    gone = _means(lab, [resampled(lab, one, strongest(lab, one, n_peaks)) for one in missing])
    for one, (size, change), (away, _) in zip(missing, held, gone, strict=True):
        lab.memo[keys[one]] = Strength(away, size, 0.0, 0.5, tuple(top(change).tolist()))
    return {unit: lab.memo[keys[unit]] for unit in units}


def _on_half(lab: Lab, unit: Unit, half: int) -> list[int]:
    rows = neutral(lab, unit)
    return [row for row in rows if half_of(row) == half] or rows


def _usable(lab: Lab, unit: Unit) -> bool:
    """Whether a unit is somewhere active and somewhere hardly."""
    high = float(np.quantile(unit_peaks(lab, unit), HIGH))
    return high > 0 and bool(strongest(lab, unit, 1)) and len(neutral(lab, unit)) > 1


def _sources(lab: Lab, unit: Unit, level: float) -> list[Tensor]:
    """The unit's maps on the pictures where it peaks nearest to a level, scaled to that level."""
    key = ("source maps", unit, level)
    if key not in lab.memo:
        known, peaks = profile(lab, unit.site, unit.sign), unit_peaks(lab, unit)
        wanted = float(np.quantile(peaks, level))
        near = np.argsort(abs(peaks - wanted), kind="stable")
        near = [int(at) for at in near if peaks[at] > 0][:_SOURCES]
        rows = pictures_of(lab).rows([int(known.rows[at]) for at in near])
        maps = own_maps(lab, rows, [unit])[unit]
        lab.memo[key] = [
            one * (wanted / float(peaks[at])) for one, at in zip(maps, near, strict=True)
        ]
    return lab.memo[key]


def _means(lab: Lab, cases: Sequence[Sequence[Case]]) -> list[tuple[float, np.ndarray]]:
    """Mean size and mean change of each list of cases, all measured together."""
    width = lab.target.site("logit").units
    if not any(cases):
        return [(0.0, np.zeros(width)) for _ in cases]
    found = measure(lab, pictures_of(lab), [case for some in cases for case in some])
    ends = np.cumsum([len(some) for some in cases])
    out = []
    for end, some in zip(ends, cases, strict=True):
        part = slice(end - len(some), end)
        empty = not len(some)
        size = 0.0 if empty else float(found.size[part].mean())
        out.append((size, np.zeros(width) if empty else found.change[part].mean(0)))
    return out
