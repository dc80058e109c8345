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
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydantic import ValidationError

from ..data.image_rows import ImageRows, image_rows
from ..data.pictures import Picture
from ..data.scene_pictures import picture_of, side_for
from ..errors import UsageError
from ..lab import Lab
from ..scenes.drawing import LARGEST
from ..scenes.scene import Scene
from .pixels import apply

Recipe = Mapping[str, Any]


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


def scene_of(given: Any) -> Scene:
    """A scene from JSON, with an error that says what is wrong in one line."""
    if isinstance(given, Scene):
        return given
    try:
        return Scene.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "scene"
        raise UsageError(f"the scene cannot be read: {where}: {first['msg']}") from None


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

    def seen() -> np.ndarray:
        return apply(lab, rows, edits)

    key = hashlib.sha256(f"{base.key} {json.dumps(edits, sort_keys=True)}".encode()).hexdigest()
    return Picture(
        key[:12], key, lambda: Image.fromarray(seen()), None, recipe=dict(recipe), seen=seen
    )


def _file(lab: Lab, recipe: Recipe) -> Picture:
    """A file beside the transcript; only its own name is used, so that it can lie nowhere else."""
    if lab.evidence.folder is None:
        raise UsageError("pictures of an image model are kept in a folder, and this lab has none")
    path = lab.evidence.folder / Path(str(recipe["file"])).name
    known = str(recipe.get("sha256"))

    def load() -> Image.Image:
        from .backends import fingerprint

        try:
            with Image.open(path) as image:
                found = image.convert("RGB")
        except (OSError, Image.DecompressionBombError) as error:
            raise UsageError(f"cannot read {path}: {error}") from error
        if fingerprint(found) != known:
            raise UsageError(f"{path} is not the picture that was recorded")
        return found

    return Picture(known[:12], known, load, None, recipe=dict(recipe))
