"""What a rule foretells of fresh scenes, against what is measured.

Half of the scenes are drawn at random with a thing of the rule in most of them, half are changes of
one attribute in pictures where a case holds. Each case, each exception and "nothing holds" is a
cell; the conclusion is as good as its worst cell. Our formulation.
"""

from collections.abc import Generator
from dataclasses import replace

import numpy as np

from .....tools.evidence import Evidence
from .....tools.predicates import parse
from .....tools.scenes.grammar import sample
from .....tools.scenes.scene import Scene
from ..findings import PredictiveCheck
from ..turns import Calls
from .changes import Trial, added, backgrounds, sweep
from .course import PictureCourse

_POOL = 1500
_EACH = 24  # scenes of a cell
_LEAST = 5


def checked(course: PictureCourse) -> Generator[Calls, list[Evidence], PredictiveCheck | None]:
    """Draws fresh scenes for every cell and compares."""
    pool = _pool(course)
    rows = course.look(pool)
    predicted = course.rule.holds(rows) > 0
    cells: list[np.ndarray] = [np.flatnonzero(~predicted)]
    for case in course.rule.cases:
        holds = parse(case.predicate()).evaluate(rows)[:, 0] > 0
        cells.append(np.flatnonzero(holds))
        for number in range(len(case.but)):
            others = tuple(b for at, b in enumerate(case.but) if at != number)
            wide = parse(replace(case, but=others).whole()).evaluate(rows)[:, 0] > 0
            cells.append(np.flatnonzero(wide & ~predicted))
    chosen = [course.rng.permutation(cell)[:_EACH] for cell in cells if len(cell)]
    flat = np.unique(np.concatenate(chosen)) if chosen else np.zeros(0, int)
    if not len(flat):
        return None
    values = yield from course.draw("Fresh scenes: is it so there?", [pool[int(at)] for at in flat])
    graded = any(case.levels for case in course.rule.cases)
    active = values > (course.weak(1) if graded else course.bar)
    on = dict(zip(flat.tolist(), active.tolist(), strict=True))
    shares = []
    for cell in chosen:
        if len(cell) >= _LEAST:
            hits = sum(on[int(at)] == bool(predicted[at]) for at in cell)
            shares.append((hits + 0.5) / (len(cell) + 1))
    right = sum(on[int(at)] == bool(predicted[at]) for at in flat)
    return PredictiveCheck(min(shares, default=0.0), int(right), len(flat))


def _pool(course: PictureCourse) -> list[Scene]:
    scenes = [sample(course.rng) for _ in range(_POOL)]
    rows = course.look(scenes)
    holds = np.flatnonzero(course.rule.holds(rows) > 0)
    for at in course.rng.permutation(holds)[:8]:
        scene = scenes[int(at)]
        trials: list[Trial] = [*backgrounds(scene), *added(scene, course.rng)]
        for thing in range(len(scene.things)):
            trials += sweep(scene, thing)
        scenes += [trials[int(i)].scene for i in course.rng.permutation(len(trials))[:60]]
    known = course.known
    return [scene for scene in scenes if scene.model_dump_json() not in known]
