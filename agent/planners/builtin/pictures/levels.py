"""How strong a unit is within a case: by one attribute, or by how many things there are.

The attribute whose values explain most of the spread of activations gives the levels, where the
spread is large and not noise. Our formulation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from .course import PictureCourse
from .rules import SceneCase

_SPREAD = 1.35  # strongest over weakest value, from which strengths differ
_GAP = 0.14  # of full strength, between two levels
_MOST = 4
_DRAWS = 2  # of each value, at least


def levels_of(
    course: PictureCourse,
    case: SceneCase,
    strength: Mapping[tuple[Any, ...], float],
    swept: Sequence[int],
) -> SceneCase:
    """The case with levels, where its strength depends on something."""
    best: tuple[float, tuple[tuple[SceneCase, float], ...]] = (0.0, ())
    for at in swept[:1]:
        for attribute in ("size", "colour", "texture", "name"):
            values = {
                str(what[2]): value
                for what, value in strength.items()
                if len(what) == 3 and what[:2] == (at, attribute) and value > course.weak(_DRAWS)
            }
            levels = _levels(course, values)
            if len(levels) < 2:
                continue
            spread = levels[0][1] - levels[-1][1]
            if spread > best[0]:
                first, *rest = case.things
                narrow = [
                    (replace(first, allowed={**first.allowed, attribute: tuple(names)}), level)
                    for names, level in levels
                ]
                graded = tuple((replace(case, things=(one, *rest)), v) for one, v in narrow)
                best = (spread, graded)
    counts = {
        int(what[1]): value
        for what, value in strength.items()
        if what[0] == "copies" and value > course.bar
    }
    if len(counts) > 1 and case.things:
        top = max(counts.values()) - course.low
        shares = {n: (value - course.low) / top for n, value in sorted(counts.items())}
        rising = list(shares.values())
        if rising[0] < 1 / _SPREAD and all(b > a - _GAP / 2 for a, b in pairwise(rising)):
            graded = tuple(
                (replace(case, at_least=n), round(float(share), 2)) for n, share in shares.items()
            )
            if 1 - rising[0] > best[0]:
                best = (1 - rising[0], graded)
    return replace(case, levels=best[1]) if best[1] else case


def _levels(course: PictureCourse, values: Mapping[str, float]) -> list[tuple[list[str], float]]:
    """Values grouped where there are gaps between their strengths, strongest first."""
    if len(values) < 2:
        return []
    shares = {name: (value - course.low) for name, value in values.items()}
    top = max(shares.values())
    order = sorted(shares, key=lambda name: -shares[name])
    if top <= 0 or shares[order[0]] < _SPREAD * shares[order[-1]]:
        return []
    groups: list[list[str]] = [[order[0]]]
    for before, name in pairwise(order):
        if (shares[before] - shares[name]) / top > _GAP:
            groups.append([])
        groups[-1].append(name)
    if not 2 <= len(groups) <= _MOST:
        return []
    return [
        (group, round(float(np.mean([shares[name] for name in group])) / top, 2))
        for group in groups
    ]
