"""The study of a biased classifier, run and written up: sentences, tables, plots, numbers."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...tools.llm.endpoints import public_options
from ..report.plots import INK, OTHER, Bars, Intervals, Sheet
from ..report.tables import number
from .formatting import with_interval
from .options import Spurious
from .result import Log, Plot, Section, Sentence, Study, Table
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
_LETTERS = 120  # of a description


def study(options: Spurious, log: Log = lambda line: None) -> Study:
    """Runs all seeds."""
    return report(options, measure(options, log))


def report(options: Spurious, results: Sequence[OneSeed]) -> Study:
    """Writes up what came of each seed."""
    minutes = float(np.mean([sum(one.seconds.values()) for one in results])) / 60
    first = results[0]
    facts = {
        "networks": f"{len(results)}, seeds {', '.join(str(one.seed) for one in results)}",
        "training scenes": f"{options.scenes}, {options.own:.0%} in the setting of their class",
        "classes": ", ".join(f"{c} ({g})" for c, g in zip(CLASSES, GROUNDS, strict=True)),
        "planner": f"{options.planner}, {options.explore} training pictures without their classes",
        "units": f"{len(first.read)} of the last layer; chosen: "
        + ", ".join(str(len(one.units["chosen"])) for one in results),
        "rule": RULE,
        "minutes of one seed": number(minutes, 1),
    }
    return Study(
        "spurious",
        "A classifier that looks at the setting",
        "Do descriptions tell which units of a biased classifier follow the object, well enough to "
        "mend it without any balanced data?",
        "a small network trained on biased scenes",
        facts,
        (_world(options, first.seed), _accuracy(results), _units(first)),
        _notes(results),
        _data(options, results),
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


def _sentences(results: Sequence[OneSeed]) -> Iterator[Sentence]:
    def mean(way: str, test: str = "shifted") -> str:
        return with_interval(over_seeds([one.accuracy[way][test] for one in results]))

    seeds = f"{len(results)} seed{'s' if len(results) > 1 else ''}"
    for way, what in (
        ("l1", "as many units by an l1 penalty on the same data"),
        ("random", f"as many units at random (mean of {DRAWS} draws)"),
        ("all", "all units"),
    ):
        gap = _gap(results, way)
        better = gap["low"] > 0
        verb = "beat" if better else "are not clearly better than"
        wins = sum(o.accuracy["chosen"]["shifted"] > o.accuracy[way]["shifted"] for o in results)
        yield Sentence(
            f"Units chosen by description {verb} {what} where settings say nothing: "
            f"{mean('chosen')} against {mean(way)}; difference {with_interval(gap)} over {seeds}, "
            f"better in {wins}.",
            better,
        )
    gap = _gap(results, "l1", "reversed")
    yield Sentence(
        f"Where settings mislead, the chosen units reach {mean('chosen', 'reversed')}, the l1 "
        f"selection {mean('l1', 'reversed')}; difference {with_interval(gap)}.",
        gap["low"] > 0,
    )
    yield Sentence(
        f"With balanced data, which the choice did without, an l1 selection of as many units "
        f"reaches {mean('l1 balanced')}; chance is {number(1 / len(CLASSES))}. On scenes as in "
        f"training the chosen units reach {mean('chosen', 'biased')}, all units "
        f"{mean('all', 'biased')}."
    )
    gap = _gap(results, "no experiments")
    better = gap["low"] > 0
    start = (
        "The planner's experiments help the choice"
        if better
        else "That the planner's experiments help the choice is not shown"
    )
    yield Sentence(
        f"{start}: the same rule on descriptions from the training pictures alone gives "
        f"{mean('no experiments')}; difference {with_interval(gap)}.",
        better,
    )


def _notes(results: Sequence[OneSeed]) -> list[str]:
    notes = ["Intervals are over seeds (t), each with scenes, network and planner of its own."]
    failed = sum(one.failed for one in results)
    if failed:
        notes.append(f"{failed} investigations failed; their units were not chosen.")
    empty = [str(one.seed) for one in results if not one.units["chosen"]]
    if empty:
        notes.append(
            f"No unit was chosen for seed {', '.join(empty)}: counted as always the first class."
        )
    if len(results) < 2:
        notes.append("One seed has no interval; nothing is called found.")
    return notes


def _world(options: Spurious, seed: int) -> Section:
    training = world(options.scenes, own=options.own, seed=seed)
    test = world(options.tested, own=1 / len(GROUNDS), seed=10_000 + seed)
    return Section(
        "The world",
        f"In training, {options.own:.0%} of the animals stand in the setting of their class; in "
        "the shifted test any animal stands in any setting. Colour, texture, size, place and up "
        "to two other things are drawn at random.",
        plots=[
            Plot("training scenes", _sheet(training), "Training scenes, by class."),
            Plot("shifted scenes", _sheet(test), "Scenes of the shifted test."),
        ],
    )


def _sheet(some: World, each: int = 5) -> Sheet:
    pictures = some.pictures()
    rows = [np.flatnonzero(some.classes == row)[:each] for row in range(len(CLASSES))]
    return Sheet([[np.asarray(pictures[int(i)].load()) for i in row] for row in rows], CLASSES)


def _accuracy(results: Sequence[OneSeed]) -> Section:
    def cell(values: Sequence[float]) -> str:
        return with_interval(over_seeds(values))

    rows = []
    for way, name in WAYS.items():
        sizes = [len(one.units.get(way, one.units["chosen"])) for one in results]
        cells = (cell([one.accuracy[way][test] for one in results]) for test in TESTS)
        rows.append((name, f"{np.mean(sizes):.1f}", *cells))
    own = (cell([one.network[test] for one in results]) for test in TESTS)
    rows.append(("the network's own head", str(len(results[0].read)), *own))
    shifted = [[one.accuracy[way]["shifted"] for one in results] for way in WAYS]
    means = [over_seeds(values) if len(values) > 1 else None for values in shifted]
    dots = Intervals(
        list(WAYS.values()),
        [Bars(means, colour=[OTHER if way == "chosen" else INK for way in WAYS], offset=-0.05)],
        "accuracy on the shifted test; dashed: chance",
        dots=shifted,
        dot_offset=0.18,
        rule=1 / len(CLASSES),
        dashed=True,
        height=(0.2, 0.5),
    )
    return Section(
        "Accuracy",
        "Logistic regression on units, fitted on the biased training features; the reference on "
        "balanced data is fitted there.",
        list(_sentences(results)),
        [
            Table(
                "Accuracy",
                ("units", "how many", *TESTS),
                rows,
                "shifted: settings say nothing; reversed: no animal in its own; biased: as in "
                "training; brackets: 95% over seeds",
            )
        ],
        [
            Plot(
                "accuracy on the shifted test",
                dots,
                "A dot is a seed; the bar is the mean with its interval.",
            )
        ],
    )


def _units(one: OneSeed) -> Section:
    order = sorted(one.read, key=lambda r: (not r.chosen, r.with_ground - r.with_class))
    return Section(
        "The units and their descriptions",
        f"Of the network of seed {one.seed}. A unit is chosen where {RULE}.",
        tables=[
            Table(
                "Descriptions, read",
                ("unit", "description", "class", "setting", "chosen"),
                [_row(item) for item in order[:_LISTED]],
                "class, setting: share of the variance of what the description foretells",
                left=2,
            )
        ],
    )


def _row(one: Read) -> tuple[str, ...]:
    label = one.label if len(one.label) <= _LETTERS else one.label[: _LETTERS - 1] + "…"
    name = label if one.status == "described" else f"({one.status})"
    mark = "yes" if one.chosen else ""
    return (f"last/{one.unit}", name, number(one.with_class), number(one.with_ground), mark)


def _data(options: Spurious, results: Sequence[OneSeed]) -> dict[str, Any]:
    def read(some: Sequence[Read]) -> list[dict[str, Any]]:
        return [{**one._asdict(), "chosen": one.chosen} for one in some]

    return {
        "options": public_options(options),
        "rule": RULE,
        "accuracy": {
            way: {test: over_seeds([o.accuracy[way][test] for o in results]) for test in TESTS}
            for way in WAYS
        },
        "difference": {way: _gap(results, way) for way in WAYS if way != "chosen"},
        "seeds": [
            {**one._asdict(), "read": read(one.read), "plain": read(one.plain)} for one in results
        ],
    }
