"""How likely a conclusion is right: what is known of it, and a map from that to a probability."""

import math
from dataclasses import astuple, dataclass

# Set by hand on 21 Nov 2026 to meet the share that is right (93% of 163 units, seeds 2A 3A 3B 4B);
# too few were wrong to fit weights: cross-validated skill of a logistic fit was about 0.
_BASE = -2.5
_WEIGHTS = (1.0, 1.0, 1.0, 2.0, 0.5, -1.5, -0.3, -1.0)


@dataclass(frozen=True)
class Features:
    """What decides confidence; all numbers are about 0..1."""

    explained: float
    """Correlation with activations on documents that were not learnt from."""
    agreed: float
    """The same on written texts; that of documents where none were written."""
    onoff: float
    """F1 of where it says that the unit is on, on explore; 0 for units that are not on or off."""
    written: float
    """The same on all written texts."""
    scanned: float
    """Whether it follows from scans of the vocabulary."""
    table: float
    """Whether it is a table of means."""
    further: float
    """Parts after the first, as n / (1 + n)."""
    long: float
    """Words listed, as n / (20 + n)."""


def probability(features: Features) -> float:
    """That every clause is right and none is missing."""
    score = _BASE + sum(w * x for w, x in zip(_WEIGHTS, astuple(features), strict=True))
    return round(min(0.98, max(0.02, 1 / (1 + math.exp(-score)))), 2)
