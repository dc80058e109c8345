"""Which pictures of a class will a classifier get wrong? Described, then drawn and counted.

For each class:

1. Explore: scenes of the class at random; how wrong the classifier is on each (one minus the
   probability of the class) stands where a unit's activation stands, and the built-in search finds
   compositions of image atoms that go with it.
2. Experiments: for each of the best, scenes that fit are drawn, each with a matched control
   that does not fit (`failures_world.py`); then the search again over everything drawn so far.
   The description whose difference in error is surest is kept, if it is surely above 0. Of
   alternatives ("a sea background or a tree") each has to do so where only it holds, or goes.
3. Check, once: fresh scenes that fit, fresh matched controls, accuracy on both. Found is a
   description whose scenes are wrong at least .10 more often than their controls, paired, with the
   interval above 0.

Beside it the same without experiments and with the errors shuffled among the scenes of
exploration. Our formulation of a study of MAIA (Shaham et al. 2024).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ...agent.planners.builtin.pictures.feature_table import build
from ...agent.planners.builtin.pictures.search import search
from ...tools.errors import UsageError
from ...tools.predicates import parse
from ...tools.predicates.core import Predicate
from ...tools.scenes.scene import Scene
from ...tools.statistics.intervals import mean, share
from .failures_world import Classes, Pair
from .result import Study

LEAST = 0.1
"""Difference in error that is called a failure mode."""
_RIVALS = 6
_ROUNDS = 2
_RARE = 12  # pairs that a description needs
_TRIES = 12
Log = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What the study is told."""

    target: str = "biased"
    classes: tuple[str, ...] = ()
    seed: int = 0
    explore: int = 400
    """Scenes of exploration, a class."""
    tried: int = 40
    """Pairs of an experiment."""
    tested: int = 150
    """Pairs of the check."""

    def check(self) -> None:
        """Raises `UsageError` for what cannot be done."""
        if min(self.explore, self.tested) < 40 or self.tried < _RARE:
            raise UsageError(f"give 40 or more scenes to explore and test, {_RARE} to try")


class Tested(NamedTuple):
    """A description on pairs of scenes."""

    pairs: tuple[Pair, ...]
    wrong: np.ndarray
    """bool `[pair]`: fitting scenes that are said wrongly."""
    control: np.ndarray
    """bool `[pair]`."""
    taken_for: tuple[str, ...]
    """What each fitting scene is said to be."""

    def difference(self, seed: int = 0) -> dict[str, Any]:
        """In error, paired, with its interval."""
        return mean(self.wrong.astype(float) - self.control.astype(float), seed=seed)


class Tried(NamedTuple):
    """A description and its experiment."""

    predicate: dict[str, Any]
    english: str
    difference: dict[str, Any]


class OneClass(NamedTuple):
    """What came of a class."""

    name: str
    accuracy: dict[str, Any]
    """On scenes of the class at random, not those of exploration."""
    tried: tuple[Tried, ...]
    """Every description that was experimented with, surest first."""
    english: str | None
    """The description that was kept; None: none was."""
    predicate: dict[str, Any] | None
    check: Tested | None
    coverage: dict[str, Any] | None
    """Share of the errors on scenes at random that it foretells."""
    spread: float | None
    """Share of scenes at random that it fits."""
    shuffled: dict[str, Any] | None
    """Difference in error by a description from shuffled errors; None: it found none."""

    @property
    def found(self) -> bool:
        """See the module."""
        if self.check is None:
            return False
        gap = self.check.difference()
        return gap["low"] > 0 and gap["value"] >= LEAST

    @property
    def fits(self) -> dict[str, Any] | None:
        """Accuracy on scenes that fit."""
        return None if self.check is None else share(~self.check.wrong)

    @property
    def controls(self) -> dict[str, Any] | None:
        """Accuracy on their controls."""
        return None if self.check is None else share(~self.check.control)


def study(classes: Classes, options: Options, log: Log = lambda line: None) -> Study:
    """Runs all classes."""
    from .failures_shown import shown

    options.check()
    found = []
    for name in classes.names:
        found.append(one_class(classes, name, options))
        log(f"{name}: {found[-1].english or 'nothing found'}")
    return shown(classes, options, found)


def one_class(classes: Classes, name: str, options: Options) -> OneClass:
    """Explores, experiments and checks one class."""
    number = classes.labels.index(name)
    rng = np.random.default_rng([options.seed, number, 1])
    scenes = [classes.draw(rng, name) for _ in range(options.explore)]
    badness = 1 - classes.answers(scenes)[:, number]
    tried = _experiments(classes, name, scenes, badness, options, rng)
    fresh = np.random.default_rng([options.seed, number, 2])
    others = [classes.draw(fresh, name) for _ in range(2 * options.tested)]
    wrong = classes.answers(others).argmax(1) != number
    shuffled = _shuffled(classes, name, scenes, badness, options, fresh)
    kept = tried[0] if tried and tried[0].difference["low"] > 0 else None
    if kept is not None:
        kept = _pruned(classes, name, kept, options, rng)
    if kept is None:
        return OneClass(name, share(~wrong), tuple(tried), None, None, None, None, None, shuffled)
    predicate = parse(kept.predicate)
    check = counted(classes, predicate, name, options.tested, fresh)
    said = classes.holds(predicate, others)
    return OneClass(
        name,
        share(~wrong),
        tuple(tried),
        kept.english,
        kept.predicate,
        check,
        share(said[wrong]),
        float(said.mean()),
        shuffled,
    )


def counted(
    classes: Classes,
    predicate: Predicate,
    name: str,
    many: int,
    rng: np.random.Generator,
    *,
    control: Predicate | None = None,
) -> Tested | None:
    """Draws pairs and counts errors; None where fitting scenes are too rare."""
    pairs = classes.fitting(predicate, name, many, rng, tries=_TRIES, control=control)
    if len(pairs) < _RARE:
        return None
    number = classes.labels.index(name)
    answers = classes.answers([scene for pair in pairs for scene in pair[:2]]).argmax(1)
    wrong = (answers != number).reshape(-1, 2)
    said = tuple(classes.labels[int(at)] for at in answers[::2])
    return Tested(tuple(pairs), wrong[:, 0], wrong[:, 1], said)


def _experiments(
    classes: Classes,
    name: str,
    scenes: Sequence[Scene],
    badness: np.ndarray,
    options: Options,
    rng: np.random.Generator,
) -> list[Tried]:
    """Descriptions with their experiments, surest first."""
    number = classes.labels.index(name)
    known, values = list(scenes), badness
    tried: dict[str, Tried] = {}
    for _ in range(_ROUNDS):
        for rival in search(build(known), values, most=_RIVALS):
            predicate = parse(rival.predicate)
            english = predicate.english()
            key = " or ".join(sorted(english.split(" or ")))  # the same in another order
            if key in tried:
                continue
            done = counted(classes, predicate, name, options.tried, rng)
            if done is None:
                continue
            tried[key] = Tried(rival.predicate, english, done.difference())
            drawn = [scene for pair in done.pairs for scene in pair[:2]]
            known += drawn
            values = np.concatenate([values, 1 - classes.answers(drawn)[:, number]])
    return sorted(tried.values(), key=lambda one: -one.difference["low"])


def _pruned(
    classes: Classes, name: str, kept: Tried, options: Options, rng: np.random.Generator
) -> Tried:
    """Without the alternatives that raise no error where only they hold."""
    parts = list(kept.predicate["of"]) if kept.predicate["kind"] == "or" else []
    whole = parse(kept.predicate)
    good = []
    for at, part in enumerate(parts):
        rest = [other for number, other in enumerate(parts) if number != at]
        but = rest[0] if len(rest) == 1 else {"kind": "or", "of": rest}
        alone = parse({"kind": "except", "of": part, "but": but})
        done = counted(classes, alone, name, options.tried, rng, control=whole)
        if done is not None and done.difference()["low"] > 0:
            good.append(part)
    if not good or len(good) == len(parts):
        return kept
    predicate = good[0] if len(good) == 1 else {"kind": "or", "of": good}
    done = counted(classes, parse(predicate), name, options.tried, rng)
    if done is None:
        return kept
    return Tried(predicate, parse(predicate).english(), done.difference())


def _shuffled(
    classes: Classes,
    name: str,
    scenes: Sequence[Scene],
    badness: np.ndarray,
    options: Options,
    rng: np.random.Generator,
) -> dict[str, Any] | None:
    """The difference in error by the best description of shuffled errors, on fresh pairs."""
    found = search(build(scenes), rng.permutation(badness), most=1)
    if not found:
        return None
    done = counted(classes, parse(found[0].predicate), name, options.tested // 2, rng)
    return None if done is None else done.difference()
