"""What may be so in a picture, decided on its content: a scene graph, or what was read in pixels.

An atom finds the things it is about. It holds where it finds any; `SETTING` stands for the
background. Nothing here knows how descriptions are written or searched for.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ....tools.scenes.scene import Scene, Thing

SETTING = -1
"""The background, where an atom is about it."""


@dataclass(frozen=True)
class Like:
    """Things that are all of this; what is left empty may be anything."""

    names: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    textures: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    but: "Like | None" = None
    """And not like that."""

    def fits(self, thing: Thing) -> bool:
        """Whether one thing is like this."""
        return (
            (not self.names or thing.name in self.names)
            and (not self.colours or thing.colour in self.colours)
            and (not self.textures or thing.texture in self.textures)
            and (not self.sizes or thing.extent in self.sizes)
            and (not self.places or bool(thing.places & set(self.places)))
            and (self.but is None or not self.but.fits(thing))
        )

    def together(self, other: "Like") -> "Like":
        """Things that are like both."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Like(*(own or theirs for own, theirs in pairs))

    @property
    def text(self) -> str:
        """In words: `a red striped cat at the left`."""
        before = [" or ".join(part) for part in (self.sizes, self.colours, self.textures) if part]
        head = " ".join([*before, " or ".join(self.names) or "thing"])
        article = "an" if head[:1] in "aeiou" else "a"
        where = " or ".join(
            "in the middle" if p == "middle" else f"at the {p}" for p in self.places
        )
        but = f", but not {self.but.text}" if self.but is not None else ""
        return " ".join([article, head, *([where] if where else [])]) + but


@dataclass(frozen=True)
class Behind:
    """A background: a setting, or a plain ground in a colour or with a texture."""

    names: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    textures: tuple[str, ...] = ()

    def fits(self, scene: Scene) -> bool:
        """Whether the background of a scene is like this."""
        plain = scene.background == "plain"
        return (
            (not self.names or scene.background in self.names)
            and (not self.colours or (plain and scene.colour in self.colours))
            and (not self.textures or (plain and scene.texture in self.textures))
        )

    @property
    def text(self) -> str:
        """In words: `a plain red background`."""
        parts = [" or ".join(part) for part in (self.colours, self.textures, self.names) if part]
        return f"a {' '.join(parts)} background"


@dataclass(frozen=True)
class Atom:
    """One thing that may be so."""

    find: Callable[[Scene], tuple[int, ...]]
    """The things that it is about, by number; none where it is not so."""

    def __call__(self, scene: Scene) -> bool:
        return bool(self.find(scene))


def some(like: Like) -> Atom:
    """Some thing is like this."""
    return Atom(lambda scene: tuple(at for at, t in enumerate(scene.things) if like.fits(t)))


def before(behind: Behind) -> Atom:
    """The background is like this."""
    return Atom(lambda scene: (SETTING,) if behind.fits(scene) else ())


def count(like: Like, at_least: int, at_most: int | None = None) -> Atom:
    """So many things are like this; where there have to be none, it is about the background."""

    def find(scene: Scene) -> tuple[int, ...]:
        result = tuple(at for at, thing in enumerate(scene.things) if like.fits(thing))
        if len(result) < at_least or (at_most is not None and len(result) > at_most):
            return ()
        return result or (SETTING,)

    return Atom(find)
