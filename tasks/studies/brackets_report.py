"""The study of brackets, run and written up: sentences, tables, plots, numbers."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...tools.models import Target
from ...tools.statistics.intervals import mean
from ..report.plots import Curves, Heat
from ..report.tables import number
from .brackets import GENERAL, MULTIPLIERS, Measured, measure
from .components import GENERALISES
from .formatting import with_interval
from .options import Brackets
from .result import Log, Plot, Section, Sentence, Study, Table
from .zeroing import LEAST_DROP, LEVEL
from .zeroing_report import beside_controls, zeroed_plot, zeroed_table

_LISTED = 8
_WILSON = "brackets: 95%, Wilson"


def study(target: Target, options: Brackets, log: Log = lambda line: None) -> Study:
    """Runs all steps.

    Raises:
        UsageError: for a target or prompts that the study cannot use.
    """
    measured = measure(target, options, log)
    cases, (choose, test) = measured.cases, measured.halves
    sizes = {group: sum(one.case.group == group for one in cases.used) for group in measured.groups}
    facts = {
        "target": target.name,
        "prompts": str(options.prompts or "held-out prompts of the organism"),
        "subtasks": ", ".join(f"{group} ({size})" for group, size in sizes.items()),
        "heads chosen on": f"{len(choose)} prompts",
        "heads tested on": f"{len(test)} others",
        "wrong": f"{cases.wrong}, kept; {cases.unasked} unasked, left out",
        "seed": str(options.seed),
        "for example": f"{test[0].case.prompt} → {test[0].case.target}",
    }
    sections = (
        _accuracy(measured),
        _lens(measured, options.seed),
        _components(measured),
        _zeroed(measured),
        _steered(measured),
    )
    return Study(
        "code-brackets",
        f"Closing brackets in {target.name}",
        "Which heads and neurons close what is open, where does the right answer win, and does "
        "turning the counting heads up help where the model fails?",
        target.name,
        facts,
        sections,
        (*(note for note in cases.notes if "wrong" not in note), *_few(measured)),
        _data(measured, options),
    )


def _few(measured: Measured) -> list[str]:
    """Where there are too few other heads for a p of .05."""
    return [
        f"{one.name}: the model has only {len(one.draws)} sets of as many other heads, so that p "
        f"cannot be below {number(1 / (1 + len(one.draws)), 3)} and nothing is called found"
        for one in (measured.counting, measured.steered.gain)
        if 1 / (1 + len(one.draws)) > LEVEL
    ]


def _accuracy(measured: Measured) -> Section:
    whole = measured.by_subtask(measured.hits["whole"])
    rows = [(name, str(value["n"]), with_interval(value)) for name, value in whole.items()]
    parts = ", ".join(f"{group} {with_interval(whole[group])}" for group in measured.groups)
    return Section(
        "Accuracy by subtask",
        "The likeliest next token on held-out prompts of the second half; prompts that the model "
        "gets wrong are kept.",
        [Sentence(f"Accuracy on held-out prompts: {parts}.")],
        [Table("Accuracy", ("subtask", "prompts", "accuracy"), rows, _WILSON)],
    )


def _margins(measured: Measured, seed: int) -> dict[str, list[dict[str, Any]]]:
    numbers = measured.numbers()
    return {
        group: [mean(column, seed=seed) for column in measured.lens[numbers == i].T]
        for i, group in enumerate(measured.groups)
    }


def _lens(measured: Measured, seed: int) -> Section:
    lines = _margins(measured, seed)
    few = len(measured.groups) <= 4
    rows = []
    for i, point in enumerate(measured.points):
        values = [lines[group][i] for group in measured.groups]
        cells = [with_interval(v, 1) if few else number(v["value"]) for v in values]
        rows.append((point, *cells))
    ticks = [point.replace("_out", "") for point in measured.points]
    columns = ("point", *measured.groups)
    note = "brackets: 95% over prompts" if few else ""
    return Section(
        "Where the right token wins",
        "Logit lens at the last place: the logit of the right closing token less that of the best "
        "wrong one, behind every sub-layer. Above 0 it is preferred.",
        list(_lens_sentences(measured, lines)),
        [Table("Margin of the right token over the best wrong one", columns, rows, note)],
        [
            Plot(
                "lens trajectories",
                Curves(lines, ticks, "", "margin, logits"),
                "Mean margin by subtask; bands: 95% over prompts.",
            )
        ],
    )


def _lens_sentences(
    measured: Measured, lines: dict[str, list[dict[str, Any]]]
) -> Iterator[Sentence]:
    leads, never = [], []
    for group, points in lines.items():
        behind = [i for i, value in enumerate(points) if value["low"] <= 0]
        first = behind[-1] + 1 if behind else 0  # from here the interval is above 0 to the end
        if first == len(points):
            never.append(f"{group} ({with_interval(points[-1])})")
        elif first == 0:
            leads.append(
                f"{group} already at {measured.points[0]} ({with_interval(points[0])}), where the "
                "last token alone speaks"
            )
        else:
            leads.append(
                f"{group} from {measured.points[first]} on ({with_interval(points[first])})"
            )
    if leads:
        yield Sentence(
            "Read by the logit lens at the last place, the right token leads the best wrong one, "
            f"in logits: {'; '.join(leads)}.",
            True,
        )
    if never:
        yield Sentence(
            f"It does not lead the best wrong one reliably at the last point: {'; '.join(never)}.",
            False,
        )


def _components(measured: Measured) -> Section:
    first, second = measured.graded
    direct, groups = measured.direct, measured.groups
    tables, plots = [], []
    for name, mask in (("Heads", direct.heads), ("Neurons", ~direct.heads)):
        best = first.order(direct.passed & mask)[:_LISTED]
        units = [str(direct.units[i]) for i in best]
        rows = [
            (
                unit,
                f"{first.general[i]} / {second.general[i]}",
                *(number(float(value)) for value in second.accuracy[i]),
                number(float(second.recall[i].mean())),
                number(float(second.precision[i].mean())),
                number(float(second.f1[i].mean())),
            )
            for unit, i in zip(units, best, strict=True)
        ]
        columns = ("unit", "subtasks", *groups, "recall", "precision", "F1")
        if len(groups) > 5:  # too wide for a terminal
            columns = (*columns[:2], *columns[-3:])
            rows = [(*row[:2], *row[-3:]) for row in rows]
        note = (
            "subtasks: generalised to, first / second half; then accuracy by subtask, and mean "
            "recall, precision and F1 of promotion, second half"
        )
        title = f"{name} by themselves, ranked on the first half"
        tables.append(Table(title, columns, rows, note if name == "Neurons" else ""))
        x = "F1 of promoting the right token"
        heat = Heat(second.f1[best], units, groups, x, title=name, cell=0.75)
        caption = f"{name}: F1 by subtask, second half."
        plots.append(Plot(f"{name.lower()} by themselves", heat, caption))
    return Section(
        "Who promotes the right token",
        "What a head or a neuron writes at the last place, through the final norm and the "
        "vocabulary head, by itself.",
        [_component_sentence(measured)],
        tables,
        plots,
    )


def _general(measured: Measured) -> dict[str, dict[str, int]]:
    """Components that pass the filter and generalise on the first half, and on both."""
    first, second = (graded.general >= GENERAL for graded in measured.graded)
    direct, out = measured.direct, {}
    for name, mask in (("heads", direct.heads), ("neurons", ~direct.heads)):
        mine = mask & direct.passed
        counts = {"of": mask, "passed": mine, "first": first & mine, "both": first & second & mine}
        out[name] = {key: int(kept.sum()) for key, kept in counts.items()}
    return out


def _component_sentence(measured: Measured) -> Sentence:
    parts, beyond = [], []
    for name, count in _general(measured).items():
        chance = measured.chance[name]
        parts.append(
            f"{count['both']} of {count['of']:,} {name} ({count['first']} on the first half; "
            f"{number(chance['mean'], 1)} in the mean and {chance['most']} at most by chance, "
            f"targets shuffled {chance['draws']} times)"
        )
        beyond.append(count["both"] > chance["most"])
    start = (
        "By themselves, several components tell subtasks apart"
        if any(beyond)
        else "No more components tell subtasks apart by themselves than chance gives"
    )
    return Sentence(
        f"{start}: right on {GENERALISES:.0%} of the prompts of {GENERAL} or more subtasks, "
        f"on both halves, are {' and '.join(parts)}. A component that always says the same token "
        "generalises to one.",
        any(beyond),
    )


def _zeroed(measured: Measured) -> Section:
    test, numbers = measured.counting, measured.numbers()
    whole = measured.by_subtask(measured.hits["whole"])
    after = measured.by_subtask(measured.hits["zeroed"])
    rows = []
    for i, name in enumerate(whole):
        mask = numbers == i if name != "all" else np.ones(len(numbers), bool)
        others = measured.hits["others"][:, mask].mean(1)
        middle, low, high = (number(float(f(others))) for f in (np.mean, np.min, np.max))
        cells = (with_interval(whole[name]), with_interval(after[name]))
        rows.append((name, *cells, middle, f"{low} to {high}"))
    names = ", ".join(test.units)
    start = (
        f"The model needs the counting heads {names}"
        if test.found
        else f"That the model needs the counting heads {names} more than other heads is not shown"
    )
    changes = ", ".join(
        f"{group} {number(whole[group]['value'])} to {number(after[group]['value'])}"
        for group in measured.groups
    )
    return Section(
        "Without the counting heads",
        f"The heads {names} are set to 0 at all places of the second half; the control does so "
        "with other heads.",
        [
            Sentence(
                f"{start}: zeroing them lowers accuracy from {number(test.before)} by "
                f"{with_interval(test.drop)}; {beside_controls(test, 'lower it by')}; "
                f"p = {number(test.p, 3)}. By subtask: {changes}.",
                test.found,
            )
        ],
        [
            Table(
                "Accuracy",
                ("subtask", "whole model", "heads zeroed", "other heads", "from, to"),
                rows,
                f"other heads: mean of {len(test.draws)} sets of as many",
            ),
            zeroed_table("Drop of accuracy", [test], columns=("zeroed", "before", "drop"), note=""),
        ],
        [
            zeroed_plot(
                "counting heads zeroed",
                [test],
                "The counting heads beside other heads.",
                what="drop of accuracy",
            )
        ],
    )


def _steered(measured: Measured) -> Section:
    made = measured.steered
    before = measured.by_subtask(measured.hits["whole"])
    after = measured.by_subtask(made.hits)
    rows = [(name, with_interval(before[name]), with_interval(after[name])) for name in before]
    names, times = ", ".join(map(str, made.units)), f"{made.multiplier:g}"
    n = len(made.grid)
    best = sorted(made.controls, key=lambda one: -one[2])[:5]
    return Section(
        "Turning the heads up",
        f"The best k heads times a multiplier, at all places. Chosen on the first half, where "
        f"accuracy goes from {number(made.develop_before)} to {number(made.develop)}: {names} "
        f"times {times}. The controls choose their multiplier the same way.",
        [_steered_sentence(measured)],
        [
            Table(
                "Accuracy on held-out prompts",
                ("subtask", "multiplier 1", f"{names} × {times}"),
                rows,
                _WILSON,
            ),
            zeroed_table(
                "Gain of accuracy", [made.gain], columns=("turned up", "before", "gain"), note=""
            ),
            Table(
                "The five best controls",
                ("other heads", "multiplier", "accuracy"),
                [(", ".join(one), f"{by:g}", number(value)) for one, by, value in best],
            ),
        ],
        [
            Plot(
                "multipliers",
                Heat(
                    made.grid[::-1],
                    [str(k) for k in range(n, 0, -1)],
                    [f"{by:g}" for by in MULTIPLIERS],
                    "multiplier",
                    "best k heads",
                    "accuracy, first half",
                    low=float(made.grid.min()) - 0.02,
                    high=max(1.0, float(made.grid.max())),
                    marked=(n - len(made.units), MULTIPLIERS.index(made.multiplier)),
                ),
                "The search on the first half; the choice is framed.",
            ),
            zeroed_plot(
                "heads turned up",
                [made.gain],
                "The chosen heads beside other heads, second half.",
                what="gain of accuracy",
            ),
        ],
    )


def _steered_sentence(measured: Measured) -> Sentence:
    made, gain = measured.steered, measured.steered.gain
    names = ", ".join(map(str, made.units))
    start = f"Multiplying {names} by {made.multiplier:g}, both chosen on the first half"
    before = measured.by_subtask(measured.hits["whole"])
    after = measured.by_subtask(made.hits)
    worst = min(measured.groups, key=lambda group: before[group]["value"])
    where = (
        f"{worst} goes from {with_interval(before[worst])} to {with_interval(after[worst])}; "
        f"accuracy over all rises by {with_interval(gain.drop)} from {number(gain.before)} "
        "(multiplier 1)"
    )
    controls = (
        f"{len(gain.draws)} sets of as many other heads, each with its own best multiplier, gain "
        f"{with_interval(gain.control)} in the mean, {number(gain.most)} at most; "
        f"p = {number(gain.p, 3)}"
    )
    if gain.found:
        return Sentence(f"{start}, helps: {where}. {controls}.", True)
    if gain.drop["low"] > 0 and gain.drop["value"] >= LEAST_DROP:
        units, by, accuracy = max(made.controls, key=lambda one: one[2])
        return Sentence(
            f"{start}, helps, but not more than other heads do: {where}. {controls} "
            f"({', '.join(units)} times {by:g}: {number(accuracy)}). What the heads say of "
            "brackets is not why it helps, as far as this shows.",
            False,
        )
    return Sentence(f"{start}, does not help: {where}. {controls}.", False)


def _data(measured: Measured, options: Brackets) -> dict[str, Any]:
    groups, direct, steered = measured.groups, measured.direct, measured.steered
    first, second = measured.graded
    listed = [
        {
            "unit": str(direct.units[i]),
            "subtasks": [int(first.general[i]), int(second.general[i])],
            **{
                name: dict(zip(groups, getattr(second, name)[i].tolist(), strict=True))
                for name in ("accuracy", "recall", "precision", "f1")
            },
        }
        for i in first.order(direct.passed)[:50]
    ]
    kept = ("multiplier", "develop", "develop_before", "grid", "controls")
    return {
        "prompts": measured.cases.facts(),
        "chosen_on": len(measured.halves.choose),
        "tested_on": len(measured.halves.test),
        "seed": options.seed,
        "answers": measured.answers,
        "accuracy": measured.by_subtask(measured.hits["whole"]),
        "lens": {"points": measured.points, "margins": _margins(measured, options.seed)},
        "components": {
            "general": _general(measured),
            "chance": measured.chance,
            "best": listed,
        },
        "zeroed": {
            **measured.counting.as_dict(),
            "by_subtask": measured.by_subtask(measured.hits["zeroed"]),
        },
        "steered": {
            **steered.gain.as_dict(),
            **{name: getattr(steered, name) for name in kept},
            "by_subtask": measured.by_subtask(steered.hits),
        },
    }
