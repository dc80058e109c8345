"""What a conclusion foretells of texts that were not written to find it, against what was measured.

The texts are stretches of explore in which some words are replaced by words that the conclusion
and its rivals speak of, alone and side by side, so that every condition holds and fails in many
surroundings. Each combination of conditions is a cell, and so are the places where the unit is on:
is it said there, and is it as strong as foretold? A conclusion is as good as its worst cell.
"""

from collections.abc import Sequence

import numpy as np

from .....tools.predicates import parse
from ..findings import PredictiveCheck
from .scanner import Scanner
from .terms import Term
from .texts import MeasuredTexts

_LEAST = 6  # places of a cell
_NEAR = (0.6, 1.6)  # an activation over what was foretold, that is as foretold


def predictive_check(
    scanner: Scanner, parts: Sequence[Term], texts: MeasuredTexts
) -> PredictiveCheck:
    """Compares where terms say that the unit is on with where it is."""
    features, windows, known = scanner.sample.features, texts.windows, texts.known
    on = texts.on(scanner.level.threshold)[known]
    strength = np.zeros(int(known.sum()))
    code = np.zeros(len(strength), np.int64)
    for part in parts:
        strength = np.maximum(strength, parse(part.predicate(features)).evaluate(windows)[known])
        for clause in part.rule.clauses:
            code = 2 * code + (parse(clause.predicate(features)).evaluate(windows)[known] > 0)
    predicted = strength > 0
    cells = [code == value for value in np.unique(code)]
    cells = [cell for cell in cells if cell.sum() >= _LEAST]
    if on.sum() >= _LEAST:
        cells.append(on)
    shares = [(float((predicted == on)[cell].sum()) + 0.5) / (cell.sum() + 1) for cell in cells]
    both = predicted & on
    if both.sum() >= _LEAST:
        ratio = texts.values[known][both] / strength[both]
        ratio = ratio / np.median(ratio)
        near = (ratio > _NEAR[0]) & (ratio < _NEAR[1])
        shares.append((float(near.sum()) + 0.5) / (len(near) + 1))
    usual = max(cells, key=lambda cell: cell.sum(), default=predicted)
    return PredictiveCheck(
        min(shares, default=0.0), int((predicted == on)[~usual].sum()), int((~usual).sum())
    )
