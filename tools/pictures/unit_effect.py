"""What one unit does to the classes of a vision model: is it needed, is it enough, for which ones.

1. The pictures of explore are split in two halves: one names the classes, the other gives every
   figure.
2. Sufficiency: pictures on which the unit is hardly active, drawn without looking further, are
   given the unit's own map from pictures where it peaks at its 50th, 90th and 99th percentile: a
   dose-response curve over maps that the unit really has.
3. Necessity: on the pictures where it peaks it is set to 0 at every place.
4. Classes: those whose logit rises most by giving it and falls most by removing it, on the first
   half, over the mean of all classes.
5. Score, on the second half: the change of these classes beside what 20 units, matched in firing
   rate and size, do to the same classes (p), and how well the change tells them from the classes
   that those units change most (AUROC).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..against import measure_name
from ..errors import UsageError
from ..evidence import Result
from ..lab import Lab
from ..models import Unit
from ..registry import tool
from ..render_text import number
from ..unit_effect import verdict
from .output_effects import (
    Case,
    Effects,
    has_classes,
    measure,
    own_maps,
    put_in,
    removal,
)
from .profile import CONTROLS, matched, profile, strongest
from .recipes import pictures_of
from .words import class_name

LEVELS = (0.5, 0.9, 0.99)
_TOPS = 24
_NEUTRAL = 16
_SOURCES = 8
_NAMED = 5
_OFF = 0.25  # of its 99th percentile: up to there a unit counts as hardly active
_LOWEST = 0.2  # and on this share of pictures in any case


class Halves(NamedTuple):
    """Mean changes of every class on the half that names (0) and the half that scores (1)."""

    naming: np.ndarray
    """`[class]`."""
    scoring: np.ndarray
    each: np.ndarray
    """`[case, class]` of the scoring half."""
    size: float
    """Mean size on the scoring half."""


class Control(NamedTuple):
    """What one matched unit does, on the scoring half."""

    given: np.ndarray
    """`[class]` mean change when it is given at its 99th percentile."""
    removed: np.ndarray
    size: float
    alone: float
    """Size of its removal."""


@tool(needs=("image",))
def unit_effect(lab: Lab, unit: str | None = None) -> Result:
    """Measures in one call what the unit does to the classes that the model gives. Necessity:
    removed where it is active. Sufficiency: its own activation maps put into pictures where it is
    not active, at its 50th, 90th and 99th percentile. The classes that it promotes and suppresses,
    found on half of the pictures and scored on the other half against matched units.

    Args:
        unit: The unit, such as conv.3/7; left out: the unit under study.
    """
    chosen = lab.chosen(unit)
    if not has_classes(lab.target):
        raise UsageError(
            f"{lab.target.name} gives no classes, so there is nothing to promote; use "
            "ablate_pictures, which measures how far its output turns"
        )
    neutral = _neutral(lab, chosen)
    if not strongest(lab, chosen, 1):
        raise UsageError(f"{chosen} is above 0 on no picture of explore, so it has no effect there")
    if len(neutral) < 2:
        raise UsageError("explore has too few pictures to measure an effect on; use more")
    curve = [_given(lab, chosen, neutral, level) for level in LEVELS]
    gone = _removed(lab, chosen)
    total = [one - other for one, other in zip(curve[-1][:2], gone[:2], strict=True)]
    many = max(1, min(_NAMED, len(total[0]) // 4))
    up, down = (np.argsort(-sign * total[0], kind="stable")[:many] for sign in (1, -1))
    controls = [_control(lab, other) for other in matched(lab, chosen, CONTROLS)]

    def moved(change: np.ndarray) -> float:
        return float(change[up].mean())

    given = [moved(one.given) for one in controls]
    removed = [moved(-one.removed) for one in controls]
    levels = np.quantile(_peaks(lab, chosen), LEVELS)
    data: dict[str, Any] = {
        "unit": str(chosen),
        "measure": measure_name(lab),
        "prompts": {"writing": len(neutral) // 2, "scoring": len(curve[-1].each)},
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
            "size": gone.size,
            "controls": [one.alone for one in controls],
            "change": moved(gone.scoring),
            "interval": _interval(gone.each[:, up].mean(1)),
            "p": _p(moved(-gone.scoring), removed),
            "percentile": _percentile(gone.size, [one.alone for one in controls]),
        },
        "controls": [one.size for one in controls],
        "p": _p(moved(curve[-1].scoring), given),
        "percentile": _percentile(curve[-1].size, [one.size for one in controls]),
        "raised": moved(curve[-1].scoring),
        "direct": None,
        "direct_share": None,
        "held_out": _auroc(total[1], up, [one.given - one.removed for one in controls], many),
        "promoted": _listed(lab, up, curve[-1]),
        "suppressed": _listed(lab, down, curve[-1]),
        "redundant": [],
    }
    data["verdict"] = verdict(data)
    return Result(_text(data), data)


def _peaks(lab: Lab, unit: Unit) -> np.ndarray:
    return profile(lab, unit.site, unit.sign).peaks[:, unit.index]


def _half(row: int) -> int:
    """0: names the classes; 1: scores them."""
    return row % 2


def _neutral(lab: Lab, unit: Unit) -> list[int]:
    """Pictures of explore on which the unit is hardly active, the same few for all units."""
    known = profile(lab, unit.site, unit.sign)
    low, high = np.quantile(_peaks(lab, unit), (_LOWEST, LEVELS[-1]))
    bar = max(_OFF * float(high), float(low))
    order = np.random.default_rng([lab.seed, 17]).permutation(len(known.pictures))
    rows = [int(known.pictures[at]) for at in order if known.peaks[at, unit.index] <= bar]
    halves = [[row for row in rows if _half(row) == side][: _NEUTRAL // 2] for side in (0, 1)]
    return [*halves[0], *halves[1]]


def _given(
    lab: Lab, unit: Unit, neutral: Sequence[int], level: float, sources: int = _SOURCES
) -> Halves:
    """The unit's own maps, of pictures where it peaks near a level, put into neutral pictures."""
    known = profile(lab, unit.site, unit.sign)
    peaks = _peaks(lab, unit)
    wanted = float(np.quantile(peaks, level))
    near = np.argsort(abs(peaks - wanted), kind="stable")
    near = [int(at) for at in near if peaks[at] > 0][:sources]
    explore = pictures_of(lab)
    if not near or wanted <= 0:  # below zero at this level: nothing to give
        empty = np.zeros(len(_zero_change(lab)))
        return Halves(empty, empty, np.zeros((1, len(empty))), 0.0)
    maps = own_maps(lab, explore.rows([int(known.pictures[at]) for at in near]), [unit])[unit]
    cases = []
    for at, row in enumerate(neutral):
        source = at % len(near)
        scaled = maps[source] * (wanted / float(peaks[near[source]]))
        cases.append(Case(row, (put_in(unit, scaled),)))
    return _halves(measure(lab, explore, cases), neutral)


def _removed(lab: Lab, unit: Unit, many: int = _TOPS) -> Halves:
    """The unit set to 0 where it peaks."""
    rows = strongest(lab, unit, many)
    cases = [Case(row, (removal(lab, unit),)) for row in rows]
    return _halves(measure(lab, pictures_of(lab), cases), rows)


def _halves(found: Effects, rows: Sequence[int]) -> Halves:
    """Splits cases by picture; a half without any takes the other's."""
    half = np.array([_half(row) for row in rows])
    parts = [found.change[half == side] for side in (0, 1)]
    parts = [part if len(part) else found.change for part in parts]
    size = found.size[half == 1] if (half == 1).any() else found.size
    return Halves(parts[0].mean(0), parts[1].mean(0), parts[1], float(size.mean()))


def _control(lab: Lab, unit: Unit) -> Control:
    """The same of a matched unit, on half as many pictures; kept for the next unit of the site."""
    key = ("picture effect", unit)
    if key not in lab.memo:
        neutral = _neutral(lab, unit) or [0]
        scoring = [row for row in neutral if _half(row) == 1] or neutral
        given = _given(lab, unit, scoring, LEVELS[-1], _SOURCES // 2)
        gone = _removed(lab, unit, _TOPS // 2)
        lab.memo[key] = Control(given.scoring, gone.scoring, given.size, gone.size)
    return lab.memo[key]


def _zero_change(lab: Lab) -> np.ndarray:
    return np.zeros(lab.target.site("logit").units)


def _interval(each: np.ndarray) -> list[float] | None:
    """95% of a mean over pictures, bootstrapped."""
    if len(each) < 2:
        return None
    draws = np.random.default_rng(0).choice(each, (500, len(each))).mean(1)
    return [float(edge) for edge in np.quantile(draws, [0.025, 0.975])]


def _p(own: float, controls: Sequence[float]) -> float | None:
    """One-sided: how often matched units do as much to the same classes; None without any."""
    if not controls:
        return None
    return (1 + sum(one >= own - 1e-9 for one in controls)) / (1 + len(controls))


def _percentile(own: float, controls: Sequence[float]) -> float:
    below = sum(c < own for c in controls) + 0.5 * sum(c == own for c in controls)
    return 100 * below / len(controls) if controls else 50.0


def _auroc(
    change: np.ndarray, named: np.ndarray, others: Sequence[np.ndarray], many: int
) -> float | None:
    """How well the change tells the named classes from those of matched units."""
    tops = {int(at) for one in others for at in np.argsort(-one, kind="stable")[:many]}
    rest = sorted((tops or set(range(len(change)))) - set(named.tolist()))
    if not rest:
        rest = sorted(set(range(len(change))) - set(named.tolist()))
    if not rest:
        return None
    gap = change[named][:, None] - change[rest][None]
    return float((gap > 0).mean() + 0.5 * (gap == 0).mean())


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
        f"{prompts['scoring']} pictures of the other half"
    ]
    for verb, name in (("promotes", "promoted"), ("suppresses", "suppressed")):
        said = ", ".join(f"{one['token']} {number(one['value'])}" for one in data[name])
        rows.append(f"{verb} (logit over the mean class, nats): {said}")
    if data["held_out"] is not None:
        rows.append(
            f"held-out score {data['held_out']:.2f}: AUROC of the promoted classes' change against "
            f"the classes of {len(data['controls'])} matched units (chance .50)"
        )
    rows.append(
        "sufficiency, its own maps put into pictures where it is hardly active; "
        f"{data['measure']}, rise of the classes:"
    )
    for one in data["sufficiency"]:
        rows.append(
            f"  peak {number(one['value'])} (percentile {one['percentile']:g}): "
            f"{number(one['size'])}, {number(one['raised'])}{_between(one['interval'])}"
        )
    rows.append(
        "  the site has no other unit to compare with"
        if data["p"] is None
        else f"  matched units raise these classes as much: p={data['p']:.2g}; size at percentile "
        f"{data['percentile']:.0f} of theirs"
    )
    p = "no control" if need["p"] is None else f"p={need['p']:.2g}"
    rows.append(
        f"necessity, set to 0 on {need['windows']} pictures where it peaks: the classes change by "
        f"{number(need['change'])}{_between(need['interval'])}, {p}; size {number(need['size'])}, "
        f"percentile {need['percentile']:.0f}"
    )
    rows.append(
        "verdict: these classes are its effect"
        if data["verdict"] != "none"
        else "verdict: no effect on classes beyond matched units"
    )
    return "\n".join(rows)


def _between(interval: Sequence[float] | None) -> str:
    return f" [{number(interval[0])}, {number(interval[1])}]" if interval else ""
