"""Covers parts of a picture and measures the unit: which parts does the activation need, and which
are enough?

1. Occlusion map: a square of grey or of the picture blurred is moved over the picture; the drop of
   the activation at each place says how much that place is needed (Zeiler and Fergus, 2014).
2. Mask tests: the unit's active region is kept on a covered background (is it enough?), and covered
   itself (is it needed?), each beside the same with regions as large, shifted at random.
3. On a drawn scene each thing, and the background, is removed exactly and kept alone: does the unit
   follow the object or what is behind it?
"""

from itertools import product
from typing import Any

import numpy as np

from ..activations.measured import of_recipes
from ..activations.records import reference
from ..data.image_rows import ImageRows
from ..errors import UsageError
from ..evidence import Result
from ..images.maps import enlarged, maps, region
from ..images.recipes import Recipe, made_rows, recipe_of, with_edit
from ..images.regions import box_of
from ..lab import Lab
from ..models import Unit
from ..registry import tool
from ..render.contact_sheet import contact_sheet, keep
from ..render.picture_words import caption, known_scene, main_colours, thing_words, where
from ..render.text import number
from ..scenes.scene import Scene

_CELLS = 7
_OVERLAP = 2.0  # sides of a cell that the covering square has
_CONTROLS = 20
_FILLS = ("grey", "blur")


@tool(needs=("image",))
def occlude(
    lab: Lab, picture: int | str | dict[str, Any], unit: str | None = None, *, cells: int = _CELLS
) -> Result:
    """Covers parts of a picture and measures the unit: which places does it need, and is its active
    region needed and enough? On a drawn scene: does it follow the object or its background?

    An occlusion map, and mask tests of the active region beside random regions as large. On a
    drawn scene each thing and the background are removed and kept alone, exactly.

    Args:
        picture: A window number, a prompt, a scene or a recipe.
        unit: The unit, such as conv.3/7; left out: the unit under study.
        cells: Places of the occlusion map in each direction, 3 to 12.
    """
    chosen = lab.chosen(unit)
    recipe = recipe_of(lab, picture)
    base = of_recipes(lab, chosen, [recipe], source="occlude")
    peak = float(base.values[0])
    if not np.isfinite(peak) or peak <= 0:
        raise UsageError(
            f"{chosen} is at {number(peak)} on this picture: there is nothing to cover away; take "
            "one where it is active"
        )
    cells = max(3, min(cells, 12))
    drop = _map(lab, chosen, recipe, peak, cells)
    masks = _mask_tests(lab, chosen, recipe, base.rows)
    scene = known_scene(base.rows, 0)
    parts = [] if scene is None else _scene_tests(lab, chosen, scene)
    items = [*base.items, *(entry for test in masks for entry in test.pop("items"))]
    items += [part.pop("item") for part in parts]
    name = f"window {recipe['window']}" if "window" in recipe else caption(base.rows, 0)
    rows = [
        f"{chosen} on {name}: {number(peak)} ({reference(lab, chosen)})",
        *_map_lines(base.rows, drop, peak),
        *(_mask_line(test, peak) for test in masks),
        *(
            f"{part['part']}: {number(part['after'])} ({part['after'] / peak:.0%})"
            for part in parts
        ),
    ]
    return Result(
        "\n".join(rows),
        {
            "unit": str(chosen),
            "picture": recipe,
            "peak": peak,
            "map": drop,
            "masks": masks,
            "parts": parts,
            "measured": items,
        },
        _drawn(lab, base.rows, drop),
    )


def _map(lab: Lab, unit: Unit, recipe: Recipe, peak: float, cells: int) -> np.ndarray:
    """The drop of the activation with a square over each place in turn, float32 `[row, column]`.

    The lesser of two fills, so that what one fill adds by itself is not taken for a loss.
    """
    half = _OVERLAP / (2 * cells)
    recipes: list[Recipe] = []
    for fill, row, column in product(_FILLS, range(cells), range(cells)):
        y, x = (row + 0.5) / cells, (column + 0.5) / cells
        box = [max(0, x - half), max(0, y - half), min(1, x + half), min(1, y + half)]
        recipes.append(_covered(recipe, {"box": [round(v, 4) for v in box]}, fill))
    rows = made_rows(lab, recipes)
    values = np.nan_to_num(lab.activations(rows, [unit])[0, :, 0], nan=peak)
    drop = peak - values.reshape(len(_FILLS), cells, cells)
    return drop.min(0).astype(np.float32)


def _covered(recipe: Recipe, area: dict[str, Any], fill: str, edit: str = "cover") -> Recipe:
    return with_edit(recipe, {"edit": edit, "region": area, "fill": fill})


def _mask_tests(lab: Lab, unit: Unit, recipe: Recipe, rows: ImageRows) -> list[dict[str, Any]]:
    """The active region covered, and kept alone, beside regions as large somewhere else."""
    values = maps(lab, rows, unit)
    if values is None:
        return []
    active = region(values[0], lab.target.image.size)  # type: ignore[union-attr]
    if active is None or active.mask.mean() > 0.9:
        return []
    area: dict[str, Any] = {"unit": str(unit), "level": 0.25, "grow": 0.03}
    if "edits" in recipe:  # regions are found in the picture that the edits start from
        area = {"box": box_of(active.mask, 4)}
    shifts = lab.rng().uniform(0.2, 0.8, (_CONTROLS, 2)).round(3).tolist()
    tests = []
    for edit, what in (("cover", "needed"), ("background", "enough")):
        own = of_recipes(
            lab,
            unit,
            [_covered(recipe, area, fill, edit) for fill in _FILLS],
            source=f"occlude:{what}",
        )
        others = made_rows(
            lab,
            [
                _covered(recipe, {**area, "shift": shift}, _FILLS[at % 2], edit)
                for at, shift in enumerate(shifts)
            ],
        )
        controls = lab.activations(others, [unit])[0, :, 0]
        mean = float(own.values.mean())
        below = controls < mean if edit == "background" else controls > mean
        tests.append(
            {
                "test": what,
                "area": float(active.mask.mean()),
                "after": mean,
                "controls": controls,
                "control_mean": float(controls.mean()),
                "p": (1 + int((~below).sum())) / (1 + len(controls)),
                "items": own.items,
            }
        )
    return tests


def _scene_tests(lab: Lab, unit: Unit, scene: Scene) -> list[dict[str, Any]]:
    """Every thing without the others and the others without it; other backgrounds; none at all."""
    plain = {"background": "plain", "colour": "grey", "texture": "plain"}
    variants: list[tuple[str, Scene]] = []
    for at, thing in enumerate(scene.things):
        name = thing_words(thing)
        rest = tuple(other for k, other in enumerate(scene.things) if k != at)
        variants.append((f"without {name}", scene.model_copy(update={"things": rest})))
        variants.append(
            (f"{name} alone on grey", scene.model_copy(update={"things": (thing,), **plain}))
        )
    variants.append(("all things on grey", scene.model_copy(update=plain)))
    variants.append(("the background alone", scene.model_copy(update={"things": ()})))
    made = of_recipes(
        lab, unit, [{"scene": one.model_dump()} for _, one in variants], source="occlude:scene"
    )
    return [
        {"part": name, "after": float(made.values[at]), "item": made.items[at]}
        for at, (name, _) in enumerate(variants)
    ]


def _map_lines(rows: ImageRows, drop: np.ndarray, peak: float) -> list[str]:
    """Where covering costs most, and the map as digits: tenths of the peak that are lost."""
    cells = len(drop)
    if drop.max() < 0.1 * peak:
        return ["no square costs more than 10% of the activation: it is spread, or has substitutes"]
    row, column = np.unravel_index(int(drop.argmax()), drop.shape)
    large = enlarged(np.maximum(drop, 0), rows.seen(0).shape[:2])
    mask = large >= 0.5 * large.max()
    digits = [
        " ".join(str(int(np.clip(10 * value / peak, 0, 9))) for value in line) for line in drop
    ]
    most = (
        f"covering a square of {_OVERLAP / cells:.0%} of the side costs most at the {where(mask)} "
        f"(row {row + 1}, column {column + 1} of {cells}): {number(float(drop.max()))} "
        f"({drop.max() / peak:.0%}); colours there {main_colours(rows.seen(0)[mask])}"
    )
    return [most, "map of what covering costs, in tenths of the activation:", *digits]


def _mask_line(test: dict[str, Any], peak: float) -> str:
    what = (
        "active region covered" if test["test"] == "needed" else "all but the active region covered"
    )
    return (
        f"{what} ({test['area']:.0%} of the picture): {number(test['after'])} "
        f"({test['after'] / peak:.0%}); {len(test['controls'])} regions as large elsewhere: mean "
        f"{number(test['control_mean'])}, p={test['p']:.2g}"
    )


def _drawn(lab: Lab, rows: ImageRows, drop: np.ndarray) -> tuple[Any, ...]:
    """The picture, and the picture lit where covering costs."""
    if lab.evidence.folder is None:
        return ()
    seen = rows.seen(0)
    drop = enlarged(np.maximum(drop, 0), seen.shape[:2])
    light = 0.2 + 0.8 * drop / max(float(drop.max()), 1e-9)
    lit = (seen * light[..., None]).round().astype(np.uint8)
    sheet = contact_sheet([seen, lit], ["the picture", "what covering costs"])
    return keep(lab, sheet, "occlude")
