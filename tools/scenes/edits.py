"""Exact edits of scenes: one attribute, thing or background is changed, the rest stays as it is.

    {"edit": "recolour", "which": "the red cat", "colour": "blue"}
    {"edit": "background", "background": "sea"}     {"edit": "remove", "which": 0}

`which` is the number of a thing (from 0, back to front) or a phrase for one or several of them. An
edited scene is drawn anew, so that everything that was not changed keeps its pixels.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from ..errors import UsageError, nearest
from .backgrounds import BACKGROUNDS
from .english import phrase
from .grammar import place, visible
from .layout import SPANS, Placement, arrange
from .palette import COLOURS, rgb
from .prompt import groups_of, scene_of, wanted
from .scene import Place, Scene, Size, Texture, Thing
from .things import drawing_of

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Step = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


class SceneEdit(BaseModel, frozen=True, extra="forbid"):
    """One change of a scene."""

    def apply(self, scene: Scene) -> Scene:
        """The scene with the change made.

        Raises:
            UsageError: if it cannot be made in this scene.
        """
        raise NotImplementedError


class _OfThings(SceneEdit, frozen=True):
    which: int | str = "all"
    """A number, or a phrase: `cat`, `the red things at the left`, `all`."""

    def apply(self, scene: Scene) -> Scene:
        chosen = chosen_things(scene, self.which)
        things = list(scene.things)
        for at in chosen:
            things[at] = self.changed(scene, at)
        return scene.model_copy(update={"things": tuple(things)})

    def changed(self, scene: Scene, at: int) -> Thing:
        """One of the chosen things, changed."""
        raise NotImplementedError


class Recolour(_OfThings, frozen=True):
    """Another colour."""

    edit: Literal["recolour"] = "recolour"
    colour: str

    def changed(self, scene: Scene, at: int) -> Thing:
        rgb(self.colour)
        return scene.things[at].model_copy(update={"colour": self.colour})


class Retexture(_OfThings, frozen=True):
    """Another texture."""

    edit: Literal["retexture"] = "retexture"
    texture: Texture

    def changed(self, scene: Scene, at: int) -> Thing:
        return scene.things[at].model_copy(update={"texture": self.texture})


class Resize(_OfThings, frozen=True):
    """Another size, in words, as a share of the side, or `by` a factor."""

    edit: Literal["resize"] = "resize"
    size: Size | Annotated[float, Field(ge=0.05, le=1, allow_inf_nan=False)] | None = None
    by: Annotated[float, Field(gt=0, le=20, allow_inf_nan=False)] | None = None

    def changed(self, scene: Scene, at: int) -> Thing:
        thing = scene.things[at]
        if (self.size is None) == (self.by is None):
            raise UsageError("resize takes either a size or a factor 'by'")
        if self.by is not None:
            size = min(1.0, max(0.05, thing.size * self.by))
        elif isinstance(self.size, str):
            size = thing.size if thing.extent == self.size else sum(SPANS[self.size]) / 2
        else:
            size = float(self.size or 0)
        return thing.model_copy(update={"size": round(size, 4)})


class Replace(_OfThings, frozen=True):
    """Another thing in its place, of the same colour, texture and size."""

    edit: Literal["replace"] = "replace"
    name: str

    def changed(self, scene: Scene, at: int) -> Thing:
        drawing_of(self.name)
        return scene.things[at].model_copy(update={"name": self.name})


class Move(_OfThings, frozen=True):
    """Elsewhere: to shares of the side, to named places, or `by` steps to the right and down."""

    edit: Literal["move"] = "move"
    x: Share | None = None
    y: Share | None = None
    to: tuple[Place, ...] = ()
    by: tuple[Step, Step] | None = None

    def changed(self, scene: Scene, at: int) -> Thing:
        thing = scene.things[at]
        if sum((self.x is not None or self.y is not None, bool(self.to), self.by is not None)) != 1:
            raise UsageError("move takes either x and y, or 'to' (places), or 'by' (steps)")
        if self.to:
            others = [
                Placement(other, fixed=True) for i, other in enumerate(scene.things) if i != at
            ]
            placements = [*others, Placement(thing, frozenset(self.to))]
            layout = arrange(np.random.default_rng([at, len(placements)]), placements)
            if layout.broken:
                raise UsageError(f"a {thing.name} cannot be at the {' and '.join(self.to)}")
            return layout.things[-1]
        x, y = thing.x, thing.y
        if self.by is not None:
            x, y = min(1.0, max(0.0, x + self.by[0])), min(1.0, max(0.0, y + self.by[1]))
        x, y = self.x if self.x is not None else x, self.y if self.y is not None else y
        return thing.model_copy(update={"x": round(x, 4), "y": round(y, 4)})


class Remove(_OfThings, frozen=True):
    """Without these things."""

    edit: Literal["remove"] = "remove"

    def apply(self, scene: Scene) -> Scene:
        gone = set(chosen_things(scene, self.which))
        left = tuple(thing for i, thing in enumerate(scene.things) if i not in gone)
        return scene.model_copy(update={"things": left})


class Keep(_OfThings, frozen=True):
    """With these things only."""

    edit: Literal["keep"] = "keep"

    def apply(self, scene: Scene) -> Scene:
        kept = tuple(scene.things[at] for at in chosen_things(scene, self.which))
        return scene.model_copy(update={"things": kept})


class Reorder(_OfThings, frozen=True):
    """These things in front of all others, or behind them."""

    edit: Literal["reorder"] = "reorder"
    to: Literal["front", "back"]

    def apply(self, scene: Scene) -> Scene:
        chosen = chosen_things(scene, self.which)
        moved = [scene.things[at] for at in chosen]
        rest = [thing for at, thing in enumerate(scene.things) if at not in chosen]
        things = [*rest, *moved] if self.to == "front" else [*moved, *rest]
        return scene.model_copy(update={"things": tuple(things)})


class Add(SceneEdit, frozen=True):
    """One more thing in front; without x and y it is put where it hides little."""

    edit: Literal["add"] = "add"
    thing: dict[str, Any] | str
    """A thing's fields, or a phrase for one: `a small red cat at the left`."""
    seed: int = 0
    """Draws what is left open."""

    def apply(self, scene: Scene) -> Scene:
        if len(scene.things) >= 24:
            raise UsageError("a scene holds at most 24 things; remove one first")
        if isinstance(self.thing, str):
            return scene.model_copy(update={"things": (*scene.things, self._phrased(scene))})
        rng = np.random.default_rng(abs(self.seed))
        plain = scene.background == "plain"
        shown = [c for c in COLOURS if not plain or visible(c, scene.colour)]
        fields = {"colour": shown[int(rng.integers(len(shown)))], **self.thing}
        try:
            if {"x", "y", "size"} <= fields.keys():
                thing = Thing.model_validate(fields)
            else:
                thing = place(rng, fields, scene.things, size=(0.2, 0.34))
        except ValidationError as error:
            raise UsageError(f"the thing to add cannot be read: {_first(error)}") from None
        drawing_of(thing.name)
        rgb(thing.colour)
        return scene.model_copy(update={"things": (*scene.things, thing)})

    def _phrased(self, scene: Scene) -> Thing:
        text = str(self.thing)
        like = wanted(text)
        drawn = scene_of(text, self.seed).things
        if len(drawn) != 1:
            raise UsageError(f"add takes one thing at a time, and '{text[:60]}' is {len(drawn)}")
        rng = np.random.default_rng([abs(self.seed), 1])
        placements = [
            *(Placement(thing, fixed=True) for thing in scene.things),
            Placement(drawn[0], like.places),
        ]
        return arrange(rng, placements).things[-1]


class ChangeBackground(SceneEdit, frozen=True):
    """Another background behind the same things."""

    edit: Literal["background"] = "background"
    background: str | None = None
    """`plain` or a setting; None: plain where a colour or texture is given."""
    colour: str | None = None
    """Of a plain one; None: as it was, or white."""
    texture: Texture | None = None
    """Of a plain one; None: as it was."""
    seed: int | None = None
    """Of a setting; None: as it was."""

    def apply(self, scene: Scene) -> Scene:
        styled = self.colour is not None or self.texture is not None
        name = self.background or ("plain" if styled else None)
        if name is None and self.seed is None:
            raise UsageError("background takes a background, a colour, a texture or a seed")
        name = name or scene.background
        if name not in BACKGROUNDS:
            raise UsageError(f"no background '{name}'; nearest: {nearest(name, BACKGROUNDS)}")
        if name != "plain" and styled:
            raise UsageError(f"a {name} has no colour or texture to choose; leave them out")
        was = scene if scene.background == "plain" else Scene()
        if self.colour is not None:
            rgb(self.colour)
        return scene.model_copy(
            update={
                "background": name,
                "colour": self.colour or was.colour if name == "plain" else "white",
                "texture": self.texture or was.texture if name == "plain" else "plain",
                "seed": scene.seed if self.seed is None else self.seed,
            }
        )


class Swap(SceneEdit, frozen=True):
    """Two things with one attribute changed over."""

    edit: Literal["swap"] = "swap"
    what: Literal["colour", "texture", "size", "place", "name"]
    first: int | str
    second: int | str

    def apply(self, scene: Scene) -> Scene:
        one, other = (self._single(scene, which) for which in (self.first, self.second))
        if one == other:
            raise UsageError("swap needs two different things")
        fields = ("x", "y") if self.what == "place" else (self.what,)
        things = list(scene.things)
        for at, source in ((one, scene.things[other]), (other, scene.things[one])):
            update = {field: getattr(source, field) for field in fields}
            things[at] = things[at].model_copy(update=update)
        return scene.model_copy(update={"things": tuple(things)})

    def _single(self, scene: Scene, which: int | str) -> int:
        result = chosen_things(scene, which)
        if len(result) > 1:
            raise UsageError(f"swap needs one thing for '{which}', and {len(result)} are so")
        return result[0]


Edit = Annotated[
    Recolour
    | Retexture
    | Resize
    | Replace
    | Move
    | Remove
    | Keep
    | Reorder
    | Add
    | ChangeBackground
    | Swap,
    Field(discriminator="edit"),
]
"""Any of the edits; as JSON, `edit` says which."""
EDITS: tuple[type[SceneEdit], ...] = get_args(get_args(Edit)[0])
EDIT_NAMES: tuple[str, ...] = tuple(str(kind.model_fields["edit"].default) for kind in EDITS)
_ADAPTER: TypeAdapter[SceneEdit] = TypeAdapter(Edit)


def read_edit(given: Any) -> SceneEdit:
    """An edit from JSON.

    Raises:
        UsageError: if it cannot be read; one line.
    """
    if isinstance(given, SceneEdit):
        return given
    if not isinstance(given, Mapping) or not isinstance(given.get("edit"), str):
        raise UsageError(f'an edit is {{"edit": NAME, ...}}, with one of {", ".join(EDIT_NAMES)}')
    if given["edit"] not in EDIT_NAMES:
        close = nearest(given["edit"], EDIT_NAMES)
        raise UsageError(f"no edit '{given['edit'][:40]}'; nearest: {close}")
    try:
        return _ADAPTER.validate_python(dict(given))
    except ValidationError as error:
        raise UsageError(f"the edit {given['edit']} cannot be read: {_first(error)}") from None


def apply(scene: Scene, edits: Any) -> Scene:
    """A scene after one edit or several in order, given as edits or as their JSON.

    Raises:
        UsageError: if one cannot be read, or not be made in this scene.
    """
    if isinstance(edits, SceneEdit | Mapping):
        edits = [edits]
    if not isinstance(edits, Sequence) or isinstance(edits, str):
        raise UsageError('edits are a list such as [{"edit": "remove", "which": "cat"}]')
    for edit in edits:
        scene = read_edit(edit).apply(scene)
    return scene


def chosen_things(scene: Scene, which: int | str) -> Sequence[int]:
    """The numbers of the things that are meant, at least one.

    Raises:
        UsageError: if there are none.
    """
    if isinstance(which, int):
        if not 0 <= which < len(scene.things):
            n = len(scene.things)
            raise UsageError(f"the scene has {n} things, numbered from 0; there is no {which}")
        return [which]
    result = range(len(scene.things)) if which.strip() == "all" else groups_of(scene, which)
    if not result:
        there = "; ".join(phrase(thing) for thing in scene.things) or "nothing"
        raise UsageError(f"there is no '{which[:60]}' in this scene; it shows {there}")
    return result


def _first(error: ValidationError) -> str:
    """What is wrong, in a line."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(step) for step in first["loc"][1:] or first["loc"])
    return f"{where}: {first['msg']}"[:200]
