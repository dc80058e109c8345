"""The study of recall and reasoning for a reader: sentences, tables, pictures."""

from typing import Any

import numpy as np

from ...tools.models import Target
from .recall import TASKS, Measured, NoMargin, Options
from .result import Picture, Section, Sentence, Study, Table
from .tasks_apart import Cross, Patched
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
        (*_layer_sentences(found), *_patch_sentences(found, options.seed), *_unit_sentences(found)),
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


def _layer_sentences(found: Measured) -> list[Sentence]:
    out = []
    needed = {}
    for task in TASKS:
        some = [one for one in found.layers[task] if one.found]
        needed[task] = {one.site for one in some}
        if not some:
            out.append(
                Sentence(
                    f"No layer's attention or MLP costs {task} more than random directions as "
                    "long would.",
                    False,
                )
            )
            continue
        best = sorted(some, key=lambda one: -one.difference["value"])
        names = ", ".join(
            f"{one.site} ({said(one.drop)}, control {said(one.control)})" for one in best[:3]
        )
        out.append(
            Sentence(
                f"{task.capitalize()} needs {len(some)} of {len(found.layers[task])} sub-layers "
                f"more than random directions as long; zeroing the strongest costs it, as shares "
                f"of its margin: {names}.",
                True,
            )
        )
    only = [
        f"{site} ({task})"
        for task, other in (TASKS, TASKS[::-1])
        for site in sorted(needed[task] - needed[other])
    ]
    if all(needed.values()):
        out.append(
            Sentence(
                f"Needed by one task and not shown for the other: {', '.join(only)}."
                if only
                else "The two tasks need the same sub-layers.",
                None,
            )
        )
    return out


def _patch_sentences(found: Measured, seed: int) -> list[Sentence]:
    out = []
    for task in TASKS:
        moved = found.patched[task]
        if moved is None:
            out.append(
                Sentence(
                    f"No two {task} prompts of one length have different answers: nothing was "
                    "patched.",
                    False,
                )
            )
            continue
        layer = moved.carried(seed)
        pairs = len(moved.share)
        if layer is None:
            out.append(
                Sentence(
                    f"{task.capitalize()}: behind no layer does the last place carry half of the "
                    f"difference between two prompts ({pairs} pairs).",
                    False,
                )
            )
            continue
        last = moved.at_last(seed)
        before = f"; behind layer {layer - 1}, {said(last[layer - 1])}" if layer else ""
        control = number(float(moved.random[:, layer, -1].mean()))
        out.append(
            Sentence(
                f"{task.capitalize()}: the last place carries the answer from layer {layer} on. "
                f"Patching it there restores {said(last[layer])} of the difference between two "
                f"prompts{before}; a random change as long restores {control} ({pairs} pairs).",
                True,
            )
        )
    return out


def _unit_sentences(found: Measured) -> list[Sentence]:
    out = []
    for name, shared in found.overlaps.items():
        out.append(
            Sentence(
                f"Of the {shared['of']} {name} that each task needs most, {shared['shared']} are "
                f"the same; chance would share {number(shared['expected'], 1)} "
                f"(p = {_p(shared['p'])}).",
                None,
            )
        )
        for rule in ("needed", "own"):
            out += [_cross_sentence(one) for one in _of(found, name, rule)]
        out.append(_dissociation(name, _of(found, name, "own")))
    return out


def _dissociation(name: str, both: list[Cross]) -> Sentence:
    """Whether each task has units that matter more to it than to the other."""
    specific = [one.task for one in both if one.specific]
    if len(specific) == len(both):
        return Sentence(
            f"Recall and reasoning are apart in {name}: each has {name} that cost it more than the "
            "other, beyond controls.",
            True,
        )
    who = (
        f"only {specific[0]} has {name} that cost" if specific else f"neither has {name} that cost"
    )
    return Sentence(
        f"A double dissociation in {name} is not shown: {who} it more than the other task, beyond "
        "controls.",
        False,
    )


def _cross_sentence(one: Cross) -> Sentence:
    (own, mine), (other, theirs) = one.on.items()
    many = f"{len(mine.units)} {one.kind}"
    who = {
        "needed": f"The {many} that {own} needs most on other prompts",
        "own": f"The {many} that cost {own} most beyond {other} on other prompts",
    }[one.rule]
    verb = "take" if mine.found else "do not take"
    than = "" if mine.found else ", more than controls do"
    return Sentence(
        f"{who} {verb} the margin of held-out {own}{than}: {said(mine.drop)} of it, beside "
        f"{said(mine.control)} by {len(mine.draws)} sets of {mine.others} (p = "
        f"{number(mine.p, 3)}). {other.capitalize()} loses {said(theirs.drop)} beside "
        f"{said(theirs.control)}; beyond controls, {own} loses {said(one.apart)} more than "
        f"{other}.",
        mine.found,
    )


def _of(found: Measured, name: str, rule: str) -> list[Cross]:
    return [one for one in found.crosses if (one.kind, one.rule) == (name, rule)]


def _p(value: float) -> str:
    return f"{value:.1e}" if value < 0.001 else number(value, 3)


def _layers(found: Measured) -> Section:
    from .plots import curves

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
        "control puts random directions, as long at every place, in the place of the change.",
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
    from .plots import heat

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
    from .plots import heat

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
    for name in found.overlaps:
        some = [*_of(found, name, "needed"), *_of(found, name, "own")]
        grid = np.array([[one.on[task].difference["value"] for task in TASKS] for one in some])
        pictures.append(
            Picture(
                f"two by two {name}",
                heat(
                    grid,
                    rows=[one.name for one in some],
                    columns=[f"on {task}" for task in TASKS],
                    x=f"{name}: share of the margin lost beyond controls",
                    y="",
                    low=None,
                    cell=1.15,
                ),
                f"{name.capitalize()} of each task on both tasks.",
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
