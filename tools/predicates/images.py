"""Image atoms: what a picture shows, as things with attributes, their number, place and setting.

An atom is decided on a scene, exactly. Where the scene of a picture is not known, the rows' reader
decides from pixels (see `view_images.py`). A value is one number a picture: `[image, 1]`.
"""

from collections.abc import Collection
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from ..data.image_rows import ImageRows
from ..english.inflection import with_article
from ..errors import UsageError, nearest
from ..scenes.scene import Place, Relation, Scene, Size, Thing, related
from .core import Predicate, joined, listed
from .view import View
from .view_images import ImageView


class ImageAtom(Predicate, frozen=True):
    """What one picture shows."""

    def holds(self, scene: Scene) -> bool:
        """Whether it is so in this scene."""
        raise NotImplementedError(self.kind)

    def values(self, view: View | ImageView) -> np.ndarray:
        if not isinstance(view, ImageView):
            raise UsageError(f"'{self.kind}' reads pictures, and this is text")
        return view.degrees(self)

    def tail(self) -> str:
        return f"with {self.noun()}"


class OfPixels(ImageAtom, frozen=True):
    """An atom that no scene decides."""

    def holds(self, scene: Scene) -> bool:
        raise UsageError(f"'{self.kind}' is read from pixels, not from a scene")

    def degrees(self, rows: ImageRows) -> np.ndarray:
        """float32 `[image]` in 0..1."""
        raise NotImplementedError(self.kind)

    def values(self, view: View | ImageView) -> np.ndarray:
        if not isinstance(view, ImageView):
            return super().values(view)
        return self.degrees(view.rows)[:, None].astype(np.float32)


def check_measure(asked: Any, measures: Collection[str], none: str) -> None:
    """Refuses a `measure` that there is not (`none` begins the message), and `low` at `high`."""
    if asked.measure not in measures:
        raise ValueError(f"{none} '{asked.measure}'; {nearest(asked.measure, measures)}")
    if asked.low == asked.high:
        raise ValueError("low and high are equal: give the measure at degree 0 and at degree 1")


class ThingAtom(ImageAtom, frozen=True):
    """Pictures with some thing that is like this."""

    def fits(self, thing: Thing) -> bool:
        """Whether one thing is like this."""
        raise NotImplementedError(self.kind)

    def holds(self, scene: Scene) -> bool:
        return any(self.fits(thing) for thing in scene.things)

    def adjective(self) -> str:
        """As it stands before a noun: `red`, `small`; empty for what is a noun itself."""
        return ""

    def noun(self) -> str:
        return f"something {self.adjective()}"


class _OneOf(ThingAtom, frozen=True):
    """A thing with one of the values of a list."""

    listed: ClassVar[str]
    """The field with the values."""
    attribute: ClassVar[str]
    """Of a thing."""

    @property
    def options(self) -> tuple[str, ...]:
        """The values."""
        return getattr(self, self.listed)

    def fits(self, thing: Thing) -> bool:
        return getattr(thing, self.attribute) in self.options

    def adjective(self) -> str:
        return " or ".join(self.options)


class Object(_OneOf, frozen=True):
    """A thing of one of these names: `cat`, `circle`."""

    kind: Literal["object"] = "object"
    names: tuple[str, ...] = Field(min_length=1)
    name: str | None = None
    """What they have in common: `animals`."""
    listed: ClassVar[str] = "names"
    attribute: ClassVar[str] = "name"

    def adjective(self) -> str:
        return ""

    def noun(self) -> str:
        return self.name or " or ".join(with_article(name) for name in self.names)


class Colour(_OneOf, frozen=True):
    """A thing of one of these colours."""

    kind: Literal["colour"] = "colour"
    colours: tuple[str, ...] = Field(min_length=1)
    listed: ClassVar[str] = "colours"
    attribute: ClassVar[str] = "colour"


class Textured(_OneOf, frozen=True):
    """A thing with one of these textures: `plain`, `striped`, `dotted`, `checked`."""

    kind: Literal["texture"] = "texture"
    textures: tuple[str, ...] = Field(min_length=1)
    listed: ClassVar[str] = "textures"
    attribute: ClassVar[str] = "texture"


class Sized(_OneOf, frozen=True):
    """A thing that is `small`, `medium` or `large`."""

    kind: Literal["size"] = "size"
    sizes: tuple[Size, ...] = Field(min_length=1)
    listed: ClassVar[str] = "sizes"
    attribute: ClassVar[str] = "extent"


class Placed(_OneOf, frozen=True):
    """A thing at the `left`, `right`, `top`, `bottom` or in the `middle`."""

    kind: Literal["place"] = "place"
    places: tuple[Place, ...] = Field(min_length=1)
    listed: ClassVar[str] = "places"

    def fits(self, thing: Thing) -> bool:
        return bool(thing.places & set(self.places))

    def adjective(self) -> str:
        return ""

    def noun(self) -> str:
        return f"something {self.where()}"

    def where(self) -> str:
        """`at the left or top`."""
        return " or ".join("in the middle" if p == "middle" else f"at the {p}" for p in self.places)


class OneThing(ThingAtom, frozen=True):
    """One thing that is all of this at once: a red striped cat at the left."""

    kind: Literal["thing"] = "thing"
    of: "tuple[Object | Colour | Textured | Sized | Placed, ...]" = Field(min_length=1)

    def fits(self, thing: Thing) -> bool:
        return all(part.fits(thing) for part in self.of)

    def noun(self) -> str:
        before = [part.adjective() for part in self.of if part.adjective()]
        nouns = [part for part in self.of if isinstance(part, Object)]
        where = [part.where() for part in self.of if isinstance(part, Placed)]
        if not nouns:
            head = f"something {' '.join(before)}".strip()
        elif nouns[0].name:
            head = " ".join([*before, nouns[0].name])
        else:
            head = " or ".join(with_article(" ".join([*before, name])) for name in nouns[0].names)
        return " ".join([head, *where])

    @cached_property
    def complexity(self) -> float:
        return joined(self.of)


class Number(ImageAtom, frozen=True):
    """So many things like `of`; of any kind where it is left out."""

    kind: Literal["number"] = "number"
    of: "Object | Colour | Textured | Sized | Placed | OneThing | None" = None
    at_least: int = Field(default=1, ge=0)
    at_most: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> "Number":
        if self.at_most is not None and self.at_most < self.at_least:
            raise ValueError(f"at_most {self.at_most} is below at_least {self.at_least}")
        return self

    def holds(self, scene: Scene) -> bool:
        n = sum(self.of is None or self.of.fits(thing) for thing in scene.things)
        return n >= self.at_least and (self.at_most is None or n <= self.at_most)

    def noun(self) -> str:
        what = "things" if self.of is None else f"of {self.of.noun()}"
        if self.at_most is None:
            return f"{self.at_least} or more {what}"
        if self.at_most == self.at_least:
            return f"exactly {self.at_least} {what}"
        return f"{self.at_least} to {self.at_most} {what}"

    @cached_property
    def complexity(self) -> float:
        return 1.0 + (0.0 if self.of is None else self.of.complexity)


class Background(ImageAtom, frozen=True):
    """The setting behind the things, by name, colour or texture."""

    kind: Literal["background"] = "background"
    names: tuple[str, ...] = ()
    """`meadow`, `sea`."""
    colours: tuple[str, ...] = ()
    """Of a plain background."""
    textures: tuple[str, ...] = ()
    """Of a plain background."""

    @model_validator(mode="after")
    def _some(self) -> "Background":
        if not (self.names or self.colours or self.textures):
            raise ValueError("a background needs names, colours or textures")
        return self

    def holds(self, scene: Scene) -> bool:
        plain = scene.background == "plain"
        return (
            (not self.names or scene.background in self.names)
            and (not self.colours or (plain and scene.colour in self.colours))
            and (not self.textures or (plain and scene.texture in self.textures))
        )

    def noun(self) -> str:
        parts = [" or ".join(p) for p in (self.colours, self.textures, self.names) if p]
        return f"a {' '.join(parts)} background"

    @cached_property
    def complexity(self) -> float:
        return sum(listed(len(p)) for p in (self.names, self.colours, self.textures) if p)


class Related(ImageAtom, frozen=True):
    """One thing left of, right of, above, below or overlapping another."""

    kind: Literal["relation"] = "relation"
    first: "Object | Colour | Textured | Sized | Placed | OneThing"
    relation: Relation
    second: "Object | Colour | Textured | Sized | Placed | OneThing"
    weight: ClassVar[float] = 0.5

    def holds(self, scene: Scene) -> bool:
        firsts = [thing for thing in scene.things if self.first.fits(thing)]
        seconds = [thing for thing in scene.things if self.second.fits(thing)]
        return any(
            one is not other and related(one, self.relation, other)
            for one in firsts
            for other in seconds
        )

    def noun(self) -> str:
        return f"{self.first.noun()} {self.relation} {self.second.noun()}"

    @cached_property
    def complexity(self) -> float:
        return self.weight + self.first.complexity + self.second.complexity
