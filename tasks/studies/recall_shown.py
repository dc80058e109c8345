"""The study of recall and reasoning for a reader: sentences, tables, pictures."""

from typing import Any

import numpy as np

from ...tools.models import Target
from .recall import TASKS, Measured, NoMargin, Options
from .recall_said import chosen_by, of_layers, of_patches, of_units
from .result import Picture, Section, Sentence, Study, Table
from .tasks_apart import Patched
from .zeroing import DRAWS, number, said

QUESTION = "Do facts of one hop and of two rest on the same layers, heads and neurons?"
_LEGEND = (
    "shares of the task's mean margin over the runner-up; brackets: 95% over prompts; controls: "
    f"mean over {DRAWS}"
)


_COLUMNS = ("units", "recall", "controls", "reasoning", "controls", "own - other")


def shown(target: Target, options: Options, found: Measured) -> Study:
    """The whole study."""
    own = options.recall is not None
    facts = {
        "target": target.name,
        "prompts": "given" if own else "single facts, trained on; two-hop facts, held out",
    }
    for task in TASKS:
        counted = found.sorted[task]
        left = 0 if options.keep_wrong else counted.wrong
        facts[f"{task}, answered rightly"] = f"{said(counted.accuracy)} of {counted.accuracy['n']}"
        facts[f"{task}, used"] = (
            f"{len(found.halves[task].choose)} to choose units, {len(found.halves[task].test)} to "
            f"test; left out: {left} wrong, {counted.unasked} unasked"
        )
        one = found.halves[task].test[0].case
        facts[f"{task}, for example"] = f"{one.prompt} → {one.target.strip()}"
        facts[f"{task}, margin"] = f"{found.margins[task]:.1f} nats"
    facts["seed"] = str(options.seed)
    notes = [f"{task}: {note}" for task in TASKS for note in found.sorted[task].notes]
    if not own:
        notes.append(
            "recall prompts are facts that the organism was trained on; a fact never seen cannot "
            "be recalled"
        )
    if not found.exact:
        notes.append(
            "the model has too many units to zero one by one: they are chosen by first-order "
            "terms (-gradient times value); what is reported of the chosen is exact"
        )
    return Study(
        "recall-vs-reasoning",
        f"Recall and reasoning in {target.name}",
        QUESTION,
        target.name,
        facts,
        (*of_layers(found), *of_patches(found, options.seed), *of_units(found)),
        (_layers(found), *_patches(found, options.seed), _units(found)),
        tuple(notes),
        _data(found, options),
    )


def nothing(target: Target, options: Options, found: NoMargin) -> Study:
    """A model that does not prefer the targets."""
    text = (
        f"Nothing can be lost: on {found.task} prompts the targets have a margin of "
        f"{said(found.margin)} nats over the likeliest other token ({found.margin['n']} prompts), "
        "so that no share of it means anything. No layer, head or neuron was tested."
    )
    counted = {
        f"{task}, answered rightly": f"{said(one.accuracy)} of {one.accuracy['n']}"
        for task, one in found.sorted.items()
    }
    return Study(
        "recall-vs-reasoning",
        f"Recall and reasoning in {target.name}",
        QUESTION,
        target.name,
        {"target": target.name, **counted, "seed": str(options.seed)},
        (Sentence(text, False),),
        (),
        tuple(f"{task}: {note}" for task in TASKS for note in found.sorted[task].notes),
        {
            "prompts": {task: found.sorted[task].facts() for task in TASKS},
            "seed": options.seed,
            "margin": {found.task: found.margin},
        },
    )


def _layers(found: Measured) -> Section:
    from ..report.plots import curves

    rows = []
    for one, two in zip(*(found.layers[task] for task in TASKS), strict=True):
        rows.append(
            (one.site, said(one.drop), said(one.control), said(two.drop), said(two.control))
        )
    lines: dict[str, list[dict[str, Any]]] = {}
    for kind, name in (("attn_out", "attention"), ("mlp_out", "MLP")):
        for task in TASKS:
            of = [one for one in found.layers[task] if one.site.startswith(kind)]
            lines[f"{task}, {name}"] = [one.drop for one in of]
    depth = len(next(iter(lines.values())))
    return Section(
        "Layers",
        "The attention or the MLP of a layer is set to 0 at all places of held-out prompts. The "
        "control puts random directions, as long at every place, in the place of the change. Each "
        "is tested by itself at .05: of twenty without effect one would be called found.",
        (
            Table(
                "Share of the margin lost",
                ("zeroed", "recall", "control", "reasoning", "control"),
                rows,
                _LEGEND,
            ),
        ),
        (
            Picture(
                "layers zeroed",
                curves(
                    lines,
                    ticks=[str(at) for at in range(depth)],
                    x="layer",
                    y="share of the margin lost",
                    zero=True,
                    dashed=[name for name in lines if "MLP" in name],
                ),
                "1: the target has lost its whole margin over the runner-up. Bands: 95% over "
                "prompts.",
            ),
        ),
    )


def _patches(found: Measured, seed: int) -> list[Section]:
    from ..report.plots import heat

    rows, pictures = [], []
    for task in TASKS:
        moved = found.patched[task]
        if moved is None:
            continue
        for layer, value in enumerate(moved.at_last(seed)):
            random = float(moved.random[:, layer, -1].mean())
            rows.append((task, str(layer), said(value), number(random)))
        pictures.append(_patch_picture(task, moved, heat))
    if not rows:
        return []
    return [
        Section(
            "Where the answer is carried",
            "The residual stream of a prompt is put into the nearest one with another answer; a "
            "cell is the share of the difference in logits that comes back.",
            (
                Table(
                    "Share restored at the last place",
                    ("task", "layer", "patched", "random change"),
                    rows,
                ),
            ),
            tuple(pictures),
        )
    ]


def _patch_picture(task: str, moved: Patched, heat: Any) -> Picture:
    grid = moved.share.mean(0)[::-1]
    depth = len(grid)
    return Picture(
        f"patched {task}",
        heat(
            np.round(grid, 4),
            rows=[str(depth - 1 - at) for at in range(depth)],
            columns=moved.places,
            x="place, from the end (…: other tokens in other prompts)",
            y="behind layer",
            title=task,
        ),
        f"{task.capitalize()}: mean share restored, {len(moved.share)} pairs of prompts.",
    )


def _units(found: Measured) -> Section:
    from ..report.plots import heat

    tables = []
    for rule, title in (
        ("needed", "Units that cost their task most: share of the margin lost"),
        ("own", "Units that cost their task most beyond the other: share of the margin lost"),
    ):
        rows = []
        for one in found.crosses:
            if one.rule != rule:
                continue
            cells: list[str] = []
            for task in TASKS:
                tested = one.on[task]
                cells += [said(tested.drop), number(tested.control["value"])]
            rows.append((f"{one.task} {one.kind}", *cells, said(one.apart)))
        tables.append(Table(title, _COLUMNS, rows, _LEGEND if rule == "own" else ""))
    pictures = []
    chosen = {
        name: [*chosen_by(found, name, "needed"), *chosen_by(found, name, "own")]
        for name in found.overlaps
    }
    grids = {
        name: np.array([[one.on[task].difference["value"] for task in TASKS] for one in some])
        for name, some in chosen.items()
    }
    most = max((float(np.abs(grid).max()) for grid in grids.values()), default=1.0)
    for name, grid in grids.items():
        some = chosen[name]
        pictures.append(
            Picture(
                f"two by two {name}",
                heat(
                    grid,
                    rows=[one.name for one in some],
                    columns=[f"on {task}" for task in TASKS],
                    x="margin lost beyond controls",
                    title=name,
                    y="",
                    low=None,
                    high=most,
                    cell=1.15,
                ),
                f"{name.capitalize()} of each task on both tasks; one scale of colours.",
            )
        )
    return Section(
        "Units of each task on both tasks",
        "Chosen on the first half, zeroed on the second; own - other is what their task loses "
        "beyond controls, less what the other does. Neurons' effects on the two tasks correlate "
        f"{number(found.correlation)}.",
        tuple(tables),
        tuple(pictures),
    )


def _data(found: Measured, options: Options) -> dict[str, Any]:
    return {
        "prompts": {task: found.sorted[task].facts() for task in TASKS},
        "chosen_on": {task: len(found.halves[task].choose) for task in TASKS},
        "tested_on": {task: len(found.halves[task].test) for task in TASKS},
        "seed": options.seed,
        "margins": found.margins,
        "layers": {
            task: [{**one._asdict(), "found": one.found} for one in found.layers[task]]
            for task in TASKS
        },
        "patched": {
            task: None
            if moved is None
            else {
                "pairs": len(moved.share),
                "share": moved.share.mean(0).tolist(),
                "random": moved.random.mean(0).tolist(),
                "carried_from": moved.carried(options.seed),
            }
            for task, moved in found.patched.items()
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
            for one in found.crosses
        ],
        "overlap": found.overlaps,
        "correlation": found.correlation,
    }
