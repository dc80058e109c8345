"""What the study of brackets says, in sentences computed from its numbers."""

from typing import Any

import numpy as np

from ...tools.statistics.intervals import mean
from .brackets import GENERAL, Measured, by_group
from .components import GENERALISES
from .result import Sentence
from .zeroing import LEAST_DROP, number, said


def whole_accuracy(found: Measured) -> dict[str, Any]:
    return by_group(found.hits["whole"], found.numbers(), found.groups)


def of_accuracy(found: Measured) -> Sentence:
    whole = whole_accuracy(found)
    parts = ", ".join(f"{group} {said(whole[group])}" for group in found.groups)
    return Sentence(f"Accuracy on held-out prompts: {parts}.")


def margins(found: Measured, seed: int) -> dict[str, list[dict[str, Any]]]:
    numbers = found.numbers()
    return {
        group: [mean(column, seed=seed) for column in found.lens[numbers == at].T]
        for at, group in enumerate(found.groups)
    }


def _settled(points: list[dict[str, Any]]) -> int | None:
    """The first point from which on the right token leads, its interval above 0 to the end."""
    behind = [at for at, value in enumerate(points) if value["low"] <= 0]
    first = behind[-1] + 1 if behind else 0
    return first if first < len(points) else None


def of_lens(found: Measured, seed: int) -> list[Sentence]:
    leads, never = [], []
    for group, points in margins(found, seed).items():
        at = _settled(points)
        if at is None:
            never.append(f"{group} ({said(points[-1])})")
        elif at == 0:
            leads.append(
                f"{group} already at {found.points[0]} ({said(points[0])}), where the last token "
                "alone speaks"
            )
        else:
            leads.append(f"{group} from {found.points[at]} on ({said(points[at])})")
    out = []
    if leads:
        out.append(
            Sentence(
                "Read by the logit lens at the last place, the right token leads the best wrong "
                f"one, in logits: {'; '.join(leads)}.",
                True,
            )
        )
    if never:
        out.append(
            Sentence(
                "It does not lead the best wrong one reliably at the last point: "
                f"{'; '.join(never)}.",
                False,
            )
        )
    return out


def general(found: Measured) -> dict[str, dict[str, int]]:
    """Components that pass the filter and generalise on the first half, and on both."""
    first, second = (graded.general >= GENERAL for graded in found.graded)
    heads = np.array([unit.site.startswith("head.") for unit in found.said.units])
    out = {}
    for name, mask in (("heads", heads), ("neurons", ~heads)):
        mine = mask & found.said.passed
        out[name] = {
            "of": int(mask.sum()),
            "passed": int(mine.sum()),
            "first": int((first & mine).sum()),
            "both": int((first & second & mine).sum()),
        }
    return out


def of_components(found: Measured) -> Sentence:
    parts, holds = [], []
    for name, count in general(found).items():
        chance = found.chance[name]
        parts.append(
            f"{count['both']} of {count['of']:,} {name} ({count['first']} on the first half; "
            f"{number(chance['mean'], 1)} in the mean and {chance['most']} at most by chance, "
            f"targets shuffled {chance['draws']} times)"
        )
        holds.append(count["both"] > chance["most"])
    some = any(holds)
    start = (
        "By themselves, several components tell subtasks apart"
        if some
        else "No more components tell subtasks apart by themselves than chance gives"
    )
    return Sentence(
        f"{start}: right on {GENERALISES:.0%} of the prompts of {GENERAL} or more subtasks, "
        f"on both halves, are {' and '.join(parts)}. A component that always says the same token "
        "generalises to one.",
        some,
    )


def of_zeroed(found: Measured) -> Sentence:
    test = found.counting
    names = ", ".join(test.units)
    start = (
        f"The model needs the counting heads {names}"
        if test.found
        else f"That the model needs the counting heads {names} more than other heads is not shown"
    )
    return Sentence(
        f"{start}: zeroing them lowers accuracy from {number(test.before)} by {said(test.drop)}; "
        f"{len(test.draws)} sets of as many other heads lower it by {said(test.control)} in the "
        f"mean, {number(test.most)} at most; p = {number(test.p, 3)}. By subtask: "
        f"{_changes(found)}.",
        test.found,
    )


def _changes(found: Measured) -> str:
    whole = whole_accuracy(found)
    after = by_group(found.hits["zeroed"], found.numbers(), found.groups)
    return ", ".join(
        f"{group} {number(whole[group]['value'])} to {number(after[group]['value'])}"
        for group in found.groups
    )


def of_steered(found: Measured) -> Sentence:
    made = found.steered
    gain = made.gain
    names = ", ".join(map(str, made.units))
    start = f"Multiplying {names} by {made.multiplier:g}, both chosen on the first half"
    before, after = whole_accuracy(found), by_group(made.hits, found.numbers(), found.groups)
    worst = min(found.groups, key=lambda group: before[group]["value"])
    where = (
        f"{worst} goes from {said(before[worst])} to {said(after[worst])}; accuracy over all "
        f"rises by {said(gain.drop)} from {number(gain.before)} (multiplier 1)"
    )
    controls = (
        f"{len(gain.draws)} sets of as many other heads, each with its own best multiplier, gain "
        f"{said(gain.control)} in the mean, {number(gain.most)} at most; p = {number(gain.p, 3)}"
    )
    if gain.found:
        return Sentence(f"{start}, helps: {where}. {controls.capitalize()}.", True)
    helps = gain.drop["low"] > 0 and gain.drop["value"] >= LEAST_DROP
    if helps:
        best = max(made.controls, key=lambda one: one[2])
        why = (
            f"{start}, helps, but not more than other heads do: {where}. {controls.capitalize()} "
            f"({', '.join(best[0])} times {best[1]:g}: {number(best[2])}). What the heads say of "
            "brackets is not why it helps, as far as this shows."
        )
        return Sentence(why, False)
    return Sentence(f"{start}, does not help: {where}. {controls.capitalize()}.", False)
