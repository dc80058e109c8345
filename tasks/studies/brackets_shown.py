"""The study of brackets for a reader: sentences, tables, pictures."""

from typing import Any

import numpy as np

from .brackets import MULTIPLIERS, Measured, Options, by_group
from .brackets_said import (
    general,
    margins,
    of_accuracy,
    of_components,
    of_lens,
    of_steered,
    of_zeroed,
    whole_accuracy,
)
from .result import Picture, Section, Study, Table
from .zeroing import COLUMNS, LEVEL, number, said

_LISTED = 8


def shown(target: Any, options: Options, found: Measured) -> Study:
    """The whole study."""
    own = options.prompts is not None
    one = found.halves.test[0].case
    facts = {
        "target": target.name,
        "prompts": str(options.prompts) if own else "held-out prompts of the organism",
        "subtasks": ", ".join(
            f"{group} ({sum(a.case.group == group for a in found.sorted.used)})"
            for group in found.groups
        ),
        "heads chosen on": f"{len(found.halves.choose)} prompts",
        "heads tested on": f"{len(found.halves.test)} others",
        "wrong": f"{found.sorted.wrong}, kept; {found.sorted.unasked} unasked, left out",
        "seed": str(options.seed),
        "for example": f"{one.prompt} → {one.target}",
    }
    return Study(
        "code-brackets",
        f"Closing brackets in {target.name}",
        "Which heads and neurons close what is open, where does the right answer win, and does "
        "turning the counting heads up help where the model fails?",
        target.name,
        facts,
        (
            of_accuracy(found),
            *of_lens(found, options.seed),
            of_components(found),
            of_zeroed(found),
            of_steered(found),
        ),
        (
            _accuracy(found),
            _lens(found, options.seed),
            _components(found),
            _zeroed(found),
            _steered(found),
        ),
        (*(note for note in found.sorted.notes if "wrong" not in note), *_few(found)),
        _data(found, options),
    )


def _few(found: Measured) -> list[str]:
    """Where there are too few other heads for a p of .05."""
    return [
        f"{one.name}: the model has only {len(one.draws)} sets of as many other heads, so that p "
        f"cannot be below {number(1 / (1 + len(one.draws)), 3)} and nothing is called found"
        for one in (found.counting, found.steered.gain)
        if 1 / (1 + len(one.draws)) > LEVEL
    ]


def _accuracy(found: Measured) -> Section:
    whole = whole_accuracy(found)
    rows = [(name, str(value["n"]), said(value)) for name, value in whole.items()]
    return Section(
        "Accuracy by subtask",
        "The likeliest next token on held-out prompts of the second half; prompts that the model "
        "gets wrong are kept.",
        (Table("Accuracy", ("subtask", "prompts", "accuracy"), rows, "brackets: 95%, Wilson"),),
    )


def _lens(found: Measured, seed: int) -> Section:
    from ..report.plots import curves

    lines = margins(found, seed)
    rows = [
        (point, *(said(lines[group][at], 1) for group in found.groups))
        for at, point in enumerate(found.points)
    ]
    few = len(found.groups) <= 4
    if not few:
        rows = [
            (point, *(number(lines[group][at]["value"]) for group in found.groups))
            for at, point in enumerate(found.points)
        ]
    ticks = [point.replace("_out", "") for point in found.points]
    return Section(
        "Where the right token wins",
        "Logit lens at the last place: the logit of the right closing token less that of the best "
        "wrong one, behind every sub-layer. Above 0 it is preferred.",
        (
            Table(
                "Margin of the right token over the best wrong one",
                ("point", *found.groups),
                rows,
                "brackets: 95% over prompts" if few else "",
            ),
        ),
        (
            Picture(
                "lens trajectories",
                curves(lines, ticks=ticks, x="", y="margin, logits", zero=True),
                "Mean margin by subtask; bands: 95% over prompts.",
            ),
        ),
    )


def _components(found: Measured) -> Section:
    from ..report.plots import heat

    first, second = found.graded
    units, passed = found.said.units, found.said.passed
    order = first.order(passed)
    tables, pictures = [], []
    for name, is_head in (("Heads", True), ("Neurons", False)):
        best = [at for at in order if units[at].site.startswith("head.") == is_head][:_LISTED]
        rows = [
            (
                str(units[at]),
                f"{first.general[at]} / {second.general[at]}",
                *(number(float(second.accuracy[at, g])) for g in range(len(found.groups))),
                number(float(second.recall[at].mean())),
                number(float(second.precision[at].mean())),
                number(float(second.f1[at].mean())),
            )
            for at in best
        ]
        columns = ("unit", "subtasks", *found.groups, "recall", "precision", "F1")
        tables.append(
            Table(
                f"{name} by themselves, ranked on the first half",
                columns if len(found.groups) <= 5 else (*columns[:2], *columns[-3:]),
                rows if len(found.groups) <= 5 else [(*row[:2], *row[-3:]) for row in rows],
                "subtasks: generalised to, first / second half; then accuracy by subtask, and mean "
                "recall, precision and F1 of promotion, second half"
                if not is_head
                else "",
            )
        )
        pictures.append(
            Picture(
                f"{name.lower()} by themselves",
                heat(
                    second.f1[best],
                    rows=[str(units[at]) for at in best],
                    columns=found.groups,
                    x="F1 of promoting the right token",
                    y="",
                    title=name,
                    cell=0.75,
                ),
                f"{name}: F1 by subtask, second half.",
            )
        )
    return Section(
        "Who promotes the right token",
        "What a head or a neuron writes at the last place, through the final norm and the "
        "vocabulary head, by itself.",
        tuple(tables),
        tuple(pictures),
    )


def _zeroed(found: Measured) -> Section:
    from ..report.plots import drops

    numbers, groups = found.numbers(), found.groups
    whole = by_group(found.hits["whole"], numbers, groups)
    after = by_group(found.hits["zeroed"], numbers, groups)
    rows = []
    for at, name in enumerate((*groups, "all")):
        mask = numbers == at if name != "all" else np.ones(len(numbers), bool)
        others = found.hits["others"][:, mask].mean(1)
        rows.append(
            (
                name,
                said(whole[name]),
                said(after[name]),
                number(float(others.mean())),
                f"{number(float(others.min()))} to {number(float(others.max()))}",
            )
        )
    return Section(
        "Without the counting heads",
        f"The heads {', '.join(found.counting.units)} are set to 0 at all places of the second "
        "half; the control does so with other heads.",
        (
            Table(
                "Accuracy",
                ("subtask", "whole model", "heads zeroed", "other heads", "from, to"),
                rows,
                f"other heads: mean of {len(found.counting.draws)} sets of as many",
            ),
            Table("Drop of accuracy", _columns(), [found.counting.cells()]),
        ),
        (
            Picture(
                "counting heads zeroed",
                drops([found.counting], what="drop of accuracy"),
                "The counting heads beside other heads.",
            ),
        ),
    )


def _steered(found: Measured) -> Section:
    from ..report.plots import drops, heat

    made, numbers, groups = found.steered, found.numbers(), found.groups
    before, after = whole_accuracy(found), by_group(made.hits, numbers, groups)
    rows = [(name, said(before[name]), said(after[name])) for name in (*groups, "all")]
    names = ", ".join(map(str, made.units))
    tall = len(made.grid)
    at = (tall - len(made.units), MULTIPLIERS.index(made.multiplier))
    best = sorted(made.controls, key=lambda one: -one[2])[:5]
    return Section(
        "Turning the heads up",
        f"The best k heads times a multiplier, at all places. Chosen on the first half, where "
        f"accuracy goes from {number(made.develop_before)} to {number(made.develop)}: {names} "
        f"times {made.multiplier:g}. The controls choose their multiplier the same way.",
        (
            Table(
                "Accuracy on held-out prompts",
                ("subtask", "multiplier 1", f"{names} × {made.multiplier:g}"),
                rows,
                "brackets: 95%, Wilson",
            ),
            Table("Gain of accuracy", _columns(gain=True), [made.gain.cells()]),
            Table(
                "The five best controls",
                ("other heads", "multiplier", "accuracy"),
                [(", ".join(one), f"{by:g}", number(value)) for one, by, value in best],
            ),
        ),
        (
            Picture(
                "multipliers",
                heat(
                    made.grid[::-1],
                    rows=[str(k) for k in range(tall, 0, -1)],
                    columns=[f"{by:g}" for by in MULTIPLIERS],
                    x="multiplier",
                    y="best k heads",
                    low=float(made.grid.min()) - 0.02,
                    high=max(1.0, float(made.grid.max())),
                    marked=at,
                    title="accuracy, first half",
                ),
                "The search on the first half; the choice is framed.",
            ),
            Picture(
                "heads turned up",
                drops([made.gain], what="gain of accuracy"),
                "The chosen heads beside other heads, second half.",
            ),
        ),
    )


def _columns(*, gain: bool = False) -> tuple[str, ...]:
    names: list[str] = list(COLUMNS)
    names[0] = "turned up" if gain else "zeroed"
    names[1] = "before"
    names[2] = "gain" if gain else "drop"
    return tuple(names)


def _data(found: Measured, options: Options) -> dict[str, Any]:
    numbers, groups = found.numbers(), found.groups
    first, second = found.graded
    order = first.order(found.said.passed)
    listed = [
        {
            "unit": str(found.said.units[at]),
            "subtasks": [int(first.general[at]), int(second.general[at])],
            "accuracy": dict(zip(groups, second.accuracy[at].tolist(), strict=True)),
            "recall": dict(zip(groups, second.recall[at].tolist(), strict=True)),
            "precision": dict(zip(groups, second.precision[at].tolist(), strict=True)),
            "f1": dict(zip(groups, second.f1[at].tolist(), strict=True)),
        }
        for at in order[:50]
    ]
    return {
        "prompts": found.sorted.facts(),
        "chosen_on": len(found.halves.choose),
        "tested_on": len(found.halves.test),
        "seed": options.seed,
        "answers": found.answers,
        "accuracy": whole_accuracy(found),
        "lens": {"points": found.points, "margins": margins(found, options.seed)},
        "components": {"general": general(found), "chance": found.chance, "best": listed},
        "zeroed": {
            **found.counting.as_dict(),
            "by_subtask": by_group(found.hits["zeroed"], numbers, groups),
        },
        "steered": {
            **found.steered.gain.as_dict(),
            "multiplier": found.steered.multiplier,
            "develop": found.steered.develop,
            "develop_before": found.steered.develop_before,
            "grid": found.steered.grid.tolist(),
            "by_subtask": by_group(found.steered.hits, numbers, groups),
            "controls": found.steered.controls,
        },
    }
