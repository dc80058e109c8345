"""Does another unit of the site do the same? Removed alone and together.

1. Doubles: units of the site whose output direction has a cosine of at least `ALIKE` with the
   unit's, the nearest `MOST` of them, that fire together with it: activations on the unit's own
   windows correlate at least `TOGETHER`.
2. On the windows where the unit is active, three removals: the unit, the double, both.
3. The ratio of both to the sum of the two. The sizes (KL, or 1 - cosine) grow with the square of a
   small change: units that write different things give 1, two that write the same at the same
   places give 2, and more where one makes up for the other. `redundant` means that the bootstrap
   interval of the ratio over windows lies above `CLEAR`. [ours]
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from .effect_rows import Row, Shift, measure_rows
from .interventions.writes import output_weight
from .lab import Lab
from .models import Unit, zero

ALIKE = 0.6
TOGETHER = 0.5
MOST = 2
CLEAR = 1.25
_NEAREST = 8
_DRAWS = 500


class Double(NamedTuple):
    """Another unit that writes the same way and fires together with a unit."""

    unit: Unit
    cosine: float
    """Of the output directions."""
    correlation: float
    """Of the activations, on the unit's own windows."""


class Redundancy(NamedTuple):
    """A unit and a double, removed alone and together."""

    double: Double
    alone: float
    """Mean size of removing the unit."""
    other: float
    """Mean size of removing the double, at the same places."""
    both: float
    ratio: float
    """Both, over the sum of the two."""
    interval: tuple[float, float]
    """95%, bootstrapped over windows."""

    @property
    def redundant(self) -> bool:
        """Whether both together clearly exceed the sum."""
        return self.interval[0] > CLEAR

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "unit": str(self.double.unit),
            "cosine": self.double.cosine,
            "correlation": self.double.correlation,
            "alone": self.alone,
            "other": self.other,
            "both": self.both,
            "ratio": self.ratio,
            "interval": list(self.interval),
            "redundant": self.redundant,
        }


def alike(lab: Lab, unit: Unit) -> list[tuple[Unit, float]]:
    """Units of the site whose output direction is most similar, with the cosine, best first."""
    site = lab.target.site(unit.site)
    weight = output_weight(lab.target, unit.site) if site.channels == 1 else None
    if weight is None:
        return []
    key = ("output directions", unit.site)
    if key not in lab.memo:
        rows = weight[:, 0].float()  # [unit, d]
        lab.memo[key] = rows / torch.linalg.vector_norm(rows, dim=1, keepdim=True).clamp_min(1e-12)
    directions = lab.memo[key]
    cosine = (directions @ directions[unit.index]).cpu().numpy()  # [unit]
    cosine[unit.index] = -1
    order = np.argsort(-cosine, kind="stable")[:_NEAREST]
    return [
        (Unit(unit.site, int(at), unit.sign), float(cosine[at]))
        for at in order
        if cosine[at] >= ALIKE
    ]


def doubles(lab: Lab, unit: Unit, windows: Sequence[int]) -> list[Double]:
    """The units alike that fire together with it on these windows of explore."""
    near = alike(lab, unit)
    if not near or not windows:
        return []
    rows = lab.explore.rows(list(windows))
    values = lab.activations(rows, [unit, *(other for other, _ in near)])[:, rows.counted]
    found = []
    for (other, cosine), line in zip(near, values[1:], strict=True):
        if values[0].std() > 0 and line.std() > 0:
            together = float(np.corrcoef(values[0], line)[0, 1])
            if together >= TOGETHER:
                found.append(Double(other, cosine, together))
    return found[:MOST]


def redundancy(
    lab: Lab, unit: Unit, rows: Sequence[Row], alone: Sequence[Shift]
) -> list[Redundancy]:
    """Every double of a unit, tested.

    Args:
        lab: The bench.
        unit: The unit.
        rows: Its own removals, on windows of explore.
        alone: What they did.
    """
    found = []
    for double in doubles(lab, unit, [row.row for row in rows]):
        index = double.unit.index
        changes = []
        for row in rows:
            gone = [change.places for change in row.changes]
            other = zero(unit.site, [index]).at(places=gone[0] or ())
            changes += [row._replace(changes=(other,)), row._replace(changes=(*row.changes, other))]
        sizes = [shift.size for shift in measure_rows(lab, lab.explore, changes)]
        own = np.array([shift.size for shift in alone])
        other_, both = np.array(sizes[::2]), np.array(sizes[1::2])
        rng = np.random.default_rng([lab.seed, unit.index, index])
        drawn = rng.integers(len(own), size=(_DRAWS, len(own)))
        apart = (own + other_)[drawn].mean(1)
        ratios = both[drawn].mean(1) / np.maximum(apart, 1e-12)
        low, high = np.quantile(ratios, [0.025, 0.975])
        ratio = float(both.mean() / max((own + other_).mean(), 1e-12))
        found.append(
            Redundancy(
                double,
                float(own.mean()),
                float(other_.mean()),
                float(both.mean()),
                ratio,
                (float(low), float(high)),
            )
        )
    return found
