"""Whether a description of a known unit is right: decided by its predictor's values alone.

A description is **right** where its prediction correlates by `RIGHT` or more, on strings that
nothing else saw, with one of the variables that the unit computes; **wrong** where it does not;
**abstained** where it claims no function; **failed** where the planner broke off. Words are not
read. A head is known by what it attends to, and a description is right where it has an `attends`
of that pattern and of no other.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from .truth import Draw, Known, correlations

RIGHT = 0.9
CONFIDENT = 0.8
"""A wrong description of this confidence or more is confidently wrong."""
FITTED, CHECKED = 4_000_037, 5_000_011
"""Seeds of the strings on which components are weighted, and of those that decide."""


class Verdict(NamedTuple):
    """What became of one description."""

    verdict: Literal["right", "wrong", "abstained", "failed"]
    correlation: float | None = None
    """Of the prediction with the variable that it fits best."""
    variable: str | None = None
    confidence: float | None = None

    @property
    def confidently_wrong(self) -> bool:
        """Whether someone who trusts confidence would be misled."""
        sure = self.confidence is not None and self.confidence >= CONFIDENT
        return self.verdict == "wrong" and sure

    def as_dict(self) -> dict[str, Any]:
        """For records."""
        return {**self._asdict(), "confidently_wrong": self.confidently_wrong}


def judged_head(
    known: Known, predictors: Sequence[Mapping[str, Any]] | None, confidence: float | None
) -> Verdict:
    """The verdict on the description of a head, of which `variables` name the pattern.

    Args:
        known: The head; without a variable it attends to no pattern.
        predictors: Of the description; None: it claims nothing.
        confidence: Of the description.
    """
    said = [one["to"] for one in predictors or () if one["kind"] == "attends"]
    if predictors is None or not (said or known.variables):
        return Verdict("abstained", confidence=confidence)
    right = bool(said) and set(said) == set(known.variables)
    return Verdict("right" if right else "wrong", variable=" ".join(said), confidence=confidence)


def judged(
    known: Known,
    prediction: np.ndarray | None,
    fresh: Draw,
    confidence: float | None,
    *,
    own: np.ndarray | None = None,
) -> Verdict:
    """The verdict on one description.

    Args:
        known: The unit.
        prediction: `[place]` on the strings of `fresh`; None: the description claims nothing.
        fresh: Strings of the seed `CHECKED`.
        confidence: Of the description.
        own: The unit's values `[place]`, which decide where it computes no variable.
    """
    if prediction is None:
        return Verdict("abstained", confidence=confidence)
    true = {one.name: one.values for one in fresh.variables if one.name in known.variables}
    if not true and own is not None:
        true = {"the unit itself": own}
    found = correlations(prediction[None], np.stack(list(true.values())))[0]
    best = int(found.argmax())
    verdict = "right" if found[best] >= RIGHT else "wrong"
    return Verdict(verdict, round(float(found[best]), 4), list(true)[best], confidence)
