"""The order of a set's values: those first that contribute most to what is to be explained."""

import numpy as np

from .feature_table import TOKEN_AXES, WORD_AXES
from .rules import Clause, Rule
from .splits import Sample


def leading(sample: Sample, clause: Clause, rule: Rule) -> list[int]:
    """The values of a clause, those first that contribute most."""
    board = sample.board
    values = sorted(clause.values)
    if len(values) < 2 or clause.axis in ("flag", "rank", "position"):
        return values
    axis = clause.axis if clause.axis in (*WORD_AXES, *TOKEN_AXES) else "word"
    keys = board.axes[axis]
    region = (sample.weight > 0) & (keys >= 0)
    if axis == clause.axis:
        region &= Rule(tuple(c for c in rule.clauses if c.axis != axis)).mask(board)
    size = board.size(axis)
    mean = sample.totals[1]
    lift = np.bincount(keys[region], sample.target[region] - mean, size)
    many = np.bincount(keys[region], minlength=size)
    strength = lift[values] / np.sqrt(many[values] + 1.0)
    if axis != clause.axis:
        strength = many[values].astype(float)
    elif clause.negated:
        strength = -strength
    return [values[at] for at in np.argsort(-strength, kind="stable")]
