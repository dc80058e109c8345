"""A model of explore and of written texts together."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .....tools.data.windows import TokenWindows
from .....tools.predicates import parse
from .feature_table import FeatureTable
from .join import join, joined_values
from .model import CrossFit, fit_model, relearnt
from .rules import Rule
from .search import halves
from .splits import Sample
from .terms import Level, Term


def again(
    sample: Sample,
    parts: Sequence[Term],
    column: np.ndarray,
    windows: TokenWindows,
    values: np.ndarray,
    built: Callable[[TokenWindows], FeatureTable],
) -> tuple[Sample, list[Term], float] | None:
    """A new model, if it is better on the written texts and no worse on explore.

    Args:
        sample: Explore.
        parts: The model so far.
        column: The unit over explore, `[window, place]`.
        windows: The written texts.
        values: The unit over them, NaN where there is no place.
        built: Makes boards.
    """
    explore = sample.board.windows
    both = join(explore, windows)
    board = built(both)
    joined = joined_values(column, values)
    known = np.isfinite(joined) & both.counted
    target = np.where(known, joined, 0.0).ravel().astype(np.float64)
    whole = Sample(board, target, known.ravel().astype(np.float64))
    written = np.repeat(both.document >= len(explore.texts), board.shape[1])
    model = fit_model(whole, both=written)
    if not model.parts or model.parts[0].table:
        return None
    new = _simpler(whole, written, relearnt(whole, model.parts))
    ours = [parse(part.predicate(sample.board)) for part in parts]
    theirs = [parse(part.predicate(board)) for part in new]
    if explained(whole, written, theirs) < explained(whole, written, ours) + 0.02:
        return None
    _, check = halves(board)
    now = explained(whole, check & ~written, theirs)
    if now < 0.97 * explained(whole, check & ~written, ours):
        return None
    return whole, new, now


def _simpler(sample: Sample, region: np.ndarray, parts: list[Term]) -> list[Term]:
    """The parts without the conditions that written texts hardly ask for.

    Variants of one text share its other words, which no condition should be made of.
    """
    for number, part in enumerate(parts):
        for clause in part.rule.clauses[1:]:
            kept = [parse(p.predicate(sample.board)) for p in parts]
            less = replace(
                part,
                levels=tuple(
                    Level(Rule(tuple(c for c in rule.clauses if c != clause)), value)
                    for rule, value in part.levels
                ),
            )
            tried = [*parts[:number], less, *parts[number + 1 :]]
            dropped = [parse(p.predicate(sample.board)) for p in tried]
            everywhere = sample.weight > 0
            loss = explained(sample, region, kept) - explained(sample, region, dropped)
            whole = explained(sample, everywhere, kept) - explained(sample, everywhere, dropped)
            if loss < 0.015 and whole < 0.01:
                parts, part = tried, less
    return parts


def explained(sample: Sample, region: np.ndarray, predicates: Sequence[Any]) -> float:
    """Share of a region's variance that predicates explain, with weights from the whole sample."""
    judge = CrossFit(sample, sample.weight > 0, region)
    columns = [p.evaluate(sample.board.windows).ravel().astype(np.float64) for p in predicates]
    return judge.explained(columns)
