"""What one unit does to the classes of a vision model: is it needed, is it enough, for which ones.

1. The test: necessity and sufficiency beside matched units, by the rule of `causal_rule`, in the
   numbers of `strength`.
2. The pictures of explore are split in two halves: one names the classes, the other gives every
   figure.
3. Sufficiency: pictures on which the unit is hardly active, drawn without looking further, are
   given the unit's own map from pictures where it peaks at its 50th, 90th and 99th percentile: a
   dose-response curve over maps that the unit really has.
4. Necessity: on the pictures where it peaks its map is replaced by that of random pictures.
5. Classes: those whose logit rises most by giving it, on the first half, over the mean of all
   classes.
6. Score, on the second half: how well the change tells these classes from those of random units
   (AUROC), beside the score that matched units reach with classes of their own (p).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..activations.unit_stats import strongest
from ..errors import UsageError
from ..evidence import Result
from ..images.recipes import pictures_of
from ..interventions.class_change import Case, has_classes, measure
from ..interventions.class_strength import (
    HIGH,
    causal_test,
    given,
    half_of,
    neutral,
    resampled,
    top,
    unit_peaks,
)
from ..interventions.matched_control import measure_name
from ..interventions.neutral_prompts import PEAKS
from ..lab import Lab
from ..registry import tool
from ..render.effect import between, score_line, verdict_line
from ..render.picture_words import class_name
from ..render.text import number
from ..statistics.bootstrap import mean_interval
from ..statistics.causal_rule import p_of, percentile, units

LEVELS = (0.5, 0.9, HIGH)
_TOPS = 24


class Halves(NamedTuple):
    """Mean changes of every class on the half that names (0) and the half that scores (1)."""

    naming: np.ndarray
    """`[class]`."""
    scoring: np.ndarray
    each: np.ndarray
    """`[case, class]` of the scoring half."""
    size: float
    """Mean size on the scoring half."""


@tool(needs=("image",))
def unit_effect(lab: Lab, unit: str | None = None) -> Result:
    """Measures what the unit does to the model's classes, with a verdict beside matched units.

    Necessity: resampled where it is active. Sufficiency: its own activation maps put into pictures
    where it is not active, at its 50th, 90th and 99th percentile. Both ranked among 39 matched
    units, which gives the verdict. The classes that it promotes and suppresses are found on half
    of the pictures and scored on the other half.

    Args:
        unit: The unit, such as conv.3/7; left out: the unit under study.
    """
    chosen = lab.chosen(unit)
    if not has_classes(lab.target):
        raise UsageError(
            f"{lab.target.name} gives no classes, so there is nothing to promote; use "
            "ablate_pictures, which measures how far its output turns"
        )
    rows = neutral(lab, chosen)
    tops = strongest(lab, chosen, _TOPS)
    if not tops:
        raise UsageError(f"{chosen} is above 0 on no picture of explore, so it has no effect there")
    if len(rows) < 2:
        raise UsageError("explore has too few pictures to measure an effect on; use more")
    curve = [_halves(lab, given(lab, chosen, rows, level), rows) for level in LEVELS]
    gone = _halves(lab, resampled(lab, chosen, tops), tops)
    up, down = top(curve[-1].naming), top(-curve[-1].naming)
    tested, own, others = causal_test(lab, chosen)

    def moved(change: np.ndarray) -> float:
        return float(change[up].mean())

    levels = np.quantile(unit_peaks(lab, chosen), LEVELS)
    data: dict[str, Any] = {
        "unit": str(chosen),
        "measure": measure_name(lab),
        "verdict": tested.verdict,
        "test": tested.as_dict(),
        "prompts": {"writing": len(rows) // 2, "scoring": len(curve[-1].each)},
        "sufficiency": [
            {
                "percentile": 100 * at,
                "value": float(level),
                "size": one.size,
                "raised": moved(one.scoring),
                "interval": _interval(one.each[:, up].mean(1)),
            }
            for at, level, one in zip(LEVELS, levels, curve, strict=True)
        ],
        "necessity": {
            "windows": len(gone.each),
            "peaks": min(PEAKS, len(tops)),
            "size": own.needed,
            "controls": [one.needed for one in others],
            "change": moved(gone.scoring),
            "interval": _interval(gone.each[:, up].mean(1)),
            "p": tested.necessity.p,
            "percentile": percentile(own.needed, [one.needed for one in others]),
        },
        "controls": [one.held for one in others],
        "p": tested.sufficiency.p,
        "percentile": percentile(own.held, [one.held for one in others]),
        "raised": moved(curve[-1].scoring),
        "direct": None,
        "direct_share": None,
        "held_out": own.score,
        "held_out_p": p_of(own.score, [one.score for one in others]),
        "held_out_median": float(np.median([one.score for one in others])) if others else None,
        "promoted": _listed(lab, up, curve[-1]),
        "suppressed": _listed(lab, down, curve[-1]),
        "redundant": [],
    }
    return Result(_text(data), data)


def _halves(lab: Lab, cases: Sequence[Case], rows: Sequence[int]) -> Halves:
    """Measures cases and splits them by picture; a half without any takes the other's."""
    if not cases:  # below zero at this level: nothing to give
        empty = np.zeros(lab.target.site("logit").units)
        return Halves(empty, empty, np.zeros((1, len(empty))), 0.0)
    found = measure(lab, pictures_of(lab), cases)
    half = np.array([half_of(row) for row in rows])
    parts = [found.change[half == side] for side in (0, 1)]
    parts = [part if len(part) else found.change for part in parts]
    size = found.size[half == 1] if (half == 1).any() else found.size
    return Halves(parts[0].mean(0), parts[1].mean(0), parts[1], float(size.mean()))


def _interval(each: np.ndarray) -> list[float] | None:
    """95% of a mean over pictures, bootstrapped."""
    found = mean_interval(each, resamples=500)
    return None if found is None else list(found)


def _listed(lab: Lab, order: np.ndarray, top: Halves) -> list[dict[str, Any]]:
    """Classes with their rise on both halves."""
    return [
        {
            "token": class_name(lab.target, int(at)),
            "value": float(top.scoring[at]),
            "writing": float(top.naming[at]),
        }
        for at in order
    ]


def _text(data: dict[str, Any]) -> str:
    need, prompts = data["necessity"], data["prompts"]
    rows = [
        f"{data['unit']}: classes named on one half of the pictures, every figure from "
        f"{prompts['scoring']} pictures of the other half",
        verdict_line(data, "99th percentile"),
    ]
    for verb, name in (("promotes", "promoted"), ("suppresses", "suppressed")):
        said = ", ".join(f"{one['token']} {number(one['value'])}" for one in data[name])
        rows.append(f"{verb} (logit over the mean class, nats): {said}")
    rows.append(score_line(data, "classes"))
    rows.append(
        "sufficiency, its own maps put into pictures where it is hardly active; "
        f"{data['measure']}, rise of the classes:"
    )
    for one in data["sufficiency"]:
        rows.append(
            f"  peak {number(one['value'])} (percentile {one['percentile']:g}): "
            f"{number(one['size'])}, {number(one['raised'])}{between(one['interval'])}"
        )
    if n := len(data["controls"]):
        above = round(data["percentile"] * n / 100)
        rows.append(
            f"  at its 99th its size is larger than that of {above} of {units(n)}, each at its own"
        )
    rows.append(
        f"necessity, resampled on {need['windows']} pictures where it peaks: the classes change by "
        f"{number(need['change'])}{between(need['interval'])}"
    )
    return "\n".join(rows)
