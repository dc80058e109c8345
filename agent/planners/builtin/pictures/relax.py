"""Conditions of a case that explore contradicts are dropped.

A condition was learnt from drawings around one core, where an accident of that core may have
decided. Where the case holds only without the condition, and the unit is mostly on there all the
same, on pictures of explore that were not drawn for it, the condition goes. Our formulation.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from .....tools.predicates import parse
from .course import PictureCourse
from .rules import SceneCase
from .spec import Spec

_LEAST = 4  # pictures of explore that decide
_MOSTLY = 0.75


def relaxed(course: PictureCourse, case: SceneCase) -> SceneCase:
    """The case without conditions that explore contradicts."""
    rows = course.inputs
    on = course.on(course.values)

    def holds(one: SceneCase) -> np.ndarray:
        return parse(one.whole()).evaluate(rows)[:, 0] > 0

    changed = True
    while changed:
        changed = False
        now = holds(case)
        for wider in _wider(case):
            more = holds(wider) & ~now & np.isfinite(course.values)
            if more.sum() >= _LEAST and on[more].mean() >= _MOSTLY:
                case, changed = wider, True
                break
    return case


def _wider(case: SceneCase) -> Iterator[SceneCase]:
    """The case without one exception, or without one attribute of one of its things."""
    for at in range(len(case.but)):
        but = tuple(one for number, one in enumerate(case.but) if number != at)
        words = tuple(one for number, one in enumerate(case.but_words) if number != at)
        yield replace(case, but=but, but_words=words, levels=())
    for at, spec in enumerate(case.things):
        for attribute in spec.barred:
            left = {a: v for a, v in spec.barred.items() if a != attribute}
            yield _with(case, at, Spec(spec.allowed, left))
        if len(spec.allowed) > 1 or case.at_least > 1:
            for attribute in spec.allowed:
                left = {a: v for a, v in spec.allowed.items() if a != attribute}
                yield _with(case, at, Spec(left, spec.barred))


def _with(case: SceneCase, at: int, spec: Spec) -> SceneCase:
    things = tuple(spec if number == at else one for number, one in enumerate(case.things))
    return replace(case, things=things, levels=())
