"""The study of a biased classifier, run and written up: the words are in `spurious.md`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tools.llm.endpoints import public_options
from ..report.plots import INK, OTHER, Bars, Drawing, Intervals, Sheet
from .document import written
from .options import Spurious
from .result import Log, Study
from .spurious import DRAWS, TESTS, OneSeed, measure
from .spurious_choice import RULE, Read
from .spurious_world import CLASSES, GROUNDS, World, world

WAYS = {
    "chosen": "chosen by description",
    "l1": "l1, as many",
    "random": "random, as many",
    "all": "all units",
    "no experiments": "by description, no experiments",
    "l1 balanced": "l1 on balanced data, as many",
}
_LISTED = 30
Accuracy = dict[str, dict[str, dict[str, Any]]]


def study(options: Spurious, log: Log = lambda line: None) -> Study:
    """Runs all seeds."""
    return report(options, measure(options, log))


def report(options: Spurious, results: Sequence[OneSeed]) -> Study:
    """Writes up what came of each seed."""
    first = results[0]
    chosen = [len(one.units["chosen"]) for one in results]
    accuracy: Accuracy = {
        way: {test: over_seeds([one.accuracy[way][test] for one in results]) for test in TESTS}
        for way in WAYS
    }
    shifted = {way: [one.accuracy[way]["shifted"] for one in results] for way in WAYS}
    gaps = {way: _gap(results, way) for way in WAYS if way != "chosen"}
    return written(
        "spurious",
        "spurious.md",
        "a small network trained on biased scenes",
        plots=_plots(options, first.seed, shifted, accuracy),
        data=_data(options, results, accuracy, gaps),
        options=options,
        first=first,
        seeds=[one.seed for one in results],
        settings=list(zip(CLASSES, GROUNDS, strict=True)),
        chosen=chosen,
        rule=RULE,
        minutes=float(np.mean([sum(one.seconds.values()) for one in results])) / 60,
        failed=sum(one.failed for one in results),
        empty=[one.seed for one, n in zip(results, chosen, strict=True) if not n],
        accuracy=accuracy,
        gaps=gaps,
        reversed=_gap(results, "l1", "reversed"),
        wins={
            way: sum(a > b for a, b in zip(shifted["chosen"], values, strict=True))
            for way, values in shifted.items()
        },
        draws=DRAWS,
        chance=1 / len(CLASSES),
        tests=TESTS,
        ways=WAYS,
        sizes={
            way: np.mean([len(one.units.get(way, one.units["chosen"])) for one in results])
            for way in WAYS
        },
        network={test: over_seeds([one.network[test] for one in results]) for test in TESTS},
        units=sorted(first.read, key=lambda r: (not r.chosen, r.with_ground - r.with_class))[
            :_LISTED
        ],
    )


def over_seeds(values: Sequence[float]) -> dict[str, Any]:
    """A mean over seeds with its 95% t interval: `value, low, high, n`."""
    from scipy.stats import sem, t

    n, middle = len(values), float(np.mean(values))
    half = float(t.ppf(0.975, n - 1) * sem(values)) if n > 1 else float("nan")
    return {"value": middle, "low": middle - half, "high": middle + half, "n": n}


def _gap(results: Sequence[OneSeed], way: str, test: str = "shifted") -> dict[str, Any]:
    """How much better the chosen units are than another way's, seed by seed."""
    return over_seeds([one.accuracy["chosen"][test] - one.accuracy[way][test] for one in results])


def _plots(
    options: Spurious, seed: int, shifted: dict[str, list[float]], accuracy: Accuracy
) -> dict[str, Drawing]:
    training = world(options.scenes, own=options.own, seed=seed)
    test = world(options.tested, own=1 / len(GROUNDS), seed=10_000 + seed)
    means = [accuracy[way]["shifted"] if len(of) > 1 else None for way, of in shifted.items()]
    dots = Intervals(
        list(WAYS.values()),
        [Bars(means, colour=[OTHER if way == "chosen" else INK for way in WAYS], offset=-0.05)],
        "accuracy on the shifted test; dashed: chance",
        dots=list(shifted.values()),
        dot_offset=0.18,
        rule=1 / len(CLASSES),
        dashed=True,
        height=(0.2, 0.5),
    )
    return {
        "training scenes": _sheet(training),
        "shifted scenes": _sheet(test),
        "accuracy on the shifted test": dots,
    }


def _sheet(some: World, each: int = 5) -> Sheet:
    pictures = some.pictures()
    rows = [np.flatnonzero(some.classes == row)[:each] for row in range(len(CLASSES))]
    return Sheet([[np.asarray(pictures[int(i)].load()) for i in row] for row in rows], CLASSES)


def _data(
    options: Spurious, results: Sequence[OneSeed], accuracy: Accuracy, gaps: dict[str, Any]
) -> dict[str, Any]:
    def read(some: Sequence[Read]) -> list[dict[str, Any]]:
        return [{**one._asdict(), "chosen": one.chosen} for one in some]

    return {
        "options": public_options(options),
        "rule": RULE,
        "accuracy": accuracy,
        "difference": gaps,
        "seeds": [
            {**one._asdict(), "read": read(one.read), "plain": read(one.plain)} for one in results
        ],
    }
