"""Recipes: how a picture was made, as JSON, from which it is made again.

    {"window": 17}                           a picture of explore
    {"scene": {...}}                         a drawn scene
    {"of": RECIPE, "edits": [EDIT, ...]}     that picture as the target sees it, its pixels changed
    {"file": "5f0c.png", "sha256": ..., "by": ..., ...}    made by an image model, kept as a file

A drawn scene goes the way that every picture takes into the target (resized, cut); pixels are
changed behind that, so that what was not changed stays the same to the last bit.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from ..data.image_rows import ImageRows, image_rows
from ..data.pictures import Picture
from ..data.scene_pictures import picture_of, side_for
from ..errors import UsageError
from ..evidence import plain
from ..lab import Lab
from ..scenes.drawing import LARGEST, drawable, scene_of
from ..scenes.prompt import scene_of as scene_of_prompt
from .kept import folder_of, opened
from .pixels import apply

Recipe = Mapping[str, Any]
Given = int | str | dict[str, Any]
"""How a planner names a picture: a row of explore, a prompt, a scene or a recipe."""
_DEEPEST = 24


def picture(lab: Lab, recipe: Recipe) -> Picture:
    """The picture that a recipe makes; nothing is drawn before it is looked at.

    Raises:
        UsageError: if it is no recipe, or what it names is not there.
    """
    kinds = [name for name in ("window", "scene", "of", "file") if name in recipe]
    if len(kinds) != 1:
        raise UsageError(
            'a picture is {"window": 17}, {"scene": {...}} or {"of": PICTURE, "edits": [...]}'
        )
    return {"window": _window, "scene": _scene, "of": _edited, "file": _file}[kinds[0]](lab, recipe)


def made_rows(lab: Lab, recipes: Sequence[Recipe]) -> ImageRows:
    """One row a recipe, read as explore is."""
    explore = pictures_of(lab)
    made = [picture(lab, recipe) for recipe in recipes]
    rows = image_rows(lab.target, made, reader=explore.reader)
    return replace(rows, by_pixels=explore.by_pixels)


def pictures_of(lab: Lab) -> ImageRows:
    """The pictures of explore."""
    assert isinstance(lab.explore, ImageRows), "the tools on pictures need a target that takes them"
    return lab.explore


def recipe_of(lab: Lab, given: Given) -> Recipe:
    """The recipe of a picture that a planner names.

    Raises:
        UsageError: if there is no such picture.
    """
    if isinstance(given, str) and given.strip().isdecimal():
        given = int(given)
    if isinstance(given, str):
        return {"scene": scene_of_prompt(given).model_dump()}
    if isinstance(given, int):
        given = {"window": given}
    if "things" in given or "background" in given:
        given = {"scene": given}
    if "scene" in given:
        given = {**given, "scene": drawable(given["scene"]).model_dump()}
    if _depth(given) > _DEEPEST:
        raise UsageError(f"a picture made of pictures is nested deeper than {_DEEPEST}")
    picture(lab, given)
    return plain(given)


def with_edit(recipe: Recipe, edit: Mapping[str, Any]) -> Recipe:
    """The recipe of a picture with one more change of its pixels."""
    base = recipe if "edits" in recipe else {"of": recipe, "edits": []}
    return {**base, "edits": [*base["edits"], dict(edit)]}


def _depth(value: Any, depth: int = 0) -> int:
    """How deep JSON is nested, as far as it matters."""
    if depth > _DEEPEST or not isinstance(value, (Mapping, list)):
        return depth
    inner = value.values() if isinstance(value, Mapping) else value
    return max((_depth(item, depth + 1) for item in inner), default=depth)


def _window(lab: Lab, recipe: Recipe) -> Picture:
    explore = pictures_of(lab)
    number = recipe["window"]
    if not isinstance(number, int) or not 0 <= number < len(explore):
        raise UsageError(f"there is no picture {number}; explore has 0 to {len(explore) - 1}")
    return explore.pictures[number]


def _scene(lab: Lab, recipe: Recipe) -> Picture:
    side = recipe.get("side", side_for(lab.target))
    if not isinstance(side, int) or not 8 <= side <= LARGEST:
        raise UsageError(f"the side of a picture is 8 to {LARGEST} pixels, not {side!r}"[:120])
    return picture_of(scene_of(recipe["scene"]), side=side)


def _edited(lab: Lab, recipe: Recipe) -> Picture:
    base, edits = picture(lab, recipe["of"]), recipe.get("edits")
    if not isinstance(edits, Sequence) or not edits or isinstance(edits, str):
        raise UsageError("an edited picture needs edits: a list of one or more")
    rows = image_rows(lab.target, [base])

    def other(recipe: Recipe) -> np.ndarray:
        return made_rows(lab, [recipe]).seen(0)

    def seen() -> np.ndarray:
        return apply(lab, rows, edits, other)

    key = hashlib.sha256(f"{base.key} {json.dumps(edits, sort_keys=True)}".encode()).hexdigest()
    return Picture(
        key[:12], key, lambda: Image.fromarray(seen()), None, recipe=dict(recipe), seen=seen
    )


def _file(lab: Lab, recipe: Recipe) -> Picture:
    """A file beside the transcript."""
    folder, known = folder_of(lab), str(recipe.get("sha256"))

    def load() -> Image.Image:
        return opened(folder, str(recipe["file"]), known)

    return Picture(known[:12], known, load, None, recipe=dict(recipe))
