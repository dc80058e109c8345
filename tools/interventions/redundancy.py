"""Does another unit of the site do the same? Removed alone and together.

1. Pairs: units of the site whose output direction has a cosine of at least `ALIKE` with the
   unit's, the nearest `MOST` of them, that fire together with it: activations on the unit's own
   windows correlate at least `TOGETHER`.
2. On the windows where the unit is active, three removals: the unit (a), the other (b), both (ab).
3. The metric m is how far the unit's words fall, in one signed number, turned so that m(ab) > 0. A
   size such as KL would not do: it grows with the square of a small change, so that two additive
   units do more together than the sum of each.
4. I = m(ab) - m(a) - m(b), with a 95% interval from a bootstrap over documents. Above 0 and at
   least `SHARE` of m(ab): `redundant` (one makes up for the other). Below 0: `joint` (each needs
   the other). Else `additive`, as two units are that write the same and do not interact. Fewer than
   `DOCUMENTS` documents: `not testable`. [ours]
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from ..lab import Lab
from ..models import Unit
from ..residual.weights import output_weight
from .neutral_prompts import NeutralPrompts
from .output_change import measure

ALIKE = 0.6
TOGETHER = 0.5
MOST = 2
SHARE = 0.25
"""Of what both do, from which an interaction makes units redundant: less is of no consequence."""
DOCUMENTS = 5
"""With fewer, a bootstrap over documents gives intervals that are much too short."""
_NEAREST = 8
_DRAWS = 1000


class Similar(NamedTuple):
    """Another unit that writes the same way and fires together with a unit."""

    unit: Unit
    cosine: float
    """Of the output directions."""
    correlation: float
    """Of the activations, on the unit's own windows."""


class Interaction(NamedTuple):
    """What two removals do alone and together, in one signed metric with both > 0."""

    alone: float
    """m(a)."""
    other: float
    """m(b)."""
    both: float
    """m(ab), > 0."""
    value: float
    """I = m(ab) - m(a) - m(b)."""
    interval: tuple[float, float] | None
    """95%, bootstrapped over documents; None for fewer than `DOCUMENTS`."""

    @property
    def verdict(self) -> str:
        """`redundant`, `additive`, `joint` or `not testable`."""
        if self.interval is None:
            return "not testable"
        if self.interval[0] > 0 and self.value >= SHARE * self.both:
            return "redundant"
        return "joint" if self.interval[1] < 0 else "additive"


class RedundantPair(NamedTuple):
    """A unit and a similar one, removed alone and together."""

    similar: Similar
    interaction: Interaction

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        interval = self.interaction.interval
        return {
            "unit": str(self.similar.unit),
            "cosine": self.similar.cosine,
            "correlation": self.similar.correlation,
            "alone": self.interaction.alone,
            "other": self.interaction.other,
            "both": self.interaction.both,
            "interaction": self.interaction.value,
            "interval": None if interval is None else list(interval),
            "verdict": self.interaction.verdict,
        }


def interaction(
    alone: np.ndarray, other: np.ndarray, both: np.ndarray, document: np.ndarray, *, seed: int = 0
) -> Interaction:
    """How two removals go together; see the module's docstring.

    Args:
        alone: `[window]`, what the first removal does to the metric.
        other: `[window]`, the second.
        both: `[window]`, both together.
        document: `[window]`.
        seed: Of the bootstrap.
    """
    turn = -1.0 if both.mean() < 0 else 1.0
    each = turn * (both - alone - other)  # [window]
    _, number = np.unique(document, return_inverse=True)
    sums, sizes = np.bincount(number, each), np.bincount(number)  # [document]
    interval = None
    if len(sums) >= DOCUMENTS:
        rng = np.random.default_rng(seed)
        drawn = rng.integers(len(sums), size=(_DRAWS, len(sums)))
        low, high = np.quantile(sums[drawn].sum(1) / sizes[drawn].sum(1), [0.025, 0.975])
        interval = float(low), float(high)
    a, b, ab = (turn * float(one.mean()) for one in (alone, other, both))
    return Interaction(a, b, ab, float(each.mean()), interval)


def _writing_alike(lab: Lab, unit: Unit) -> list[tuple[Unit, float]]:
    """Units of the site whose output direction is most similar, with the cosine, best first."""
    site = lab.target.site(unit.site)
    weight = output_weight(lab.target, unit.site) if site.channels == 1 else None
    if weight is None:
        return []

    def normed() -> torch.Tensor:
        rows = weight[:, 0].float()  # [unit, d]
        return rows / torch.linalg.vector_norm(rows, dim=1, keepdim=True).clamp_min(1e-12)

    directions = lab.memo.once(("output directions", unit.site), normed)
    cosine = (directions @ directions[unit.index]).cpu().numpy()  # [unit]
    cosine[unit.index] = -1
    order = np.argsort(-cosine, kind="stable")[:_NEAREST]
    return [
        (Unit(unit.site, int(i), unit.sign), float(cosine[i])) for i in order if cosine[i] >= ALIKE
    ]


def similar_units(lab: Lab, unit: Unit, windows: Sequence[int]) -> list[Similar]:
    """The units that write the same and fire together with it on these windows of explore."""
    near = _writing_alike(lab, unit)
    if not near or not windows:
        return []
    rows = lab.explore.rows(list(windows))
    values = lab.activations(rows, [unit, *(other for other, _ in near)])[:, rows.counted]
    result = []
    for (other, cosine), line in zip(near, values[1:], strict=True):
        if values[0].std() > 0 and line.std() > 0:
            together = float(np.corrcoef(values[0], line)[0, 1])
            if together >= TOGETHER:
                result.append(Similar(other, cosine, together))
    return result[:MOST]


def redundant_pairs(
    prompts: NeutralPrompts, unit: Unit, spots: Sequence[tuple[int, int]], words: np.ndarray
) -> list[RedundantPair]:
    """Every similar unit, tested.

    Args:
        prompts: Of the lab.
        unit: The unit.
        spots: `(window, place)` of explore where it peaks.
        words: Whose fall is the metric; named on other inputs than these.
    """
    return [
        RedundantPair(other, removed_together(prompts, unit, other.unit, spots, words))
        for other in similar_units(prompts.lab, unit, [row for row, _ in spots])
    ]


def removed_together(
    prompts: NeutralPrompts,
    unit: Unit,
    other: Unit,
    spots: Sequence[tuple[int, int]],
    words: np.ndarray,
) -> Interaction:
    """Two units set to 0, alone and together, where the first one peaks."""
    lab, cases = prompts.lab, []
    for spot in spots:
        one, two = prompts.removed_at(unit, spot), prompts.removed_at(other, spot)
        cases += [one, two, one._replace(changes=(*one.changes, *two.changes))]
    falls = [
        -float(prompts.words.of(effect.change)[words].mean())
        for effect in measure(lab, lab.explore, cases)
    ]
    alone, second, both = (np.array(falls[i::3]) for i in range(3))
    document = np.array([int(lab.explore.document[row]) for row, _ in spots])
    return interaction(alone, second, both, document, seed=lab.seed)
