"""Measures a unit on pictures that a tool made, in the form that evidence keeps.

{"unit": ..., "window": 17 | "recipe": {...}, "source": ..., "tokens": [caption],
 "activations": [peak]}
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..data.image_rows import ImageRows
from ..evidence import plain
from ..images.recipes import Recipe, made_rows
from ..lab import Lab
from ..models import Unit
from ..render.picture_words import caption
from ..render.text import number
from .records import activity, flat

MOST_PICTURES = 64
"""Pictures of one call."""


class Made(NamedTuple):
    """Pictures with the unit's activations."""

    rows: ImageRows
    values: np.ndarray
    """float32 `[image]`, NaN where it was not finite."""
    items: list[dict[str, Any]]
    """The same in the form of `measured`."""


def item(
    unit: Unit,
    rows: ImageRows,
    row: int,
    value: float,
    *,
    source: str,
    window: int | None = None,
    recipe: Recipe | None = None,
    **more: Any,
) -> dict[str, Any]:
    """One entry of `measured`: a row of explore, or a recipe."""
    where: dict[str, Any] = {"recipe": recipe} if window is None else {"window": int(window)}
    return {
        "unit": str(unit),
        **where,
        "source": source,
        "tokens": [caption(rows, row)],
        "activations": [float(value) if np.isfinite(value) else None],
        **more,
    }


def of_explore(
    lab: Lab, unit: Unit, windows: Sequence[int], *, source: str, **more: Any
) -> list[dict[str, Any]]:
    """Entries of `measured` for pictures of explore."""
    column = lab.column(unit)
    rows: Any = lab.explore
    return [item(unit, rows, at, column[at, 0], source=source, window=at, **more) for at in windows]


def of_recipes(
    lab: Lab,
    unit: Unit,
    recipes: Sequence[Recipe],
    *,
    source: str,
    more: Sequence[Mapping[str, Any]] | None = None,
) -> Made:
    """Makes the pictures and measures the unit on them.

    Args:
        lab: The bench.
        unit: The unit.
        recipes: What to make.
        source: Where the pictures come from, for the record.
        more: Further fields of each entry.
    """
    recipes = [plain(recipe) for recipe in recipes]  # as they are kept, so that replay draws these
    rows = made_rows(lab, recipes)
    values = lab.activations(rows, [unit])[0, :, 0]  # [image]
    values = np.where(np.isfinite(values), values, np.nan)
    extra = more or [{}] * len(rows)
    items = []
    for at, recipe in enumerate(recipes):
        known = "window" in recipe
        place: dict[str, Any] = {"window": recipe["window"]} if known else {"recipe": recipe}
        items.append(item(unit, rows, at, values[at], source=source, **place, **extra[at]))
    return Made(rows, values, items)


def reference(lab: Lab, unit: Unit) -> str:
    """What activations of the unit are to be compared with."""
    values = flat(lab, unit).values
    if not values.size:
        return "not measured on explore"
    return (
        f"on explore: median {number(float(np.median(values)))}, active above "
        f"{number(activity(values))}, max {number(float(values.max()))}"
    )
