"""How likely a conclusion is right: what is known of it, and a map from that to a probability.

What counts is the worst cell of the check on texts that were not written to find the conclusion.
A unit that is not clearly on or off has no such figure; there it is what was explained.
"""

import math
from dataclasses import dataclass

# Fitted on 21 Nov 2026 to 164 planted units of development seeds, 16 of them wrong, most of these
# because lists of words were taken away from the search; cross-validated Brier skill .69.
_CHECK = (-1.7, 1.95)
# Set by hand: units that are not on or off are few.
_BASE = -2.5
_EXPLAINED, _AGREED, _TABLE, _FURTHER, _LONG = 1.0, 1.0, -1.5, -0.3, -1.0


@dataclass(frozen=True)
class Features:
    """What decides confidence; all numbers are about 0..1."""

    explained: float
    """Correlation with activations on documents that decided nothing, where some were kept."""
    agreed: float
    """The same on written texts; that of documents where none were written."""
    checked: float | None
    """Share said rightly in the worst cell of fresh texts."""
    table: float
    """Whether it is a table of means."""
    further: float
    """Parts after the first, as n / (1 + n)."""
    long: float
    """Words listed, as n / (20 + n)."""


def probability(features: Features) -> float:
    """That every clause is right and none is missing."""
    if features.checked is not None:
        return from_check(features.checked)
    score = _BASE + _EXPLAINED * features.explained + _AGREED * features.agreed
    score += _TABLE * features.table + _FURTHER * features.further + _LONG * features.long
    return logistic(score)


def from_check(worst: float) -> float:
    """From the share that was said rightly in the worst cell of fresh inputs."""
    worst = min(max(worst, 0.01), 0.99)
    base, slope = _CHECK
    return logistic(base + slope * max(0.0, math.log(worst / (1 - worst))))


def logistic(score: float) -> float:
    """A log-odds as a probability that is never certain."""
    return round(min(0.98, max(0.02, 1 / (1 + math.exp(-score)))), 2)


def confidence_sentence(confidence: float) -> str:
    """What a confidence is the probability of, in a sentence."""
    return (
        f"Confidence {confidence:.2f}: the probability that every clause names the function and "
        "none is missing, not how well the predictor does."
    )
