"""Ablates units on pictures: what the model's output loses without them, against matched controls.

1. Pictures: those of explore where the units peak, or pictures given.
2. The units are set to 0, to their mean over explore, or scaled, at every place.
3. The effect: KL of the classes, and the classes whose log-probability changes most; where there
   are no classes, the turn of the output.
4. The same for 20 random sets of units of the same sites, matched in firing rate and size; on
   explore each on its own strongest pictures, on given pictures all on the same.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np

from ..activations.records import item
from ..activations.unit_stats import CONTROLS, matched, strongest
from ..errors import UsageError
from ..evidence import Result
from ..images.recipes import made_rows, pictures_of, recipe_of
from ..interventions.class_change import Case, Effects, measure, removal
from ..interventions.controls import control_sets
from ..interventions.matched_control import compare, measure_name, verdict
from ..lab import Lab
from ..models import Target, Unit
from ..registry import UpTo, tool
from ..render.picture_words import class_name

_MOST_UNITS = 64
_CLASSES = 5
Units = tuple[Unit, ...]


@tool(needs=("image",))
def ablate_pictures(
    lab: Lab,
    units: list[str] | None = None,
    *,
    pictures: list[int | str | dict[str, Any]] | None = None,
    method: Literal["zero", "mean", "scale"] = "zero",
    factor: float = 0.0,
    many: Annotated[int, UpTo(32, 2)] = 8,
) -> Result:
    """Switches units off on pictures: the change of the model's classes, beside random units
    matched in firing rate and size.

    Args:
        units: Ablated together; left out: the unit under study.
        pictures: Window numbers, prompts, scenes or recipes; left out: those of explore where the
            units peak.
        method: zero; mean of explore; scale: times factor.
        factor: For scale: 0 removes, 2 doubles.
        many: Pictures of explore.
    """
    chosen = tuple(dict.fromkeys(lab.target.unit(name) for name in units or []))
    chosen = chosen or (lab.chosen(None),)
    if len(chosen) > _MOST_UNITS:
        raise UsageError(f"{len(chosen)} units are too many; ablate at most {_MOST_UNITS} at once")
    recipes = [recipe_of(lab, one) for one in pictures or []][:32]
    rows = made_rows(lab, recipes) if recipes else pictures_of(lab)
    own = list(range(len(recipes))) if recipes else _peaks(lab, chosen, many)
    if not own:
        raise UsageError(
            f"{', '.join(map(str, chosen[:6]))} is above 0 on no picture of explore; pass pictures"
        )
    sets = [chosen, *control_sets([matched(lab, u, CONTROLS, but=chosen) for u in chosen])]
    sizes: list[np.ndarray] = []
    first: Effects | None = None
    for at, group in enumerate(sets):
        key = ("picture ablation", group, method, factor, many)
        if at and not recipes and key in lab.memo:
            sizes.append(lab.memo[key])
            continue
        where = own if recipes or not at else _peaks(lab, group, many)
        changes = tuple(removal(lab, unit, method, factor) for unit in group)
        effects = measure(lab, rows, [Case(row, changes) for row in where])
        first = effects if first is None else first
        sizes.append(effects.size)
        if at and not recipes:
            lab.memo[key] = effects.size
    assert first is not None
    against = compare([size.tolist() for size in sizes], lab.rng())
    done = {"zero": "set to 0", "mean": "set to the mean", "scale": f"times {factor:g}"}[method]
    what = "given pictures" if recipes else "pictures of explore where it peaks"
    text = [
        f"{', '.join(map(str, chosen[:6]))} {done} on {len(own)} {what}",
        verdict(lab, against, "on the same pictures" if recipes else "each on its own peaks"),
        *class_lines(lab.target, first, "ablation"),
    ]
    data: dict[str, Any] = {
        "units": [str(unit) for unit in chosen],
        "method": method,
        "effect": {
            "measure": measure_name(lab),
            "mean": against.mean,
            "interval": against.interval,
            "each": first.size,
            "classes": class_table(lab.target, first),
        },
        "controls": against.controls,
        "percentile": against.percentile,
        "p": against.p,
        "pictures": recipes or [{"window": at} for at in own],
    }
    if recipes:
        values = lab.activations(rows, [chosen[0]])[0, :, 0]
        data["measured"] = [
            item(chosen[0], rows, at, values[at], source="ablate", **_place(recipe))
            for at, recipe in enumerate(recipes)
        ]
    return Result("\n".join(text), data)


def class_table(target: Target, effects: Effects, most: int = _CLASSES) -> list[dict[str, Any]]:
    """The classes that change most, with the mean change of their log-probability."""
    if effects.log_probability is None:
        return []
    mean = effects.log_probability.mean(0)
    order = np.argsort(-np.abs(effects.change.mean(0)), kind="stable")[: 2 * most]
    return [
        {
            "class": class_name(target, int(at)),
            "log_probability": float(mean[at]),
            "logit": float(effects.change[:, at].mean()),
        }
        for at in order
    ]


def class_lines(target: Target, effects: Effects, what: str) -> list[str]:
    """The classes that fall and rise most, for a planner."""
    table = class_table(target, effects)
    if not table:
        return []
    down = [row for row in table if row["logit"] < 0][:_CLASSES]
    up = [row for row in table if row["logit"] > 0][:_CLASSES]

    def said(rows: Sequence[dict[str, Any]]) -> str:
        return ", ".join(f"{r['class']} {r['logit']:+.3g}" for r in rows) or "none"

    return [
        f"logit over the mean class, nats; {what} lowers: {said(down)}; raises: {said(up)}",
    ]


def _peaks(lab: Lab, units: Units, many: int) -> list[int]:
    """The pictures where units peak, in turn, each once."""
    ranked = [strongest(lab, unit, many) for unit in units]
    mixed = [one[at] for at in range(many) for one in ranked if at < len(one)]
    return list(dict.fromkeys(mixed))[:many]


def _place(recipe: Any) -> dict[str, Any]:
    return {"window": recipe["window"]} if "window" in recipe else {"recipe": recipe}
