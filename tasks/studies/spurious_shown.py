"""The study `spurious` for a reader: sentences, tables, pictures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...tools.llm.endpoints import public_options
from .result import Picture, Section, Sentence, Study, Table
from .spurious import DRAWS, TESTS, OneSeed, Options
from .spurious_choice import RULE, Read
from .spurious_world import CLASSES, GROUNDS, World, world
from .zeroing import number, said

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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


def shown(options: Options, found: Sequence[OneSeed]) -> Study:
    """The whole study."""
    facts = {
        "networks": f"{len(found)}, seeds {', '.join(str(one.seed) for one in found)}",
        "training scenes": f"{options.scenes}, {options.own:.0%} in the setting of their class",
        "classes": ", ".join(f"{c} ({g})" for c, g in zip(CLASSES, GROUNDS, strict=True)),
        "planner": f"{options.planner}, {options.explore} training pictures without their classes",
        "units": f"{len(found[0].read)} of the last layer; chosen: "
        + ", ".join(str(len(one.units["chosen"])) for one in found),
        "rule": RULE,
        "minutes of one seed": number(
            float(np.mean([sum(one.seconds.values()) for one in found])) / 60, 1
        ),
    }
    return Study(
        "spurious",
        "A classifier that looks at the setting",
        "Do descriptions tell which units of a biased classifier follow the object, well enough to "
        "mend it without any balanced data?",
        "a small network trained on biased scenes",
        facts,
        _sentences(found),
        (_world(options, found[0].seed), _accuracy(found), _units(found[0])),
        _notes(found),
        _data(options, found),
    )


def over_seeds(values: Sequence[float]) -> dict[str, Any]:
    """A mean over seeds with its 95% t interval: `value, low, high, n`."""
    from scipy.stats import t

    x = np.asarray(values, np.float64)
    middle = float(x.mean())
    if len(x) < 2:
        return {"value": middle, "low": float("nan"), "high": float("nan"), "n": len(x)}
    half = float(t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x)))
    return {"value": middle, "low": middle - half, "high": middle + half, "n": len(x)}


def _gap(found: Sequence[OneSeed], way: str, test: str = "shifted") -> dict[str, Any]:
    """How much better the chosen units are than another way's, seed by seed."""
    return over_seeds([o.accuracy["chosen"][test] - o.accuracy[way][test] for o in found])


def _sentences(found: Sequence[OneSeed]) -> tuple[Sentence, ...]:
    def mean(way: str, test: str = "shifted") -> str:
        return said(over_seeds([one.accuracy[way][test] for one in found]))

    out = []
    for way, what in (
        ("l1", "as many units by an l1 penalty on the same data"),
        ("random", f"as many units at random (mean of {DRAWS} draws)"),
        ("all", "all units"),
    ):
        gap = _gap(found, way)
        better = gap["low"] > 0
        rest = "beat" if better else "are not clearly better than"
        wins = sum(o.accuracy["chosen"]["shifted"] > o.accuracy[way]["shifted"] for o in found)
        out.append(
            Sentence(
                f"Units chosen by description {rest} {what} where settings say nothing: "
                f"{mean('chosen')} against {mean(way)}; difference {said(gap)} over "
                f"{len(found)} seed{'s' if len(found) > 1 else ''}, better in {wins}.",
                better,
            )
        )
    gap = _gap(found, "l1", "reversed")
    out.append(
        Sentence(
            f"Where settings mislead, the chosen units reach {mean('chosen', 'reversed')}, the l1 "
            f"selection {mean('l1', 'reversed')}; difference {said(gap)}.",
            gap["low"] > 0,
        )
    )
    out.append(
        Sentence(
            f"With balanced data, which the choice did without, an l1 selection of as many units "
            f"reaches {mean('l1 balanced')}; chance is {number(1 / len(CLASSES))}. On scenes as in "
            f"training the chosen units reach {mean('chosen', 'biased')}, all units "
            f"{mean('all', 'biased')}."
        )
    )
    gap = _gap(found, "no experiments")
    better = gap["low"] > 0
    out.append(
        Sentence(
            (
                "The planner's experiments help the choice: "
                if better
                else "That the planner's experiments help the choice is not shown: "
            )
            + f"the same rule on descriptions from the training pictures alone gives "
            f"{mean('no experiments')}; difference {said(gap)}.",
            better,
        )
    )
    return tuple(out)


def _notes(found: Sequence[OneSeed]) -> tuple[str, ...]:
    notes = [
        "Intervals are over seeds (t), each with scenes, network and planner of its own.",
    ]
    failed = sum(one.failed for one in found)
    if failed:
        notes.append(f"{failed} investigations failed; their units were not chosen.")
    empty = [str(one.seed) for one in found if not one.units["chosen"]]
    if empty:
        notes.append(
            f"No unit was chosen for seed {', '.join(empty)}: counted as always the first class."
        )
    if len(found) < 2:
        notes.append("One seed has no interval; nothing is called found.")
    return tuple(notes)


def _world(options: Options, seed: int) -> Section:
    training = world(options.scenes, own=options.own, seed=seed)
    test = world(options.tested, own=1 / len(GROUNDS), seed=10_000 + seed)
    return Section(
        "The world",
        f"In training, {options.own:.0%} of the animals stand in the setting of their class; in "
        "the shifted test any animal stands in any setting. Colour, texture, size, place and up "
        "to two other things are drawn at random.",
        (),
        (
            Picture("training scenes", _sheet(training), "Training scenes, by class."),
            Picture("shifted scenes", _sheet(test), "Scenes of the shifted test."),
        ),
    )


def _sheet(some: World, each: int = 5) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.4, 3.7), layout="constrained")
    grid = figure.subplots(len(CLASSES), each)
    pictures = some.pictures()
    for row, name in enumerate(CLASSES):
        for column, at in enumerate(np.flatnonzero(some.classes == row)[:each]):
            axes = grid[row, column]
            axes.imshow(np.asarray(pictures[int(at)].load()))
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
            if column == 0:
                axes.set_ylabel(name, fontsize=9)
    return figure


def _accuracy(found: Sequence[OneSeed]) -> Section:
    def cell(values: Sequence[float]) -> str:
        return said(over_seeds(values)) if len(values) > 1 else number(values[0])

    rows = []
    for way, name in WAYS.items():
        sizes = [len(o.units[way]) if way in o.units else len(o.units["chosen"]) for o in found]
        rows.append(
            (
                name,
                f"{np.mean(sizes):.1f}",
                *(cell([one.accuracy[way][test] for one in found]) for test in TESTS),
            )
        )
    own = [cell([one.network[test] for one in found]) for test in TESTS]
    rows.append(("the network's own head", f"{len(found[0].read)}", *own))
    return Section(
        "Accuracy",
        "Logistic regression on units, fitted on the biased training features; the reference on "
        "balanced data is fitted there.",
        (
            Table(
                "Accuracy",
                ("units", "how many", *TESTS),
                rows,
                "shifted: settings say nothing; reversed: no animal in its own; biased: as in "
                "training; brackets: 95% over seeds",
            ),
        ),
        (
            Picture(
                "accuracy on the shifted test",
                _dots(found),
                "A dot is a seed; the bar is the mean with its interval.",
            ),
        ),
    )


def _dots(found: Sequence[OneSeed]) -> "Figure":
    from matplotlib.figure import Figure

    from ..report.plots import INK, OTHER, SOFT, bar, plain

    figure = Figure(figsize=(7.4, 3.2), layout="constrained")
    axes = figure.subplots()
    for at, way in enumerate(WAYS):
        values = [one.accuracy[way]["shifted"] for one in found]
        axes.scatter(values, [at + 0.18] * len(values), s=14, color=SOFT, zorder=2)
        colour = OTHER if way == "chosen" else INK
        if len(values) > 1:
            bar(axes, over_seeds(values), at - 0.05, colour=colour)
    axes.axvline(1 / len(CLASSES), color="#ced4da", lw=1, ls="--", zorder=1)
    axes.set_yticks(range(len(WAYS)), list(WAYS.values()), fontsize=9)
    axes.set_ylim(len(WAYS) - 0.5, -0.5)
    axes.set_xlabel("accuracy on the shifted test; dashed: chance", fontsize=9)
    return plain(figure, axes)


def _units(one: OneSeed) -> Section:
    order = sorted(one.read, key=lambda r: (not r.chosen, r.with_ground - r.with_class))
    rows = [_row(item) for item in order[:_LISTED]]
    return Section(
        "The units and their descriptions",
        f"Of the network of seed {one.seed}. A unit is chosen where {RULE}.",
        (
            Table(
                "Descriptions, read",
                ("unit", "description", "class", "setting", "chosen"),
                rows,
                "class, setting: share of the variance of what the description foretells",
                left=2,
            ),
        ),
    )


def _row(one: Read) -> tuple[str, ...]:
    label = one.label if len(one.label) <= _LETTERS else one.label[: _LETTERS - 1] + "…"
    name = label if one.status == "described" else f"({one.status})"
    mark = "yes" if one.chosen else ""
    return (f"last/{one.unit}", name, number(one.with_class), number(one.with_ground), mark)


def _data(options: Options, found: Sequence[OneSeed]) -> dict[str, Any]:
    return {
        "options": public_options(options),
        "rule": RULE,
        "accuracy": {
            way: {test: over_seeds([o.accuracy[way][test] for o in found]) for test in TESTS}
            for way in WAYS
        },
        "difference": {way: _gap(found, way) for way in WAYS if way != "chosen"},
        "seeds": [
            {
                **one._asdict(),
                "read": [{**r._asdict(), "chosen": r.chosen} for r in one.read],
                "plain": [{**r._asdict(), "chosen": r.chosen} for r in one.plain],
            }
            for one in found
        ],
    }
