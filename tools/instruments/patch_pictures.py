"""Patches a unit between pictures: its whole map in one is put into another, place by place.

1. The unit's values on the source replace its own on the destination.
2. The effect on the classes of the destination, and the same for 20 matched random units, each with
   its own values on the source.
3. How far the output goes toward the source's own output.
"""

from typing import Any

import numpy as np

from ..activations.measured import of_recipes
from ..activations.unit_stats import CONTROLS, matched
from ..evidence import Result
from ..images.recipes import recipe_of
from ..interventions.class_change import Case, Effects, measure, outputs, own_maps, put_in
from ..interventions.matched_control import compare, verdict
from ..lab import Lab
from ..registry import tool
from ..render.picture_words import caption
from ..render.text import number
from .ablate_pictures import class_lines, class_table


@tool(needs=("image",))
def patch_pictures(
    lab: Lab,
    source: int | str | dict[str, Any],
    destination: int | str | dict[str, Any],
    unit: str | None = None,
) -> Result:
    """Puts the unit's activation map from one picture into another: does it carry what tells them
    apart?

    The change of the other's classes stands beside matched random units patched in the same way.

    Args:
        source: The picture that gives: a window number, a prompt, a scene or a recipe.
        destination: The picture that gets it.
        unit: The unit, such as conv.3/7; left out: the unit under study.
    """
    chosen = lab.chosen(unit)
    recipes = [recipe_of(lab, source), recipe_of(lab, destination)]
    found = of_recipes(lab, chosen, recipes, source="patch")
    units = [chosen, *matched(lab, chosen, CONTROLS)]
    maps = own_maps(lab, found.rows.rows([0]), units)
    effects = measure(lab, found.rows, [Case(1, (put_in(one, maps[one][0]),)) for one in units])
    against = compare([[float(size)] for size in effects.size], lab.rng())
    own = Effects(
        effects.size[:1],
        effects.change[:1],
        None if effects.log_probability is None else effects.log_probability[:1],
    )
    way = np.diff(outputs(lab, found.rows).numpy()[::-1], axis=0)[0]  # [output] to the source
    way = way - way.mean() if effects.log_probability is not None else way
    toward = float(own.change[0] @ way / max(float(way @ way), 1e-12))
    here, there = (float(value) for value in found.values)
    text = [
        f"{chosen}: its map (peak {number(here)}) of: {caption(found.rows, 0)}",
        f"put over its map (peak {number(there)}) in: {caption(found.rows, 1)}",
        verdict(lab, against, "patched in the same way"),
        f"the output goes {toward:.1%} of the way to the source's own output",
        *class_lines(lab.target, own, "the patch"),
    ]
    return Result(
        "\n".join(text),
        {
            "unit": str(chosen),
            "effect": {
                "mean": against.mean,
                "toward_source": toward,
                "classes": class_table(lab.target, own),
            },
            "controls": against.controls,
            "percentile": against.percentile,
            "p": against.p,
            "measured": found.items,
        },
    )
