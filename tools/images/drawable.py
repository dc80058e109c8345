"""Scenes from JSON, and whether they can be drawn."""

from typing import Any

from pydantic import ValidationError

from ..errors import UsageError
from ..scenes.drawing import render
from ..scenes.scene import Scene


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


def drawable(given: Any) -> Scene:
    """A scene from JSON whose names and colours can be drawn.

    Raises:
        UsageError: if it cannot be read or drawn.
    """
    scene = scene_of(given)
    render(scene, 16)
    return scene
