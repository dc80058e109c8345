"""What a conclusion foretells of texts that were not written to find it, against what was measured.

The texts are stretches of explore in which some words are replaced by words that the conclusion
and its rivals speak of, alone and side by side, so that every condition holds and fails in many
surroundings. Each combination of conditions is a cell, and so are the places where the unit is on:
is it said there, and is it as strong as foretold? A conclusion is as good as its worst cell.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .....tools.data.windows import TokenWindows
from .....tools.predicates import parse
from .feature_table import FeatureTable
from .scanner import Scanner
from .terms import Term

_LEAST = 6  # places of a cell
_NEAR = (0.6, 1.6)  # an activation over what was foretold, that is as foretold


class PredictiveCheck(NamedTuple):
    """How often a conclusion was right."""

    worst: float
    """Share of places that were said rightly in the worst cell, half a mistake and half a hit
    added."""
    right: int
    """Places of all cells but the largest that were said rightly."""
    places: int
    """Places of all cells but the largest."""


def foretold(
    scanner: Scanner,
    parts: Sequence[Term],
    board: FeatureTable,
    texts: tuple[TokenWindows, np.ndarray],
) -> PredictiveCheck:
    """Compares where parts, learnt on a board, say that the unit is on with where it is."""
    windows, values = texts
    known = np.isfinite(values)
    on = (np.nan_to_num(values) > scanner.level.threshold)[known]
    strength = np.zeros(int(known.sum()))
    code = np.zeros(len(strength), np.int64)
    for part in parts:
        strength = np.maximum(strength, parse(part.predicate(board)).evaluate(windows)[known])
        for clause in part.rule.clauses:
            code = 2 * code + (parse(clause.predicate(board)).evaluate(windows)[known] > 0)
    said = strength > 0
    cells = [code == value for value in np.unique(code)]
    cells = [cell for cell in cells if cell.sum() >= _LEAST]
    if on.sum() >= _LEAST:
        cells.append(on)
    shares = [(float((said == on)[cell].sum()) + 0.5) / (cell.sum() + 1) for cell in cells]
    both = said & on
    if both.sum() >= _LEAST:
        ratio = values[known][both] / strength[both]
        ratio = ratio / np.median(ratio)
        near = (ratio > _NEAR[0]) & (ratio < _NEAR[1])
        shares.append((float(near.sum()) + 0.5) / (len(near) + 1))
    usual = max(cells, key=lambda cell: cell.sum(), default=said)
    return PredictiveCheck(
        min(shares, default=0.0), int((said == on)[~usual].sum()), int((~usual).sum())
    )
