"""Pictures of scenes, drawn when they are needed, with the recipe to make them again."""

from typing import Any

from ..errors import UsageError
from ..scenes.scene import Scene, digest
from .pictures import ImageCorpus, Picture

SIDE = 224
"""Pixels of a side of drawn pictures."""
_SMALL, _SMALL_SIDE = 112, 128


def side_for(target: Any) -> int:
    """The side at which scenes are drawn for a target: smaller where it sees small pictures."""
    return SIDE if max(target.image.size) > _SMALL else _SMALL_SIDE


def picture_of(
    scene: Scene, *, id: str | None = None, side: int = SIDE, label: str | None = None
) -> Picture:
    """A picture of a scene, whose content is known exactly.

    Args:
        scene: What it shows.
        id: Its name; None: the start of its digest.
        side: In pixels.
        label: A class, where it has one.
    """

    def load() -> Any:
        from ..scenes.drawing import draw

        return draw(scene, side)

    key = digest(scene) if side == SIDE else f"{digest(scene)}@{side}"
    recipe: dict[str, object] = {"scene": scene.model_dump(mode="json")}
    if side != SIDE:
        recipe["side"] = side
    return Picture(id or key[:12], key, load, scene, label, recipe)


def prompted(prompt: str, *, seed: int = 0, side: int = SIDE) -> Picture:
    """A picture of what a prompt describes.

    Raises:
        UsageError: if the prompt is outside the vocabulary of scenes.
    """
    from ..scenes.prompt import scene_of

    return picture_of(scene_of(prompt, seed), side=side)


def scene_corpus(
    number: int, *, seed: int = 0, side: int = SIDE, name: str | None = None, **settings: Any
) -> ImageCorpus:
    """A corpus of so many scenes of the grammar; `settings` are those of `grammar.sample`.

    Raises:
        UsageError: if the number is below one, or the settings are not usable.
    """
    from ..scenes.grammar import scenes

    if number < 1:
        raise UsageError(f"a corpus of scenes has at least one, not {number}")
    result = scenes(number, seed=seed, **settings)
    wide = len(str(number - 1))
    return ImageCorpus(
        name or f"builtin:scenes:{number}",
        [picture_of(scene, id=f"scene{i:0{wide}d}", side=side) for i, scene in enumerate(result)],
    )
