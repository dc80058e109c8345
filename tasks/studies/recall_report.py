"""The study of recall and reasoning, run and written up: sentences, tables, plots, numbers."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...tools.models import Target
from ..report.plots import Curves, Heat
from ..report.tables import number
from .cases import Screened
from .formatting import of_n, with_interval
from .options import Recall
from .recall import TASKS, Measured, NoMargin, measure
from .result import Log, Plot, Section, Sentence, Study, Table
from .tasks_apart import Cross, Patched
from .zeroing import DRAWS

_LAYER = ("drop", "control", "difference", "p", "found")
_LEGEND = (
    "shares of the task's mean margin over the runner-up; brackets: 95% over prompts; controls: "
    f"mean over {DRAWS}"
)


def study(target: Target, options: Recall, log: Log = lambda line: None) -> Study:
    """Runs all steps.

    Raises:
        UsageError: for a target or prompts that the study cannot use.
    """
    measured = measure(target, options, log)
    if isinstance(measured, NoMargin):
        sections, facts, notes, data = _no_margin(measured)
    else:
        sections, facts, notes, data = _whole(options, measured)
    answered = {f"{task}, answered rightly": of_n(measured.cases[task].accuracy) for task in TASKS}
    prompts = {task: measured.cases[task].facts() for task in TASKS}
    return Study(
        "recall-vs-reasoning",
        f"Recall and reasoning in {target.name}",
        "Do facts of one hop and of two rest on the same layers, heads and neurons?",
        target.name,
        {"target": target.name, **answered, **facts, "seed": str(options.seed)},
        sections,
        (*_case_notes(measured.cases), *notes),
        {"prompts": prompts, "seed": options.seed, **data},
    )


def _case_notes(cases: Mapping[str, Screened]) -> list[str]:
    return [f"{task}: {note}" for task in TASKS for note in cases[task].notes]


Parts = tuple[list[Section], dict[str, str], list[str], dict[str, Any]]
"""Sections, facts, notes, numbers."""


def _no_margin(measured: NoMargin) -> Parts:
    """A model that does not prefer the targets."""
    text = (
        f"Nothing can be lost: on {measured.task} prompts the targets have a margin of "
        f"{with_interval(measured.margin)} nats over the likeliest other token "
        f"({measured.margin['n']} prompts), so that no share of it means anything. No layer, head "
        "or neuron was tested."
    )
    section = Section("", "", [Sentence(text, False)])
    return [section], {}, [], {"margin": {measured.task: measured.margin}}


def _whole(options: Recall, measured: Measured) -> Parts:
    own = options.recall is not None
    facts = {"prompts": "given" if own else "single facts, trained on; two-hop facts, held out"}
    for task in TASKS:
        cases, (choose, test) = measured.cases[task], measured.halves[task]
        wrong = 0 if options.keep_wrong else cases.wrong
        facts[f"{task}, used"] = (
            f"{len(choose)} to choose units, {len(test)} to test; left out: {wrong} wrong, "
            f"{cases.unasked} unasked"
        )
        one = test[0].case
        facts[f"{task}, for example"] = f"{one.prompt} → {one.target.strip()}"
        facts[f"{task}, margin"] = f"{measured.margins[task]:.1f} nats"
    notes = []
    if not own:
        notes.append(
            "recall prompts are facts that the organism was trained on; a fact never seen cannot "
            "be recalled"
        )
    if not measured.exact:
        notes.append(
            "the model has too many units to zero one by one: they are chosen by first-order "
            "terms (-gradient times value); what is reported of the chosen is exact"
        )
    sections = [_layers(measured), _patches(measured, options.seed), _units(measured)]
    return sections, facts, notes, _data(measured, options)


def _layers(measured: Measured) -> Section:
    rows = [
        (one.name, *map(with_interval, (one.drop, one.control, two.drop, two.control)))
        for one, two in zip(*(measured.layers[task] for task in TASKS), strict=True)
    ]
    lines = {
        f"{task}, {name}": [one.drop for one in measured.layers[task] if one.name.startswith(kind)]
        for kind, name in (("attn_out", "attention"), ("mlp_out", "MLP"))
        for task in TASKS
    }
    ticks = [str(i) for i in range(len(next(iter(lines.values()))))]
    dashed = [name for name in lines if "MLP" in name]
    columns = ("zeroed", "recall", "control", "reasoning", "control")
    return Section(
        "Layers",
        "The attention or the MLP of a layer is set to 0 at all places of held-out prompts. The "
        "control puts random directions, as long at every place, in the place of the change. Each "
        "is tested by itself at .05: of twenty without effect one would be called found.",
        list(_layer_sentences(measured)),
        [Table("Share of the margin lost", columns, rows, _LEGEND)],
        [
            Plot(
                "layers zeroed",
                Curves(lines, ticks, "layer", "share of the margin lost", dashed),
                "1: the target has lost its whole margin over the runner-up. Bands: 95% over "
                "prompts.",
            )
        ],
    )


def _layer_sentences(measured: Measured) -> Iterator[Sentence]:
    needed = {}
    for task in TASKS:
        some = [one for one in measured.layers[task] if one.found]
        needed[task] = {one.name for one in some}
        if not some:
            yield Sentence(
                f"No layer's attention or MLP costs {task} more than random directions as long "
                "would.",
                False,
            )
            continue
        best = sorted(some, key=lambda one: -one.difference["value"])
        names = ", ".join(
            f"{one.name} ({with_interval(one.drop)}, control {with_interval(one.control)})"
            for one in best[:3]
        )
        yield Sentence(
            f"{task.capitalize()} needs {len(some)} of {len(measured.layers[task])} sub-layers "
            f"more than random directions as long; zeroing the strongest costs it, as shares of "
            f"its margin: {names}.",
            True,
        )
    only = [
        f"{site} ({task})"
        for task, other in (TASKS, TASKS[::-1])
        for site in sorted(needed[task] - needed[other])
    ]
    if all(needed.values()):
        same = "The two tasks need the same sub-layers."
        apart = f"Needed by one task and not shown for the other: {', '.join(only)}."
        yield Sentence(apart if only else same)


def _patches(measured: Measured, seed: int) -> Section:
    rows, plots = [], []
    for task, moved in measured.patched.items():
        if moved is None:
            continue
        for layer, value in enumerate(moved.at_last(seed)):
            random = number(float(moved.random[:, layer, -1].mean()))
            rows.append((task, str(layer), with_interval(value), random))
        grid = np.round(moved.share.mean(0)[::-1], 4)
        layers = [str(i) for i in reversed(range(len(grid)))]
        x = "place, from the end (…: other tokens in other prompts)"
        caption = f"{task.capitalize()}: mean share restored, {len(moved.share)} pairs of prompts."
        heat = Heat(grid, layers, moved.places, x, "behind layer", task)
        plots.append(Plot(f"patched {task}", heat, caption))
    columns = ("task", "layer", "patched", "random change")
    return Section(
        "Where the answer is carried" if rows else "",
        "The residual stream of a prompt is put into the nearest one with another answer; a "
        "cell is the share of the difference in logits that comes back.",
        [_patch_sentence(task, moved, seed) for task, moved in measured.patched.items()],
        [Table("Share restored at the last place", columns, rows)] if rows else [],
        plots,
    )


def _patch_sentence(task: str, moved: Patched | None, seed: int) -> Sentence:
    if moved is None:
        return Sentence(
            f"No two {task} prompts of one length have different answers: nothing was patched.",
            False,
        )
    layer, pairs = moved.carried(seed), len(moved.share)
    if layer is None:
        return Sentence(
            f"{task.capitalize()}: behind no layer does the last place carry half of the "
            f"difference between two prompts ({pairs} pairs).",
            False,
        )
    last = moved.at_last(seed)
    before = f"; behind layer {layer - 1}, {with_interval(last[layer - 1])}" if layer else ""
    control = number(float(moved.random[:, layer, -1].mean()))
    return Sentence(
        f"{task.capitalize()}: the last place carries the answer from layer {layer} on. Patching "
        f"it there restores {with_interval(last[layer])} of the difference between two prompts"
        f"{before}; a random change as long restores {control} ({pairs} pairs).",
        True,
    )


def _units(measured: Measured) -> Section:
    columns = ("units", "recall", "controls", "reasoning", "controls", "own - other")
    tables = [
        Table(
            f"Units that cost their task most{what}: share of the margin lost",
            columns,
            [_row(one) for one in measured.crosses if one.rule == rule],
            _LEGEND if rule == "own" else "",
        )
        for rule, what in (("needed", ""), ("own", " beyond the other"))
    ]
    kinds = {
        name: [one for one in measured.crosses if one.kind == name] for name in measured.overlaps
    }
    grids = {
        name: np.array([[one.on[task].difference["value"] for task in TASKS] for one in some])
        for name, some in kinds.items()
    }
    most = max((float(np.abs(grid).max()) for grid in grids.values()), default=1.0)
    on = [f"on {task}" for task in TASKS]
    x = "margin lost beyond controls"
    plots = []
    for name, grid in grids.items():
        rows = [one.name for one in kinds[name]]
        heat = Heat(grid, rows, on, x, title=name, low=None, high=most, cell=1.15)
        caption = f"{name.capitalize()} of each task on both tasks; one scale of colours."
        plots.append(Plot(f"two by two {name}", heat, caption))
    return Section(
        "Units of each task on both tasks",
        "Chosen on the first half, zeroed on the second; own - other is what their task loses "
        "beyond controls, less what the other does. Neurons' effects on the two tasks correlate "
        f"{number(measured.correlation)}.",
        [sentence for name in measured.overlaps for sentence in _unit_sentences(measured, name)],
        tables,
        plots,
    )


def _row(one: Cross) -> tuple[str, ...]:
    cells: list[str] = []
    for task in TASKS:
        tested = one.on[task]
        cells += [with_interval(tested.drop), number(tested.control["value"])]
    return (f"{one.task} {one.kind}", *cells, with_interval(one.apart))


def _unit_sentences(measured: Measured, name: str) -> Iterator[Sentence]:
    shared = measured.overlaps[name]
    p = f"{shared['p']:.1e}" if shared["p"] < 0.001 else number(shared["p"], 3)
    yield Sentence(
        f"Of the {shared['of']} {name} that each task needs most, {shared['shared']} are the same; "
        f"chance would share {number(shared['expected'], 1)} (p = {p})."
    )
    crosses = [one for one in measured.crosses if one.kind == name]
    yield from map(_cross_sentence, crosses)
    own = [one for one in crosses if one.rule == "own"]
    specific = [one.task for one in own if one.specific]
    if len(specific) == len(own):
        yield Sentence(
            f"Recall and reasoning are apart in {name}: each has {name} that cost it more than the "
            "other, beyond controls.",
            True,
        )
        return
    who = f"only {specific[0]}" if specific else "neither"
    yield Sentence(
        f"A double dissociation in {name} is not shown: {who} has {name} that cost it more than "
        "the other task, beyond controls.",
        False,
    )


def _cross_sentence(one: Cross) -> Sentence:
    (own, mine), (other, theirs) = one.on.items()
    n = f"{len(mine.units)} {one.kind}"
    who = {
        "needed": f"The {n} that {own} needs most on other prompts",
        "own": f"The {n} that cost {own} most beyond {other} on other prompts",
    }[one.rule]
    cost = (
        f"cost held-out {own}" if mine.found else f"do not cost held-out {own} more than controls"
    )
    return Sentence(
        f"{who} {cost}: {with_interval(mine.drop)} of its margin, beside "
        f"{with_interval(mine.control)} by {len(mine.draws)} sets of {mine.others} "
        f"(p = {number(mine.p, 3)}). {other.capitalize()} loses {with_interval(theirs.drop)} "
        f"beside {with_interval(theirs.control)}; beyond controls, {own} loses "
        f"{with_interval(one.apart)} more than {other}.",
        mine.found,
    )


def _data(measured: Measured, options: Recall) -> dict[str, Any]:
    return {
        "chosen_on": {task: len(measured.halves[task].choose) for task in TASKS},
        "tested_on": {task: len(measured.halves[task].test) for task in TASKS},
        "margins": measured.margins,
        "layers": {
            task: [
                {"site": one.name, **{name: getattr(one, name) for name in _LAYER}}
                for one in measured.layers[task]
            ]
            for task in TASKS
        },
        "patched": {
            task: moved
            and {
                "pairs": len(moved.share),
                "share": moved.share.mean(0),
                "random": moved.random.mean(0),
                "carried_from": moved.carried(options.seed),
            }
            for task, moved in measured.patched.items()
        },
        "units": [
            {
                "task": one.task,
                "kind": one.kind,
                "rule": one.rule,
                "specific": one.specific,
                "own_beyond_other": one.apart,
                "on": {task: tested.as_dict() for task, tested in one.on.items()},
            }
            for one in measured.crosses
        ],
        "overlap": measured.overlaps,
        "correlation": measured.correlation,
    }
