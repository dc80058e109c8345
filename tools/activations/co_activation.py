"""How far two units go together over explore, beside pairs of other units of the same sites.

1. Pearson's correlation, with an interval by bootstrap over documents.
2. Control: the first unit and `OTHERS` random units of its site against every unit of the second's
   site, in one pass (see `association`): how many of these pairs correlate less?
3. Where each is active (above half of the mean of its top 0.1%): both, one alone, the other alone.
4. The strongest windows of each: how many are the same, and how many would be by chance.
5. Output: the cosine of what they write, beside random pairs of the same sites.
"""

from typing import Any, NamedTuple

import numpy as np
import torch

from ..lab import Lab
from ..lens.projection import write_rows
from ..models import Unit
from ..statistics.association import pearson
from .agreement import interval
from .association import SIGNS, associations
from .records import Flat, activity, flat

OTHERS = 19
TOPS = 20
_PAIRS = 500


class Together(NamedTuple):
    """Two units over explore."""

    correlation: float | None
    interval: list[float] | None
    percentile: float
    """Of the correlation among pairs of other units."""
    pairs: int
    both: int
    """Places where both are active, and only one of them."""
    first_alone: int
    second_alone: int
    shared: int
    """Of the strongest windows of each, how many are the same."""
    tops: int
    expected: float
    """How many would be by chance."""
    cosine: float | None
    """Of what they write; None where that is not known."""
    cosine_percentile: float | None

    @property
    def alike(self) -> bool:
        """Whether they go together more than nearly all other pairs, and strongly."""
        return self.percentile >= 99 and (self.correlation or 0) >= 0.5

    def as_data(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**self._asdict(), "alike": self.alike}


def together(lab: Lab, first: Unit, second: Unit) -> Together:
    """Measures how far two units go together."""
    lab.prefetch([first, second])
    one, other = flat(lab, first), flat(lab, second)
    known = np.isfinite(lab.column(first)) & np.isfinite(lab.column(second)) & lab.explore.counted
    x, y = lab.column(first)[known], lab.column(second)[known]
    _, document = np.unique(lab.explore.document[np.nonzero(known)[0]], return_inverse=True)
    own = pearson(x, y)
    against = _pairs(lab, first, second, lab.rng("pairs"))
    on_x, on_y = x > activity(x), y > activity(y)
    tops = [_tops(lab, data) for data in (one, other)]
    size = min(map(len, tops))
    cosine, share = _written(lab, first, second, lab.rng("written"))
    return Together(
        own,
        interval(x, y, document, lab.rng("interval")),
        100 * float((against < (own or 0.0)).mean()) if against.size else 50.0,
        int(against.size),
        int((on_x & on_y).sum()),
        int((on_x & ~on_y).sum()),
        int((~on_x & on_y).sum()),
        len(set(tops[0][:size]) & set(tops[1][:size])),
        size,
        size * size / max(1, len(lab.explore)),
        cosine,
        share,
    )


def _pairs(lab: Lab, first: Unit, second: Unit, rng: np.random.Generator) -> np.ndarray:
    """Correlations `[pair]` of random units of the first's site with all of the second's."""
    size = lab.target.site(first.site).units
    drawn = [int(at) for at in rng.permutation(size)[: OTHERS + 1] if at != first.index][:OTHERS]
    units = [first, *(Unit(first.site, at, first.sign) for at in drawn)]
    columns = [lab.column(first), *lab.activations(lab.explore, units[1:])]
    values = np.nan_to_num(np.stack(columns), nan=0.0, posinf=0.0, neginf=0.0)
    every = associations(lab, lab.explore, values, [second.site])[second.site]
    scores = every[:, SIGNS.index(second.sign)]  # [unit of the first's site, unit]
    kept = np.ones(scores.shape, bool)
    if first.site == second.site:
        for row, unit in enumerate(units):
            kept[row, unit.index] = False
            if unit.index == second.index:  # the pair itself, the other way round
                kept[row, first.index] = False
    kept[0, second.index] = False
    kept &= scores != 0  # units that never move are no control
    return scores[kept]


def _tops(lab: Lab, data: Flat) -> list[int]:
    """Windows by falling peak, those above zero alone."""
    peak = np.full(len(lab.explore), -np.inf)
    np.maximum.at(peak, data.window, data.values)
    order = np.argsort(-peak, kind="stable")[:TOPS]
    return [int(at) for at in order if peak[at] > 0]


def _written(
    lab: Lab, first: Unit, second: Unit, rng: np.random.Generator
) -> tuple[float | None, float | None]:
    """Cosine of what the units write, and its percentile among random pairs of their sites."""
    sites = [lab.target.site(unit.site) for unit in (first, second)]
    if lab.target.image is not None or any(site.channels > 1 for site in sites):
        return None, None
    rows = [write_rows(lab.target, site) for site in sites]
    if rows[0] is None or rows[1] is None or rows[0].shape[-1] != rows[1].shape[-1]:
        return None, None
    left, right = (
        torch.nn.functional.normalize(one[:, 0].float(), dim=1).cpu().numpy()
        for one in (rows[0], rows[1])
    )
    sign = first.sign * second.sign
    own = sign * float(left[first.index] @ right[second.index])
    a, b = rng.integers(len(left), size=_PAIRS), rng.integers(len(right), size=_PAIRS)
    apart = (a != b) | (first.site != second.site)
    others = sign * (left[a] * right[b]).sum(1)[apart]
    return own, 100 * float((others < own).mean()) if others.size else None
