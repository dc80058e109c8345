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

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...agent.planners.builtin.pictures.feature_table import build
from ...agent.planners.builtin.pictures.search import search
from ...tools.predicates import parse
from ...tools.predicates.core import Predicate
from ...tools.scenes.scene import Scene
from ...tools.statistics.intervals import mean, share
from .failures_world import Classes, Pair
from .options import LEAST_PAIRS, Failures
from .result import Log

LEAST = 0.1
"""Difference in error that is called a failure mode."""
_RIVALS = 6
_ROUNDS = 2
_TRIES = 12


class PairErrors(NamedTuple):
    """A description on pairs of scenes."""

    pairs: tuple[Pair, ...]
    wrong: np.ndarray
    """bool `[pair]`: fitting scenes that are misclassified."""
    control: np.ndarray
    """bool `[pair]`."""
    answers: tuple[str, ...]
    """The classifier's answer to each fitting scene."""

    @property
    def difference(self) -> dict[str, Any]:
        """In error, paired, with its interval."""
        return mean(self.wrong.astype(float) - self.control.astype(float))


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
    kept: Tried | None
    """The description that is checked; None: none was."""
    check: PairErrors | None
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
        gap = self.check.difference
        return gap["low"] > 0 and gap["value"] >= LEAST

    @property
    def fits(self) -> dict[str, Any] | None:
        """Accuracy on scenes that fit."""
        return None if self.check is None else share(~self.check.wrong)

    @property
    def controls(self) -> dict[str, Any] | None:
        """Accuracy on their controls."""
        return None if self.check is None else share(~self.check.control)


def measure(classes: Classes, options: Failures, log: Log = lambda line: None) -> list[OneClass]:
    """All classes."""
    options.check()
    out = []
    for name in classes.names:
        out.append(one_class(classes, name, options))
        kept = out[-1].kept
        log(f"{name}: {kept.english if kept else 'nothing found'}")
    return out


def one_class(classes: Classes, name: str, options: Failures) -> OneClass:
    """Explores, experiments and checks one class."""
    number = classes.labels.index(name)
    rng = np.random.default_rng([options.seed, number, 1])
    scenes = [classes.draw(rng, name) for _ in range(options.explore)]
    badness = 1 - classes.answers(scenes)[:, number]
    tried = _experiments(classes, name, scenes, badness, options, rng)
    fresh = np.random.default_rng([options.seed, number, 2])
    others = [classes.draw(fresh, name) for _ in range(2 * options.tested)]
    wrong = classes.answers(others).argmax(1) != number
    accuracy = share(~wrong)
    shuffled = _shuffled(classes, name, scenes, badness, options, fresh)
    if not tried or tried[0].difference["low"] <= 0:
        return OneClass(name, accuracy, tuple(tried), None, None, None, None, shuffled)
    kept = _pruned(classes, name, tried[0], options, rng)
    predicate = parse(kept.predicate)
    check = pair_errors(classes, predicate, name, options.tested, fresh)
    holds = classes.holds(predicate, others)
    coverage, spread = share(holds[wrong]), float(holds.mean())
    return OneClass(name, accuracy, tuple(tried), kept, check, coverage, spread, shuffled)


def pair_errors(
    classes: Classes,
    predicate: Predicate,
    name: str,
    n: int,
    rng: np.random.Generator,
    *,
    control: Predicate | None = None,
) -> PairErrors | None:
    """Draws pairs and counts errors; None where fitting scenes are too rare."""
    pairs = classes.fitting(predicate, name, n, rng, tries=_TRIES, control=control)
    if len(pairs) < LEAST_PAIRS:
        return None
    answers = classes.answers([scene for pair in pairs for scene in pair[:2]]).argmax(1)
    wrong = (answers != classes.labels.index(name)).reshape(-1, 2)
    labels = tuple(classes.labels[int(i)] for i in answers[::2])
    return PairErrors(tuple(pairs), wrong[:, 0], wrong[:, 1], labels)


def _experiments(
    classes: Classes,
    name: str,
    scenes: Sequence[Scene],
    badness: np.ndarray,
    options: Failures,
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
            errors = pair_errors(classes, predicate, name, options.tried, rng)
            if errors is None:
                continue
            tried[key] = Tried(rival.predicate, english, errors.difference)
            drawn = [scene for pair in errors.pairs for scene in pair[:2]]
            known += drawn
            values = np.concatenate([values, 1 - classes.answers(drawn)[:, number]])
    return sorted(tried.values(), key=lambda one: -one.difference["low"])


def _pruned(
    classes: Classes, name: str, kept: Tried, options: Failures, rng: np.random.Generator
) -> Tried:
    """Without the alternatives that raise no error where only they hold."""
    parts = list(kept.predicate["of"]) if kept.predicate["kind"] == "or" else []
    whole = parse(kept.predicate)
    good = []
    for part in parts:
        alone = parse(
            {"kind": "except", "of": part, "but": _any([p for p in parts if p is not part])}
        )
        errors = pair_errors(classes, alone, name, options.tried, rng, control=whole)
        if errors is not None and errors.difference["low"] > 0:
            good.append(part)
    if not good or len(good) == len(parts):
        return kept
    predicate = parse(_any(good))
    errors = pair_errors(classes, predicate, name, options.tried, rng)
    if errors is None:
        return kept
    return Tried(_any(good), predicate.english(), errors.difference)


def _any(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The alternative of some predicates."""
    return parts[0] if len(parts) == 1 else {"kind": "or", "of": parts}


def _shuffled(
    classes: Classes,
    name: str,
    scenes: Sequence[Scene],
    badness: np.ndarray,
    options: Failures,
    rng: np.random.Generator,
) -> dict[str, Any] | None:
    """The difference in error by the best description of shuffled errors, on fresh pairs."""
    rivals = search(build(scenes), rng.permutation(badness), most=1)
    if not rivals:
        return None
    predicate = parse(rivals[0].predicate)
    errors = pair_errors(classes, predicate, name, options.tested // 2, rng)
    return None if errors is None else errors.difference
