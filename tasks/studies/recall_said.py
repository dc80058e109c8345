"""What the study of recall and reasoning says, in sentences computed from its numbers."""

from .recall import TASKS, Measured
from .result import Sentence
from .tasks_apart import Cross
from .zeroing import number, said


def of_layers(found: Measured) -> list[Sentence]:
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


def of_patches(found: Measured, seed: int) -> list[Sentence]:
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


def of_units(found: Measured) -> list[Sentence]:
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
            out += [_cross_sentence(one) for one in chosen_by(found, name, rule)]
        out.append(_dissociation(name, chosen_by(found, name, "own")))
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
    cost = (
        f"cost held-out {own}" if mine.found else f"do not cost held-out {own} more than controls"
    )
    return Sentence(
        f"{who} {cost}: {said(mine.drop)} of its margin, beside {said(mine.control)} by "
        f"{len(mine.draws)} sets of {mine.others} (p = {number(mine.p, 3)}). {other.capitalize()} "
        f"loses {said(theirs.drop)} beside {said(theirs.control)}; beyond controls, {own} loses "
        f"{said(one.apart)} more than {other}.",
        mine.found,
    )


def chosen_by(found: Measured, name: str, rule: str) -> list[Cross]:
    return [one for one in found.crosses if (one.kind, one.rule) == (name, rule)]


def _p(value: float) -> str:
    return f"{value:.1e}" if value < 0.001 else number(value, 3)
