"""What a unit does to the output, in numbers that are ranked among units that match it.

The same for the unit under study and for those beside it, on text and on pictures:

1. Held: the unit is held high on neutral inputs, on which it is not active. On the naming half of
   the inputs this names its words (or classes).
2. Reach: on the scoring half it is held at the level at which the size should be that of the site,
   the middle size of 16 random units; how small a share of its own high level does it.
3. Needed: where it peaks its values are replaced by values that it has elsewhere.

What a unit did is kept in `lab.memo` for the next unit of the site. `neutral_prompts` and
`neutral_pictures` say how a unit is held and resampled, and what a change is read in.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from ..activations.unit_stats import POOL, matched, pool, profile
from ..lab import Lab
from ..models import Unit
from ..statistics.association import auroc
from ..statistics.causal_rule import LEAST_CONTROLS, Causal, causal
from .neutral_pictures import NeutralPictures
from .neutral_prompts import NeutralPrompts
from .output_change import ChangedRow, measure

PEAKS = 4
"""Highest peaks at which a unit is resampled: few, as every matched unit is too."""
LEAST_SIZE = 1e-6
"""Of a KL or a turn: what is smaller is rounding, and no size to compare units at."""
_MATCHED = 4
"""Inputs of the scoring half at the matched size."""
_REFERENCE = 16
"""Random units whose middle size is the size that is matched, and whose words stand beside."""
_RANGE = 16.0
"""The most that a unit's high level is multiplied or divided by to reach that size."""
_FLOATS = 2**25
"""Of changes of the output that are held in memory at a time."""


class Strength(NamedTuple):
    """What one unit does."""

    needed: float
    """Mean size of resampling it at its highest peaks."""
    held: float
    """Mean size of holding it high."""
    reach: float = 0.0
    """The inverse of the share of its high level at which the matched size is reached."""
    score: float = 0.5
    """AUROC of its own words, on the scoring half, at the matched size."""
    words: tuple[int, ...] = ()
    """That holding it raises most, on the naming half."""


NeutralInputs = NeutralPrompts | NeutralPictures
"""Inputs in two halves, where a unit is held, and what a change of the output is read in."""


def neutral_inputs(lab: Lab) -> NeutralInputs:
    """The inputs for a lab over text or over pictures."""
    return NeutralPrompts(lab) if lab.target.image is None else NeutralPictures(lab)


def causal_test(inputs: NeutralInputs, unit: Unit) -> tuple[Causal, Strength, list[Strength]]:
    """The rule of `causal_rule` for one unit: verdict, what the unit does, what its controls do."""
    n_peaks = max(1, len(inputs.resampled(unit, PEAKS)))
    own, *others = strengths(inputs, [unit, *controls(inputs, unit)], n_peaks)
    result = causal(
        own.needed, [one.needed for one in others], own.reach, [one.reach for one in others]
    )
    return result, own, others


def controls(inputs: NeutralInputs, unit: Unit) -> list[Unit]:
    """Units that match one; 39 where the site has as many."""
    near = matched(inputs.lab, unit, POOL)
    known = profile(inputs.lab, unit.site, unit.sign)
    return balanced(unit, [other for other in near if inputs.usable(other)], known.size)


def strengths(inputs: NeutralInputs, units: Sequence[Unit], n_peaks: int = PEAKS) -> list[Strength]:
    """What units do, each resampled at as many peaks; kept for the next unit of the site."""
    memo = inputs.lab.memo
    key = ("reference units", units[0].site, units[0].sign)
    if key not in memo:
        drawn = pool(inputs.lab, units[0].site, units[0].sign)
        memo[key] = list(islice(filter(inputs.usable, drawn), _REFERENCE))
    reference: list[Unit] = memo[key]
    first = _first(inputs, [*reference, *units])
    size = matched_size([first[unit].held for unit in reference])
    others = np.array([word for unit in reference for word in first[unit].words], int)
    keys = {unit: ("strength", unit, n_peaks) for unit in units}
    missing = [unit for unit in keys if keys[unit] not in memo]
    needed = _needed(inputs, missing, n_peaks)  # the reference units are only held
    for part in _groups(inputs, missing, _MATCHED):
        factors = [
            float(np.clip(np.sqrt(size / max(first[one].held, 1e-30)), 1 / _RANGE, _RANGE))
            for one in part
        ]
        cases = [
            _on_half(inputs, inputs.held(one, factor=factor), 1)[:_MATCHED]
            for one, factor in zip(part, factors, strict=True)
        ]
        result = _means(inputs, inputs.neutral, cases)
        for one, factor, (reached, change) in zip(part, factors, result, strict=True):
            reach = float(np.sqrt(reached / size)) / factor
            score, own = 0.5, np.array(first[one].words)
            if own.size:
                values = inputs.values(change)
                rest = np.setdiff1d(others, own)
                rest = rest if rest.size else np.setdiff1d(np.arange(len(values)), own)
                each = np.concatenate([values[own], values[rest]])
                score = auroc(np.arange(len(each)) < len(own), each, undefined=0.5)
            memo[keys[one]] = first[one]._replace(needed=needed[one], reach=reach, score=score)
    return [memo[keys[unit]] for unit in units]


def balanced(unit: Unit, near: Sequence[Unit], size: np.ndarray) -> list[Unit]:
    """The nearest 39 units, half of them at least as large as the unit where there are as many.

    Large units are rare, so that the nearest to one are mostly smaller, and do less for that alone.

    Args:
        unit: The unit.
        near: Units that may serve, nearest first.
        size: `[unit]` root of the mean square of the site.
    """
    larger = [one for one in near if size[one.index] >= size[unit.index]]
    smaller = [one for one in near if size[one.index] < size[unit.index]]
    half = (LEAST_CONTROLS + 1) // 2
    first = [*larger[:half], *smaller[: LEAST_CONTROLS - half]]
    rest = [one for one in near if one not in first]
    return [*first, *rest][:LEAST_CONTROLS]


def matched_size(sizes: Sequence[float]) -> float:
    """The size at which units of a site are compared: the middle one of random units."""
    return max(LEAST_SIZE, float(np.median(sizes)) if sizes else 0.0)


def _first(inputs: NeutralInputs, units: Sequence[Unit]) -> dict[Unit, Strength]:
    """Units held high on the naming half."""
    memo = inputs.lab.memo
    keys = {unit: ("held", unit) for unit in units}
    missing = [unit for unit in keys if keys[unit] not in memo]
    for part in _groups(inputs, missing, len(inputs.neutral) // 2):
        held = [_on_half(inputs, inputs.held(one), 0) for one in part]
        for one, (size, change) in zip(part, _means(inputs, inputs.neutral, held), strict=True):
            words = tuple(inputs.top(change).tolist()) if inputs.has_words else ()
            memo[keys[one]] = Strength(0.0, size, words=words)
    return {unit: memo[keys[unit]] for unit in units}


def _needed(inputs: NeutralInputs, units: Sequence[Unit], n_peaks: int) -> dict[Unit, float]:
    """Mean size of resampling units at so many peaks."""
    memo = inputs.lab.memo
    keys = {unit: ("needed", unit, n_peaks) for unit in units}
    missing = [unit for unit in keys if keys[unit] not in memo]
    for part in _groups(inputs, missing, n_peaks):
        gone = [inputs.resampled(one, n_peaks) for one in part]
        for one, (size, _) in zip(part, _means(inputs, inputs.explore, gone), strict=True):
            memo[keys[one]] = size
    return {unit: memo[keys[unit]] for unit in units}


def _on_half(inputs: NeutralInputs, cases: list[ChangedRow], half: int) -> list[ChangedRow]:
    """The cases on one half of the inputs; all where it has none."""
    return [case for case in cases if inputs.half(case) == half] or cases


def _groups(inputs: NeutralInputs, units: Sequence[Unit], cases: int) -> Iterator[Sequence[Unit]]:
    """Parts of a list whose changes fit into memory, with so many cases for each unit."""
    step = max(1, _FLOATS // (inputs.width * cases))
    return (units[start : start + step] for start in range(0, len(units), step))


def _means(
    inputs: NeutralInputs, rows: Any, cases: Sequence[Sequence[ChangedRow]]
) -> list[tuple[float, np.ndarray]]:
    """Mean size and mean change of each list of cases, all measured together."""
    result = iter(measure(inputs.lab, rows, [case for some in cases for case in some]))
    out = []
    for some in cases:
        effects = [next(result) for _ in some]
        if effects:
            size = float(np.mean([effect.size for effect in effects]))
            out.append((size, np.mean([effect.change for effect in effects], axis=0)))
        else:
            out.append((0.0, np.zeros(inputs.width, np.float32)))
    return out
