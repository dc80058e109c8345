"""Edits pictures in many ways and measures the unit before and after each.

1. A picture is a number of explore, a prompt, a scene or a recipe.
2. Where its scene is known, things and background are changed in the scene, exactly, and it is
   drawn again; what names a `region`, and what only pixels have (blur, grey, crop ...), is done on
   pixels. A photo is changed on pixels alone, where the unit is active if no region is named.
3. An instruction goes to an image model, where the lab has one.
"""

from collections.abc import Mapping, Sequence
from itertools import islice, product
from typing import Any, NamedTuple

import numpy as np

from ..activations.measured import MOST_PICTURES, note_line, of_recipes
from ..activations.records import reference
from ..data.pictures import Picture
from ..data.scene_pictures import SIDE, side_for
from ..errors import UsageError
from ..evidence import Result, plain
from ..images.backends import backend_of, edited
from ..images.pixels import OPS
from ..images.recipes import (
    Recipe,
    made_rows,
    picture,
    pictures_of,
    recipe_of,
    with_edit,
)
from ..io.plain_text import clip
from ..lab import Lab
from ..models import Unit
from ..registry import tool
from ..render.captions import show
from ..render.picture_words import told
from ..render.text import number
from ..scenes.drawing import drawable
from ..scenes.edits import EDIT_NAMES
from ..scenes.edits import apply as edit_scene

_LISTED = ("colour", "texture", "size", "name", "background", "fill", "which", "radius")
_NEED_REGION = ("cover", "background", "keep", "remove", "recolour", "move", "paste", "replace")
_WIDE = {"level": 0.25, "grow": 0.03}  # of the active region, where none is named
_MOST_BASES = 8
_MOST_STEPS = 8
_SHOWN = 24
"""Pictures that are described in full."""


class Variant(NamedTuple):
    """One edited picture."""

    base: int
    edit: str
    """What was done, in a few words."""
    recipe: Recipe


@tool(needs=("image",))
def edit_image(
    lab: Lab,
    pictures: list[int | str | dict[str, Any]] | int | str | dict[str, Any],
    edits: list[dict[str, Any] | list[dict[str, Any]]],
    unit: str | None = None,
) -> Result:
    """Measures the unit on pictures and on many edited variants of them: what does the activation
    need, and what may stand in its place? Each edit starts from the original. A list of edits is
    made in order; a list of colours, names or backgrounds makes one variant each.
    Drawn scenes: {"edit": "recolour", "which": "the red cat", "colour": ["blue", "green"]},
    {"edit": "replace", "which": "cat", "name": ["dog", "car"]}, remove, keep, retexture (texture),
    resize (size or by), move (to places, or x and y), add (thing: "a small red circle"), swap
    (what, first, second), {"edit": "background", "background": "sea"} or its colour, texture.
    Pixels of any picture: grey, blur (radius), flip, rotate (degrees), brightness (by), crop (box),
    and with a region: cover (fill), background (fill: what is outside), remove, recolour (colour),
    move (by [right, down]), replace (name), paste (picture). Regions: {"box": [left, top, right,
    bottom]} in shares, {"thing": "cat"}, {"colour": "red"}, {"unit": "conv.3/7"}, {"not": REGION};
    on photos left out: where the unit is active. fill: a colour, "mean", "blur".
    {"edit": "instruct", "text": "make it night", "by": "openai"} asks an image model.

    Args:
        pictures: The originals, at most 8: window numbers of explore, prompts, scenes or recipes.
        edits: The edits, at most 64 variants in all.
        unit: The unit, such as conv.3/7; left out: the unit under study.
    """
    chosen = lab.chosen(unit)
    given = pictures if isinstance(pictures, list) else [pictures]
    bases = [recipe_of(lab, one) for one in given]
    notes: list[str] = []
    if len(bases) > _MOST_BASES:
        notes.append(f"only the first {_MOST_BASES} of {len(bases)} pictures were edited")
        bases = bases[:_MOST_BASES]
    variants = _variants(lab, chosen, bases, edits, notes)
    if not variants:
        raise UsageError("no edit could be made: " + ("; ".join(notes) or "pass edits"))
    if len(variants) > MOST_PICTURES - len(bases):
        room = MOST_PICTURES - len(bases)
        notes.append(f"only the first {room} of {len(variants)} variants were measured")
        variants = variants[:room]
    made = of_recipes(
        lab,
        chosen,
        [*bases, *(variant.recipe for variant in variants)],
        source="edit",
        more=[{}] * len(bases) + [{"edit": variant.edit} for variant in variants],
    )
    names = ["original"] * len(bases) + [variant.edit for variant in variants]
    first = slice(0, _SHOWN)
    shown = show(
        lab,
        chosen,
        made.rows.rows(first),
        made.values[first],
        names=names[first],
        sheet="edits",
        captions=[at < len(bases) and told(made.rows, at) for at in range(len(names[first]))],
    )
    before = made.values[: len(bases)]
    table = [
        {
            "edit": variant.edit,
            "original": variant.base,
            "before": float(before[variant.base]),
            "after": float(value),
            "change": float(value - before[variant.base]),
        }
        for variant, value in zip(variants, made.values[len(bases) :], strict=True)
    ]
    head = f"{chosen} before and after each edit ({reference(lab, chosen)}):"
    return Result(
        "\n".join([head, *_lines(table, shown.lines, len(bases)), note_line(notes)]).rstrip(),
        {
            "unit": str(chosen),
            "originals": made.items[: len(bases)],
            "variants": table,
            "measured": made.items,
            "refused": notes,
        },
        shown.images,
    )


def _variants(
    lab: Lab,
    unit: Unit,
    bases: Sequence[Recipe],
    edits: Sequence[dict[str, Any] | list[dict[str, Any]]],
    notes: list[str],
) -> list[Variant]:
    """Every edit of every picture; what cannot be made goes to the notes."""
    out: list[Variant] = []
    for edit in edits:
        steps = (edit if isinstance(edit, list) else [edit])[:_MOST_STEPS]
        for combined in islice(product(*(_spread(step) for step in steps)), MOST_PICTURES):
            if len(out) + len(notes) > 2 * MOST_PICTURES:
                return out
            words = ", then ".join(_words(step) for step in combined)
            for at, base in enumerate(bases):
                try:
                    out.append(Variant(at, words, _edited(lab, unit, base, combined)))
                except UsageError as error:
                    where = f" of picture {at + 1}" if len(bases) > 1 else ""
                    notes.append(f"{words}{where}: {error}")
    return out


def _spread(edit: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One edit for each alternative of its listed values."""
    if not isinstance(edit, Mapping):
        return [{"edit": str(edit)}]
    lists = {
        name: value
        for name, value in edit.items()
        if name in _LISTED and isinstance(value, list) and value
    }
    every = islice(product(*lists.values()), MOST_PICTURES)
    return [{**edit, **dict(zip(lists, values, strict=True))} for values in every]


def _edited(lab: Lab, unit: Unit, base: Recipe, steps: Sequence[Mapping[str, Any]]) -> Recipe:
    """The recipe of a picture after some edits."""
    recipe = base
    for step in steps:
        name = step.get("edit")
        if name == "instruct":
            recipe = _instructed(lab, recipe, step)
            continue
        base_picture = picture(lab, recipe)
        hidden = pictures_of(lab).by_pixels and "window" in recipe
        scene = None if hidden else base_picture.scene
        if scene is not None and name in EDIT_NAMES and step.get("region") is None:
            changed = drawable(edit_scene(scene, [dict(step)]))
            recipe = {"scene": changed.model_dump(), **_side(lab, base_picture)}
            continue
        if "which" in step and name in EDIT_NAMES:
            raise UsageError(
                "which names things of a drawn scene; its pixels were changed, or it is a photo: "
                "name a region instead"
            )
        if name not in OPS:
            raise UsageError(
                f"there is no edit '{name}' here; the edits are {', '.join(OPS)}"
                + (f"; of scenes {', '.join(EDIT_NAMES)}" if scene is not None else "")
            )
        if name in _NEED_REGION and step.get("region") is None:
            step = {**step, "region": {"unit": str(unit), **_WIDE}}
        recipe = with_edit(recipe, step)
    recipe = plain(recipe)
    if "edits" in recipe:
        made_rows(lab, [recipe]).seen(0)  # says now what cannot be made
    return recipe


def _side(lab: Lab, of: Picture) -> dict[str, int]:
    """The side at which a scene was drawn, where it is not the one that this target needs."""
    known = of.recipe or {}
    side = int(str(known.get("side", SIDE))) if "scene" in known else side_for(lab.target)
    return {} if side == side_for(lab.target) else {"side": side}


def _instructed(lab: Lab, recipe: Mapping[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    text = step.get("text")
    if not isinstance(text, str) or not text.strip():
        raise UsageError('instruct needs a text, such as "make the sky red"')
    name = step.get("by") or next(iter(lab.backends), "an image model")
    return edited(lab, backend_of(lab, str(name)), picture(lab, recipe).load(), text, recipe)


def _words(edit: Mapping[str, Any]) -> str:
    """`recolour which=cat colour=blue`."""
    parts = [str(edit.get("edit"))]
    parts += [f"{key}={clip(str(value), 60)}" for key, value in edit.items() if key != "edit"]
    return " ".join(parts)


def _lines(table: Sequence[Mapping[str, Any]], shown: Sequence[str], bases: int) -> list[str]:
    """One line an edit: of one picture in full, of several the mean over them."""
    if bases == 1:
        lines = [shown[0]]
        for at, row in enumerate(table):
            change = f"{row['change']:+.3g}"
            if at + 1 < len(shown):
                value, _, rest = shown[at + 1].partition(" ")
                lines.append(f"{value} ({change}) {rest[1:].replace('): ', ': ', 1)}")
            else:
                lines.append(f"{number(row['after'])} ({change}) {row['edit']}")
        return lines
    lines = [f"original {at + 1}: {line}" for at, line in enumerate(shown[:bases])]
    by_edit: dict[str, list[Mapping[str, Any]]] = {}
    for row in table:
        by_edit.setdefault(row["edit"], []).append(row)
    for edit, rows in by_edit.items():
        old, new = (float(np.mean([row[key] for row in rows])) for key in ("before", "after"))
        each = ", ".join(number(row["after"]) for row in rows)
        lines.append(
            f"{edit}: mean {number(old)} to {number(new)} over {len(rows)} pictures (each: {each})"
        )
    return lines
