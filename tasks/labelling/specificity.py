"""Whether a description is of its unit, or of what many units do.

1. The description's predictor is scored on up to `MOST` random matched units as on its own: weights
   fitted on their validation split, correlation on their test split (`matched.py`).
2. p = (1 + units that score at least as high) / (n + 1), the rank of the own score (North et al.
   2002). Above `ALPHA` a described unit, or a word list, becomes
   `not specific`.
3. Units that correlate with this one by `SHARED` or more do the same; they are named and are no
   controls. With fewer than `LEAST` matched units p is None and the status stays.

Sums of products suffice for all of it, so that no predictor is evaluated twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ...agent.description import Description
from ...tools.evidence import plain
from ...tools.models.unit import Unit
from ...tools.statistics.mixed_model import non_negative
from ..scoring.base import TokenTable
from ..scoring.entries import specificity_words
from ..scoring.measured import Splits
from ..scoring.scores import Scored, score
from .matched import NEAREST, SiteUnits, kind_of, standard

MOST = 100
LEAST = 20
"""With fewer controls p cannot fall to .05."""
ALPHA = 0.05
SHARED = 0.9
_NAMED = 20
"""Units of either list that are named."""


@dataclass(frozen=True)
class Specificity:
    """Where a description's score on its unit stands among its scores on matched units."""

    score: float
    """Correlation on the unit itself."""
    n: int
    """Matched units that it was scored on."""
    p: float | None
    """None: too few."""
    median_of_controls: float | None
    as_high: tuple[tuple[str, float], ...]
    """Matched units that score at least as high, highest first, with their scores."""
    shared: tuple[tuple[str, float], ...]
    """Units that do the same, with their correlations."""
    looked_at: int
    """Units of the site that were measured."""
    matched: int
    """Of them, those of the unit's kind."""

    def as_dict(self) -> dict[str, Any]:
        """For records."""
        return plain(
            {
                **self.__dict__,
                "as_high": [{"unit": u, "score": s} for u, s in self.as_high[:_NAMED]],
                "as_high_count": len(self.as_high),
                "shared": [{"unit": u, "correlation": r} for u, r in self.shared[:_NAMED]],
                "shared_count": len(self.shared),
                "least": LEAST,
            }
        )


class Judged(NamedTuple):
    """A description with its scores and its final status."""

    scored: Scored
    specificity: Specificity | None
    """None where there is no score."""


def judge(
    site: SiteUnits, unit: Unit, description: Description, splits: Splits, *, seed: int = 0
) -> Judged:
    """Scores a description on held-out data and settles its status.

    One rule for all descriptions, whoever wrote them.
    """
    scored = score(description, splits, seed=seed)
    if not scored.predicates:
        return Judged(scored, None)
    result = specificity(site, unit, scored.predicates, splits, seed=seed)
    claims = scored.description.status in ("described", "word list")
    if claims and result.p is not None and result.p > ALPHA:
        settled = replace(
            scored.description, status="not specific", reason=specificity_words(result.as_dict())
        )
        scored = scored._replace(description=settled)
    of_base = any(isinstance(one, TokenTable) for one in scored.predicates)
    if result.p is not None and not of_base:
        beside = {"matched": {"correlation": result.median_of_controls, "units": result.n}}
        scored = scored._replace(controls=plain({**scored.controls, **beside}))
    return Judged(scored, result)


def specificity(
    site: SiteUnits, unit: Unit, predicates: Sequence[Any], splits: Splits, *, seed: int = 0
) -> Specificity:
    """Ranks the score of predicates on their unit among their scores on matched units.

    Args:
        site: The units of the unit's site.
        unit: The unit.
        predicates: At least one; whatever evaluates windows.
        splits: The unit's own activations.
        seed: Of the draw of matched units.
    """
    own, parts = [], []
    held_out = (splits.validation, splits.test)
    site = site.at(*(split.counted[split.windows.counted] for split in held_out))
    for split in held_out:
        counted = split.counted & split.windows.counted
        own.append(np.nan_to_num(split.values[counted], posinf=0, neginf=0)[:, None])
        held = np.stack([p.evaluate(split.windows)[counted] for p in predicates], 1)
        parts.append(held.astype(np.float64))  # [place, component]
    r = unit.sign * site.test.correlations(own[1][:, 0])  # [unit]
    other = site.units != unit.index
    same = other & (r >= SHARED)
    near = site.kinds(unit.sign).nearest(kind_of(own[0]), other & ~same)
    rng = np.random.default_rng([seed, unit.index])
    drawn = np.sort(rng.permutation(near[:NEAREST])[:MOST])
    score = float(_scores(parts, *own)[0])
    others = _scores(parts, *(unit.sign * s.take(drawn) for s in (site.validation, site.test)))

    def named(j: Sequence[int], values: np.ndarray) -> tuple[tuple[str, float], ...]:
        names = [str(Unit(unit.site, int(site.units[i]), unit.sign)) for i in j]
        pairs = zip(names, map(float, values), strict=True)
        return tuple(sorted(pairs, key=lambda pair: -pair[1]))

    high = others >= score
    enough = len(drawn) >= LEAST
    return Specificity(
        score,
        len(drawn),
        float((1 + high.sum()) / (len(drawn) + 1)) if enough else None,
        float(np.median(others)) if len(drawn) else None,
        named(drawn[high].tolist(), others[high]),
        named(np.flatnonzero(same).tolist(), r[same]),
        len(site.units),
        len(near),
    )


def _scores(parts: Sequence[np.ndarray], validation: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Correlation on test of components weighted on validation, `[unit]`.

    Args:
        parts: The components on validation and test, `[place, component]`.
        validation: The units on validation, `[place, unit]`.
        test: On test.
    """
    here, there = (part - part.mean(0) for part in parts)
    weights = non_negative(here.T @ here, here.T @ standard(validation))  # [component, unit]
    spread = np.sqrt(np.maximum(np.einsum("cu,cd,du->u", weights, there.T @ there, weights), 0))
    top = (weights * (there.T @ standard(test))).sum(0)
    return np.where(spread > 1e-12, top / np.maximum(spread, 1e-12), 0.0)
