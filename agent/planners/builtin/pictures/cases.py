"""From a core to a case: what may be changed in it, and what switches it off.

Every change is drawn twice, with other accidents; where the two disagree, three times more.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .....tools.evidence import Evidence
from .....tools.predicates import parse
from .....tools.scenes.scene import Scene, Thing
from ..turns import Calls
from .changes import (
    MOST_COPIES,
    SubScene,
    Trial,
    added,
    backgrounds,
    beside,
    copies,
    sweep,
    varied,
)
from .course import PictureCourse
from .levels import levels_of
from .rules import SceneCase
from .spec import Spec, own_values, spec_of
from .vocabulary import BACKGROUNDS

_TWICE, _MORE = 2, 3
_ALL = 0.8  # share of additions that switch off, from which the number of things is limited
_MOST_BUT = 4
_LEAST = 4  # pictures of explore that decide
_MOSTLY = 0.75
Step = Generator[Calls, list[Evidence], dict[tuple[Any, ...], float]]


class Cases:
    """The case around one core."""

    def __init__(self, course: PictureCourse, core: SubScene) -> None:
        self.course, self.core = course, core
        self.scene = core.scene
        self.strength: dict[tuple[Any, ...], float] = {}
        """Mean activation by what was changed."""

    def found(self) -> Generator[Calls, list[Evidence], SceneCase | None]:
        """The case; None where the core does not stay on when it is drawn again."""
        scene = self.scene
        again = yield from self._tried("Is it on again?", [Trial(("again",), scene)] * 3)
        if again[("again",)] < 0.5:
            return None
        count = len(scene.things)
        swept = [0] if self.core.copies else list(range(count))
        trials = [trial for at in swept for trial in sweep(scene, at)]
        trials += backgrounds(scene)
        on = yield from self._tried("What in it may change?", trials)
        specs = tuple(self._spec(on, at) for at in swept)
        grounds, colours, off, shades = self._backgrounds(on)
        least, most = 1, None
        if self.core.copies:
            least = self.core.things
        if self.core.copies or count == 1:
            most = yield from self._limit(scene.things[0], least)
        but, words, full = yield from self._suppressors(specs, limited=most is not None)
        if off:
            but.append({"kind": "background", "names": list(off)})
            words.append(f"{' or '.join(off)} backgrounds")
        if shades:
            but.append({"kind": "background", "colours": list(shades)})
            words.append(f"plain {' or '.join(shades)} backgrounds")
        if full:
            most = max(count, least)
        specs = tuple(_plainer(spec, but) for spec in specs)
        case = SceneCase(
            things=specs,
            at_least=least,
            at_most=most,
            backgrounds=grounds,
            colours=colours,
            but=tuple(but),
            but_words=tuple(words),
        )
        return levels_of(self.course, case, self.strength, swept)

    def _tried(self, why: str, trials: Sequence[Trial]) -> Step:
        """The share of drawings of each change that left the unit on."""
        course = self.course
        values: dict[tuple[Any, ...], list[float]] = {}
        yield from self._measure(why, trials, _TWICE, values)
        unsure = [trial for trial in trials if self._unsure(values[trial.what])]
        if unsure:
            yield from self._measure("Once more where it is not clear.", unsure, _MORE, values)
        shares: dict[tuple[Any, ...], float] = {}
        for what, some in values.items():
            mean = self.strength[what] = float(np.nanmean(some))
            share = float(np.mean(course.on(some)))
            shares[what] = 1.0 if share == 0 and mean > course.weak(len(some)) else share
        return shares

    def _unsure(self, values: Sequence[float]) -> bool:
        """Whether drawings disagree, or may be weakly on."""
        share = float(np.mean(self.course.on(values)))
        weak = float(np.nanmean(values)) > self.course.weak(len(values))
        return 0 < share < 1 or (share == 0 and weak)

    def _measure(
        self,
        why: str,
        trials: Sequence[Trial],
        times: int,
        into: dict[tuple[Any, ...], list[float]],
    ) -> Generator[Calls, list[Evidence], None]:
        scenes = [varied(trial.scene, self.course.rng) for trial in trials for _ in range(times)]
        found = yield from self.course.draw(why, scenes)
        for number, trial in enumerate(trials):
            some = found[number * times : (number + 1) * times]
            into.setdefault(trial.what, []).extend(float(value) for value in some)

    def _spec(self, on: dict[tuple[Any, ...], float], at: int) -> Spec:
        return spec_of(_by_attribute(on, at), own=own_values(self.scene.things[at]))

    def _backgrounds(self, on: dict[tuple[Any, ...], float]) -> tuple[tuple[str, ...], ...]:
        """Settings and plain colours that it needs; settings and plain colours that hinder it."""
        settings = {n: on[("background", n)] >= 0.5 for n in BACKGROUNDS}
        grounds = {str(w[1]): s >= 0.5 for w, s in on.items() if w[0] == "ground"}
        good = tuple(name for name, yes in settings.items() if yes)
        plain = tuple(colour for colour, yes in grounds.items() if yes)
        bad = tuple(name for name, yes in settings.items() if not yes)
        if not self.core.ground and len(plain) >= 0.5 * len(grounds):
            hinder = tuple(colour for colour, yes in grounds.items() if not yes)
            return (
                (),
                (),
                bad,
                hinder,
            )  # it does without a setting: those that hinder are exceptions
        if len(good) == len(settings) and len(plain) == len(grounds):
            return (), (), (), ()
        return good, plain, (), ()

    def _limit(self, thing: Thing, least: int) -> Generator[Calls, list[Evidence], int | None]:
        """The largest number of such things that leaves it on; None where there is no limit."""
        numbers = range(least, MOST_COPIES + 2)
        trials = [Trial(("copies", n), copies(thing, n)) for n in numbers]
        on = yield from self._tried("Does the number matter?", trials)
        shares = [on[("copies", n)] >= 0.5 for n in numbers]
        if not shares[0] or all(shares):
            return None
        first = shares.index(False)
        return None if any(shares[first:]) else least + first - 1

    def _suppressors(
        self, specs: Sequence[Spec], *, limited: bool
    ) -> Generator[Calls, list[Evidence], tuple[list[dict[str, Any]], list[str], bool]]:
        """What switches the unit off when it is added; whether nearly anything does."""
        trials = added(self.scene, self.course.rng)
        trials += self._barred(specs)
        if not trials:
            return [], [], False
        on = yield from self._tried("Does something beside it switch it off?", trials)
        off = [trial for trial in trials if on[trial.what] < 0.5]
        if limited:  # one more of its own kind switches it off, which the limit says
            off = [t for t in off if not any(s.fits(t.scene.things[-1]) for s in specs)]
        if len(off) >= _ALL * len(trials):
            return [], [], True
        but: list[dict[str, Any]] = []
        words: list[str] = []
        found: list[Spec] = []
        for trial in off:
            thing = trial.scene.things[-1]
            if len(found) >= _MOST_BUT or any(spec.fits(thing) for spec in found):
                continue
            spec = yield from self._suppressor(trial.scene)
            if spec is None or spec.free:
                continue
            predicate = spec.predicate()
            if predicate is not None:
                found.append(spec)
                but.append(predicate)
                words.append(spec.words())
        return but, words, False

    def _barred(self, specs: Sequence[Spec]) -> list[Trial]:
        """Things that differ from the core's in an attribute that it must not have, beside it."""
        out: list[Trial] = []
        for at, spec in enumerate(specs):
            for attribute, values in spec.barred.items():
                for value in values:
                    thing = self.scene.things[at].model_copy(update={attribute: value})
                    scene = beside(self.scene, thing)
                    if scene is not None:
                        out.append(Trial(("add", attribute, value), scene))
        return out

    def _suppressor(self, scene: Scene) -> Generator[Calls, list[Evidence], Spec | None]:
        """The kind of thing, last in the scene, that switches the unit off."""
        at = len(scene.things) - 1
        trials = [t for t in sweep(scene, at) if t.what[1] in ("name", "colour", "texture")]
        on = yield from self._tried("What kind of thing switches it off?", trials)
        by = _by_attribute({what: 1 - share for what, share in on.items()}, at)
        own = own_values(scene.things[at])
        if any(by[a][own[a]] < 0.5 for a in by if own[a] in by[a]):
            return None  # it does not switch it off again
        return spec_of(by, own=own)


def _by_attribute(on: dict[tuple[Any, ...], float], at: int) -> dict[str, dict[str, float]]:
    """The shares of the trials with one thing, by attribute and value."""
    by: dict[str, dict[str, float]] = {}
    for what, share in on.items():
        if len(what) == 3 and what[0] == at:
            by.setdefault(str(what[1]), {})[str(what[2])] = share
    return by


def _plainer(spec: Spec, but: Sequence[dict[str, Any]]) -> Spec:
    """The kind of thing without what the exceptions say already."""
    named = {value for one in but for value in _values_of(one)}
    barred = {a: values for a, values in spec.barred.items() if not set(values) <= named}
    return Spec(spec.allowed, barred)


def _values_of(predicate: dict[str, Any]) -> Sequence[str]:
    """What an exception names."""
    parts = predicate["of"] if predicate["kind"] == "thing" else [predicate]
    return [v for part in parts for v in part.get("names", part.get("colours", ()))]


def relaxed(course: PictureCourse, case: SceneCase) -> SceneCase:
    """The case without conditions that explore contradicts.

    A condition was learnt from drawings around one core, where an accident of that core may have
    decided. Where the case holds only without it, and the unit is mostly on there all the same, on
    pictures of explore that were not drawn for it, the condition goes. Our formulation.
    """
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
