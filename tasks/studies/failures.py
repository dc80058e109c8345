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
    rng = np.random.default_rng([options.seed, classes.labels.index(name), 1])
    explored = _Explored(classes, name, options, rng)
    tried = explored.experiments()
    fresh = np.random.default_rng([options.seed, explored.number, 2])
    others = [classes.draw(fresh, name) for _ in range(2 * options.tested)]
    wrong = classes.answers(others).argmax(1) != explored.number
    accuracy = share(~wrong)
    shuffled = explored.shuffled(fresh)
    if not tried or tried[0].difference["low"] <= 0:
        return OneClass(name, accuracy, tuple(tried), None, None, None, None, shuffled)
    kept = explored.pruned(tried[0])
    predicate = parse(kept.predicate)
    check = explored.errors(predicate, options.tested, fresh)
    holds = classes.holds(predicate, others)
    coverage, spread = share(holds[wrong]), float(holds.mean())
    return OneClass(name, accuracy, tuple(tried), kept, check, coverage, spread, shuffled)


class _Explored:
    """Scenes of a class at random, and how wrong the classifier is on each."""

    def __init__(
        self, classes: Classes, name: str, options: Failures, rng: np.random.Generator
    ) -> None:
        self.classes, self.name, self.options, self.rng = classes, name, options, rng
        self.number = classes.labels.index(name)
        self.scenes = [classes.draw(rng, name) for _ in range(options.explore)]
        self.badness = self._badness(self.scenes)  # [scene]

    def _badness(self, scenes: Sequence[Scene]) -> np.ndarray:
        return 1 - self.classes.answers(scenes)[:, self.number]

    def errors(
        self,
        predicate: Predicate,
        n: int,
        rng: np.random.Generator,
        *,
        control: Predicate | None = None,
    ) -> PairErrors | None:
        """Draws pairs and counts errors; None where fitting scenes are too rare."""
        classes = self.classes
        pairs = classes.fitting(predicate, self.name, n, rng, tries=_TRIES, control=control)
        if len(pairs) < LEAST_PAIRS:
            return None
        answers = classes.answers([scene for pair in pairs for scene in pair[:2]]).argmax(1)
        wrong = (answers != self.number).reshape(-1, 2)
        labels = tuple(classes.labels[int(i)] for i in answers[::2])
        return PairErrors(tuple(pairs), wrong[:, 0], wrong[:, 1], labels)

    def experiments(self) -> list[Tried]:
        """Descriptions with their experiments, surest first."""
        known, values = list(self.scenes), self.badness
        tried: dict[str, Tried] = {}
        for _ in range(_ROUNDS):
            for rival in search(build(known), values, most=_RIVALS):
                predicate = parse(rival.predicate)
                english = predicate.english()
                key = " or ".join(sorted(english.split(" or ")))  # the same in another order
                if key in tried:
                    continue
                errors = self.errors(predicate, self.options.tried, self.rng)
                if errors is None:
                    continue
                tried[key] = Tried(rival.predicate, english, errors.difference)
                drawn = [scene for pair in errors.pairs for scene in pair[:2]]
                known += drawn
                values = np.concatenate([values, self._badness(drawn)])
        return sorted(tried.values(), key=lambda one: -one.difference["low"])

    def pruned(self, kept: Tried) -> Tried:
        """Without the alternatives that raise no error where only they hold."""
        parts = list(kept.predicate["of"]) if kept.predicate["kind"] == "or" else []
        whole, n = parse(kept.predicate), self.options.tried
        good = []
        for part in parts:
            but = _any([p for p in parts if p is not part])
            alone = parse({"kind": "except", "of": part, "but": but})
            errors = self.errors(alone, n, self.rng, control=whole)
            if errors is not None and errors.difference["low"] > 0:
                good.append(part)
        if not good or len(good) == len(parts):
            return kept
        predicate = parse(_any(good))
        errors = self.errors(predicate, n, self.rng)
        if errors is None:
            return kept
        return Tried(_any(good), predicate.english(), errors.difference)

    def shuffled(self, rng: np.random.Generator) -> dict[str, Any] | None:
        """The difference in error by the best description of shuffled errors, on fresh pairs."""
        rivals = search(build(self.scenes), rng.permutation(self.badness), most=1)
        if not rivals:
            return None
        errors = self.errors(parse(rivals[0].predicate), self.options.tested // 2, rng)
        return None if errors is None else errors.difference


def _any(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The alternative of some predicates."""
    return parts[0] if len(parts) == 1 else {"kind": "or", "of": parts}
