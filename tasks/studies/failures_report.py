"""The study of failures, run and written up: the words are in `failures.md`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..report.plots import INK, OTHER, SOFT, Bars, Drawing, Intervals, Sheet
from .document import written
from .failures import LEAST, OneClass, measure
from .failures_world import Classes
from .options import Failures
from .result import Log, Study

_EXAMPLES = 4  # classes with pictures
_PAIRS = 5  # of a class


def study(classes: Classes, options: Failures, log: Log = lambda line: None) -> Study:
    """Runs all classes."""
    return report(classes, options, measure(classes, options, log))


def report(classes: Classes, options: Failures, results: Sequence[OneClass]) -> Study:
    """Writes up what came of each class."""
    shown = [one for one in results if one.found][:_EXAMPLES]
    plots: dict[str, Drawing] = {f"{one.name} pairs": _sheet(classes, one) for one in shown}
    return written(
        "failures",
        "failures.md",
        classes.target.name,
        plots={"accuracy": _accuracy(results), **plots},
        data={"options": asdict(options), "classes": [_class_data(one) for one in results]},
        results=results,
        options=options,
        known=[one.shuffled["value"] for one in results if one.shuffled is not None],
        confusions=_confusions,
        shown=shown,
        least=LEAST,
    )


def _accuracy(results: Sequence[OneClass]) -> Intervals:
    bars = (
        ("at random", [one.accuracy for one in results], SOFT, 0.22),
        ("fits", [one.fits for one in results], OTHER, -0.16),
        ("matched", [one.controls for one in results], INK, 0.03),
    )
    return Intervals(
        [one.name for one in results],
        [Bars(values, label, colour, offset) for label, values, colour, offset in bars],
        "accuracy",
        limits=(-0.02, 1.02),
        height=(1.1, 0.46),
    )


def _confusions(one: OneClass) -> "Counter[str]":
    """What the fitting scenes that are misclassified are taken for."""
    if one.check is None:
        return Counter()
    answers = zip(one.check.answers, one.check.wrong, strict=True)
    return Counter(name for name, wrong in answers if wrong)


def _sheet(classes: Classes, one: OneClass) -> Sheet:
    assert one.check is not None
    pairs = one.check.pairs[:_PAIRS]
    scenes = [[pair.fits for pair in pairs], [pair.control for pair in pairs]]
    below = [classes.labels[int(i)] for i in classes.answers(scenes[1]).argmax(1)]
    return Sheet(
        [[np.asarray(p.load()) for p in classes.rows(row).pictures] for row in scenes],
        ("fits", "matched"),
        [
            [(name, "#2b8a3e" if name == one.name else OTHER) for name in names]
            for names in (one.check.answers[:_PAIRS], below)
        ],
        (1.15 * len(pairs), 2.9),
    )


def _class_data(one: OneClass) -> dict[str, Any]:
    pairs = () if one.check is None else one.check.pairs
    return {
        "class": one.name,
        "found": one.found,
        "description": one.kept and one.kept.english,
        "predictor": one.kept and one.kept.predicate,
        "accuracy": one.accuracy,
        "fits": one.fits,
        "matched": one.controls,
        "more_errors": one.check and one.check.difference,
        "coverage": one.coverage,
        "spread": one.spread,
        "shuffled": one.shuffled,
        "taken_for": dict(_confusions(one)),
        "changed": dict(Counter(" and ".join(pair.changed) for pair in pairs)),
        "tried": [tried._asdict() for tried in one.tried],
    }
